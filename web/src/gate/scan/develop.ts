import type { Cut, Picture } from './frame.ts'

/** Gives the pixels of a part of a picture. They are good until the next are asked for. */
export type Develop = (picture: Picture, part: Cut) => Promise<ImageData>

/** Develops pictures in a worker. */
export class Darkroom {
  private readonly canvas = new OffscreenCanvas(1, 1)
  private buffer = new Uint8ClampedArray()

  readonly develop: Develop = async (picture, part) =>
    ('copyTo' in picture ? await this.copy(picture, part) : undefined) ?? this.draw(picture, part)

  /*
   * By way of a canvas without a graphics card, Chromium keeps half a gigabyte of
   * pictures that it has drawn. Not every browser converts as it copies, and none
   * scales or turns.
   */
  private async copy(frame: VideoFrame, { x, y, width, height, toWidth, toHeight }: Cut): Promise<ImageData | undefined> {
    if (width !== toWidth || height !== toHeight) return undefined
    const options = { rect: { x, y, width, height }, format: 'RGBA' } as VideoFrameCopyToOptions
    const size = 4 * width * height
    if (this.buffer.length !== size) this.buffer = new Uint8ClampedArray(size)
    try {
      const [plane] = await frame.copyTo(this.buffer, options)
      if (plane?.stride !== 4 * width) return undefined // it did not convert
    } catch {
      return undefined
    }
    return new ImageData(this.buffer, width, height)
  }

  private draw(picture: Picture, { x, y, width, height, toWidth, toHeight }: Cut): ImageData {
    const { canvas } = this
    if (canvas.width !== toWidth || canvas.height !== toHeight) Object.assign(canvas, { width: toWidth, height: toHeight })
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('no canvas')
    // What a picture leaves transparent is paper.
    context.fillStyle = '#fff'
    context.fillRect(0, 0, toWidth, toHeight)
    context.imageSmoothingQuality = 'high'
    context.drawImage(picture, x, y, width, height, 0, 0, toWidth, toHeight)
    return context.getImageData(0, 0, toWidth, toHeight)
  }
}
