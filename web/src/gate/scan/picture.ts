import { maxSide, scaled, whole, type Cut } from './frame.ts'
import { createReader, type Reader } from './reader.ts'
import type { Scan, ScanTrouble } from './scan.ts'

/** Bytes of a picture's file. Phones' are seldom half as large. */
export const maxBytes = 32 << 20

/** Pixels of a picture; unpacked it takes four bytes for each. Phones' have 12 to 50 million. */
export const maxPixels = 64_000_000

/** Pixels of a picture's longer side, in the order of the attempts: a code photographed off a screen is clearer from afar. */
const sides = [2 * maxSide, maxSide, maxSide / 2, maxSide / 4] as const

/**
 * Reads a code off a picture file of any kind that the browser shows. It fails with
 * ReaderError if this browser can't read codes.
 */
export async function readPicture(file: Blob, read: () => Promise<Reader> = createReader): Promise<Scan | ScanTrouble> {
  const picture = await open(file)
  if (!picture) return 'picture_unreadable'
  const reader = await read()
  try {
    for (const { toWidth, toHeight } of attempts(picture.naturalWidth, picture.naturalHeight)) {
      const options = { resizeWidth: toWidth, resizeHeight: toHeight, resizeQuality: 'high' } as const
      const bitmap = await createImageBitmap(picture, options).catch(() => undefined)
      if (!bitmap) return 'picture_unreadable' // damaged beyond its first bytes
      const finding = await reader.read(bitmap, whole(toWidth, toHeight), 'full')
      if (finding.kind === 'code') return { text: finding.text, source: 'picture' }
    }
    return 'picture_without_code'
  } finally {
    reader.close()
  }
}

/** The sizes in which a picture is looked at, each once. Codes in it are read at any angle. */
export const attempts = (width: number, height: number): Cut[] =>
  sides.filter((side, i) => i === 0 || side < Math.max(width, height)).map((side) => scaled(whole(width, height), side))

/*
 * An <img> tells the size of a picture before it is unpacked; createImageBitmap
 * would unpack the file first, and a small file can hold a huge picture.
 */
async function open(file: Blob): Promise<HTMLImageElement | undefined> {
  // A drawing is a program to draw one.
  if (file.size > maxBytes || file.type.startsWith('image/svg')) return undefined
  const address = URL.createObjectURL(file)
  try {
    const picture = await load(address)
    const pixels = picture.naturalWidth * picture.naturalHeight
    return pixels > 0 && pixels <= maxPixels ? picture : undefined
  } catch {
    return undefined
  } finally {
    URL.revokeObjectURL(address)
  }
}

const load = (address: string) =>
  new Promise<HTMLImageElement>((resolve, reject) => {
    const picture = new Image()
    picture.onload = () => resolve(picture)
    picture.onerror = reject
    picture.src = address
  })
