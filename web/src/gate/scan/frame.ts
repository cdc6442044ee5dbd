/** Pixels of a picture's longer side; what has more is read smaller. */
export const maxSide = 1920

/** A part of a picture and the size in which it is read, in pixels. */
export interface Cut {
  x: number
  y: number
  width: number
  height: number
  toWidth: number
  toHeight: number
}

/** All of a picture, as it is. */
export const whole = (width: number, height: number): Cut => ({ x: 0, y: 0, width, height, toWidth: width, toHeight: height })

/** One look of so many takes the whole picture, for codes at its edges. */
const wholeEvery = 3

/**
 * What the look of this number takes of a camera's picture: most take the square in
 * the middle, where people hold their phones. It has half of the pixels and all of
 * the resolution, which decides how far away a code can be.
 */
export function cut(width: number, height: number, look: number): Cut {
  if (look % wholeEvery === wholeEvery - 1) return scaled(whole(width, height))
  const side = Math.min(width, height)
  return scaled({ ...whole(side, side), x: middle(width, side), y: middle(height, side) })
}

/** Where the middle begins: at an even pixel, since cameras share colours among pairs. */
const middle = (whole: number, part: number) => ((whole - part) >> 2) << 1

/** A part in the size in which its longer side has no more pixels than that. */
export function scaled(part: Cut, side = maxSide): Cut {
  const scale = Math.min(1, side / Math.max(part.width, part.height))
  const length = (whole: number) => Math.max(1, Math.round(whole * scale))
  return { ...part, toWidth: length(part.width), toHeight: length(part.height) }
}

/** A picture that can be handed to a worker. */
export type Picture = ImageBitmap | VideoFrame

/**
 * Takes a video's picture; nothing while it has none. A VideoFrame costs the page
 * next to nothing, where a bitmap is a copy; not every browser has the former.
 */
export async function take(video: HTMLVideoElement): Promise<Picture | undefined> {
  try {
    if ('VideoFrame' in globalThis) return new VideoFrame(video)
  } catch {
    // Perhaps it has one as a bitmap.
  }
  return createImageBitmap(video).catch(() => undefined)
}
