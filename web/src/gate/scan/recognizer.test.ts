import { describe, expect, test } from 'vitest'
import { nativeDetector, type Detector } from './detector.ts'
import type { Finding } from './finding.ts'
import { whole, type Picture } from './frame.ts'
import { Recognizer } from './recognizer.ts'

const picture = {} as Picture
const part = whole(640, 480)

/** Decoders of which it is known what they see, and who was asked. */
function look(seenNatively: string[] | Error | undefined, decoded: Finding) {
  const asked: string[] = []
  const detector: Detector = {
    detect: async () => {
      asked.push('native')
      if (seenNatively instanceof Error) throw seenNatively
      return (seenNatively ?? []).map((rawValue) => ({ rawValue }))
    },
  }
  const decoder = {
    decode: async (_: ImageData, tellTorn: boolean) => {
      asked.push(tellTorn ? 'zxing, torn' : 'zxing')
      return decoded
    },
  }
  const recognizer = new Recognizer(seenNatively && detector, decoder, async () => ({}) as ImageData)
  return { recognizer, asked }
}

const code: Finding = { kind: 'code', text: 'a' }
const nothing: Finding = { kind: 'nothing' }

describe('asks', () => {
  test('the browser’s decoder first', async () => {
    const { recognizer, asked } = look(['', 'a'], nothing)
    expect(await recognizer.look(picture, part, 'full')).toEqual(code)
    expect(asked).toEqual(['native'])
  })

  test('it alone in a quick look', async () => {
    const { recognizer, asked } = look([], code)
    expect(await recognizer.look(picture, part, 'quick')).toEqual(nothing)
    expect(asked).toEqual(['native'])
  })

  test('every one in a full look', async () => {
    const { recognizer, asked } = look([], code)
    expect(await recognizer.look(picture, part, 'full')).toEqual(code)
    expect(asked).toEqual(['native', 'zxing, torn'])
  })

  test('ZXing where the browser has none', async () => {
    const { recognizer, asked } = look(undefined, code)
    expect(await recognizer.look(picture, part, 'quick')).toEqual(code)
    expect(asked).toEqual(['zxing'])
  })

  test('the browser’s no more once it failed', async () => {
    const { recognizer, asked } = look(new Error('the service is gone'), code)
    expect(await recognizer.look(picture, part, 'quick')).toEqual(code)
    expect(await recognizer.look(picture, part, 'quick')).toEqual(code)
    expect(asked).toEqual(['native', 'zxing', 'zxing'])
  })
})

describe('the browser’s decoder', () => {
  const having = (getSupportedFormats: () => Promise<string[]>) => ({
    BarcodeDetector: class {
      static getSupportedFormats = getSupportedFormats
      constructor(readonly options: { formats: string[] }) {}
      detect = async () => []
    },
  })

  test('is told to look for QR codes alone', async () => {
    const detector = await nativeDetector(having(async () => ['ean_13', 'qr_code']))
    expect(detector).toMatchObject({ options: { formats: ['qr_code'] } })
  })

  test.each([
    ['is missing', {}],
    ['reads other codes', having(async () => ['ean_13'])],
    ['reads none', having(async () => [])],
    ['can’t say', having(() => Promise.reject(new Error('no service')))],
  ])('is not used where it %s', async (_, scope) => {
    expect(await nativeDetector(scope)).toBeUndefined()
  })
})
