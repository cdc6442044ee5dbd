import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Darkroom } from './develop.ts'
import { scaled, whole, type Picture } from './frame.ts'

const drawn: number[][] = []

beforeEach(() => {
  drawn.length = 0
  vi.stubGlobal(
    'ImageData',
    class {
      readonly by = 'copy'
      constructor(readonly data: Uint8ClampedArray) {}
    },
  )
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = () => ({
        fillRect: () => undefined,
        drawImage: (_: unknown, ...numbers: number[]) => void drawn.push(numbers),
        getImageData: () => ({ by: 'canvas' }),
      })
    },
  )
})

afterEach(() => vi.unstubAllGlobals())

/** A camera's picture, for which copyTo writes this many bytes a line. */
const frame = (stride: number | Error) =>
  ({
    copyTo: async (to: Uint8ClampedArray, { rect, format }: { rect: object; format: string }) => {
      if (stride instanceof Error) throw stride
      to[0] = 7
      return [{ offset: 0, stride, rect, format }]
    },
  }) as unknown as Picture

const part = { ...whole(480, 480), x: 80 }

test('copies what the browser converts, into the same memory each time', async () => {
  const darkroom = new Darkroom()
  const one = await darkroom.develop(frame(4 * 480), part)
  const two = await darkroom.develop(frame(4 * 480), part)
  expect(one).toMatchObject({ by: 'copy' })
  expect(one.data).toHaveLength(4 * 480 * 480)
  expect(two.data).toBe(one.data)
  expect(drawn).toEqual([])
})

describe('draws', () => {
  test.each([
    ['what it does not convert', frame(480), part],
    ['what it can’t copy', frame(new TypeError('not aligned')), part],
    ['bitmaps', {} as Picture, part],
  ])('%s', async (_, picture) => {
    expect(await new Darkroom().develop(picture, part)).toEqual({ by: 'canvas' })
    expect(drawn).toEqual([[80, 0, 480, 480, 0, 0, 480, 480]])
  })

  test('what is read smaller', async () => {
    expect(await new Darkroom().develop(frame(4 * 3840), scaled(whole(3840, 2160)))).toEqual({ by: 'canvas' })
    expect(drawn).toEqual([[0, 0, 3840, 2160, 0, 0, 1920, 1080]])
  })
})
