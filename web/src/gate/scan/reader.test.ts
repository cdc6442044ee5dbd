import { expect, test } from 'vitest'
import type { Finding } from './finding.ts'
import { whole, type Picture } from './frame.ts'
import { createReader, ReaderError, type Answer, type Channel, type Question } from './reader.ts'

const part = whole(640, 480)
const code = (text: string): Finding => ({ kind: 'code', text })

/** A picture that knows whether it was given back. */
const newPicture = () => {
  const picture = { closed: false, close: () => void (picture.closed = true) }
  return picture as unknown as Picture & { closed: boolean }
}

/** The other side of a worker. */
class Other extends EventTarget {
  readonly questions: Question[] = []
  readonly handedOver: unknown[] = []
  terminated = false

  postMessage(question: Question, handedOver: unknown[]): void {
    this.questions.push(question)
    this.handedOver.push(...handedOver)
  }

  terminate(): void {
    this.terminated = true
  }

  tell(data: Answer): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }

  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message }))
  }
}

async function ready() {
  const other = new Other()
  const reader = createReader(() => other as unknown as Channel)
  other.tell({ ready: true })
  return { other, reader: await reader }
}

test('answers each question, in whatever order', async () => {
  const { other, reader } = await ready()
  const picture = newPicture()
  const [one, two] = [reader.read(picture, part, 'quick'), reader.read(newPicture(), part, 'full')]
  const [first, second] = other.questions as [Question, Question]
  expect([first.effort, second.effort]).toEqual(['quick', 'full'])
  expect(other.handedOver[0]).toBe(picture)
  other.tell({ id: second.id, finding: code('two') })
  other.tell({ id: first.id, finding: code('one') })
  expect([await one, await two]).toEqual([code('one'), code('two')])
})

test('closed, it answers no more', async () => {
  const { other, reader } = await ready()
  const waiting = reader.read(newPicture(), part, 'quick')
  reader.close()
  await expect(waiting).rejects.toThrow(ReaderError)
  expect(other.terminated).toBe(true)
  const late = newPicture()
  await expect(reader.read(late, part, 'quick')).rejects.toThrow('it was closed')
  expect(late.closed).toBe(true)
})

test('dead, it says so', async () => {
  const { other, reader } = await ready()
  const waiting = reader.read(newPicture(), part, 'quick')
  other.fail('out of memory')
  await expect(waiting).rejects.toThrow('the reader of codes: out of memory')
})

test('fails to be made where the worker can’t work, or does not start', async () => {
  for (const fail of [(other: Other) => other.tell({ ready: false, detail: 'no WebAssembly' }), (other: Other) => other.fail('blocked')]) {
    const other = new Other()
    const reader = createReader(() => other as unknown as Channel)
    fail(other)
    await expect(reader).rejects.toThrow(ReaderError)
    expect(other.terminated).toBe(true)
  }
})
