import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Effort, Finding } from './finding.ts'
import type { Cut, Picture } from './frame.ts'
import { attempts, maxBytes, maxPixels, readPicture } from './picture.ts'

/** What the browser finds in a file: a picture of this size, or none. */
let size: { width: number; height: number } | undefined

beforeEach(() => {
  vi.stubGlobal(
    'Image',
    class {
      naturalWidth = size?.width ?? 0
      naturalHeight = size?.height ?? 0
      onload = () => undefined
      onerror = () => undefined
      set src(_: string) {
        queueMicrotask(size ? this.onload : this.onerror)
      }
    },
  )
  vi.stubGlobal('createImageBitmap', async (_: unknown, options: object) => options)
})

afterEach(() => vi.unstubAllGlobals())

/** Reads a file; the reader finds something at the attempt of this number. */
async function read(file: Blob, found = Infinity) {
  const looks: [Picture, Cut, Effort][] = []
  let closed = 0
  const outcome = await readPicture(file, async () => ({
    read: async (...look): Promise<Finding> => {
      looks.push(look)
      return looks.length === found ? { kind: 'code', text: 'a' } : { kind: 'torn' }
    },
    close: () => void closed++,
  }))
  return { outcome, looks, closed }
}

const file = (bytes: number, type = 'image/png') => new Blob([new Uint8Array(bytes)], { type })

describe('reads', () => {
  test('a code, as hard as it can', async () => {
    size = { width: 800, height: 600 }
    const { outcome, looks, closed } = await read(file(1), 1)
    expect(outcome).toEqual({ text: 'a', source: 'picture' })
    expect(looks.map(([, part, effort]) => [part.width, part.height, effort])).toEqual([[800, 600, 'full']])
    expect(closed).toBe(1)
  })

  test('one that is clearer when it is smaller', async () => {
    size = { width: 4000, height: 3000 }
    const { outcome, looks } = await read(file(1), 2)
    expect(outcome).toEqual({ text: 'a', source: 'picture' })
    expect(looks.map(([picture]) => picture)).toMatchObject([{ resizeWidth: 3840 }, { resizeWidth: 1920 }])
  })

  test('none where there is none', async () => {
    size = { width: 4000, height: 3000 }
    expect(await read(file(1))).toMatchObject({ outcome: 'picture_without_code', closed: 1 })
  })
})

describe('refuses', () => {
  test('what is no picture', async () => {
    size = undefined
    expect((await read(file(1))).outcome).toBe('picture_unreadable')
  })

  test('a drawing', async () => {
    size = { width: 1, height: 1 }
    expect((await read(file(1, 'image/svg+xml'))).outcome).toBe('picture_unreadable')
  })

  test('a file beyond the limit', async () => {
    size = { width: 1, height: 1 }
    expect((await read(file(maxBytes))).outcome).toBe('picture_without_code')
    expect((await read(file(maxBytes + 1))).outcome).toBe('picture_unreadable')
  })

  test('a picture beyond the limit, before it is unpacked', async () => {
    const unpack = vi.fn(async () => ({}))
    vi.stubGlobal('createImageBitmap', unpack)
    size = { width: maxPixels + 1, height: 1 }
    expect((await read(file(1))).outcome).toBe('picture_unreadable')
    expect(unpack).not.toHaveBeenCalled()
    size = { width: 8_000, height: maxPixels / 8_000 }
    expect((await read(file(1))).outcome).toBe('picture_without_code')
  })

  test('one that is damaged within', async () => {
    size = { width: 800, height: 600 }
    vi.stubGlobal('createImageBitmap', () => Promise.reject(new DOMException('', 'InvalidStateError')))
    expect(await read(file(1))).toMatchObject({ outcome: 'picture_unreadable', looks: [], closed: 1 })
  })
})

test.each([
  [100, 50, [[100, 50]]],
  [960, 720, [[960, 720], [480, 360]]],
  [8160, 6120, [[3840, 2880], [1920, 1440], [960, 720], [480, 360]]],
])('a picture of %d by %d is looked at in each size once', (width, height, sizes) => {
  expect(attempts(width, height).map(({ toWidth, toHeight }) => [toWidth, toHeight])).toEqual(sizes)
})
