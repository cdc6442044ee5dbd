import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'
import { Decoder } from './decoder.ts'
import { nativeDetector } from './detector.ts'
import { Darkroom } from './develop.ts'
import type { Answer, Question } from './reader.ts'
import { Recognizer } from './recognizer.ts'

/*
 * Decodes beside the page, which stays at hand meanwhile. It says once whether it
 * can, and from then on answers each question.
 */

const decoder = new Decoder({ locateFile: () => wasm })
const { develop } = new Darkroom()

const tell = (answer: Answer) => postMessage(answer)

async function prepare(): Promise<Recognizer> {
  const detector = await nativeDetector()
  const preparation = decoder.prepare()
  // Where there is another, this one is wanted later, if at all.
  if (detector) preparation.catch(() => undefined)
  else await preparation
  return new Recognizer(detector, decoder, develop)
}

const recognizer = prepare()
recognizer.then(
  () => tell({ ready: true }),
  (error: unknown) => tell({ ready: false, detail: String(error) }),
)

async function answer({ id, picture, part, effort }: Question): Promise<void> {
  try {
    tell({ id, finding: await (await recognizer).look(picture, part, effort) })
  } catch {
    tell({ id, finding: { kind: 'nothing' } })
  } finally {
    picture.close()
  }
}

// In turn: the pixels of one picture make room for the next one's.
let last = Promise.resolve()
addEventListener('message', ({ data }: MessageEvent<Question>) => {
  last = last.then(() => answer(data))
})
