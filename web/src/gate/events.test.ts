import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectPatience, Events, firstWait, longestWait, maxEvent, silentFor } from './events.ts'

/** A service with a switch, whose streams a test writes. */
class Service {
  online = true
  readonly streams: ReadableStreamDefaultController<Uint8Array>[] = []
  readonly hungUp: AbortSignal[] = []
  waits: number[] = []

  readonly connect = async (signal: AbortSignal): Promise<ReadableStream<Uint8Array>> => {
    this.hungUp.push(signal)
    if (!this.online) throw new TypeError('no network')
    return new ReadableStream({
      start: (controller) => {
        this.streams.push(controller)
        signal.addEventListener('abort', () => {
          try {
            controller.error(new DOMException('', 'AbortError'))
          } catch {
            // It had ended before.
          }
        })
      },
    })
  }

  write(text: string): void {
    this.streams.at(-1)?.enqueue(new TextEncoder().encode(text))
  }
}

let service: Service
let heard: string[]
let events: Events

beforeEach(() => {
  vi.useFakeTimers()
  service = new Service()
  heard = []
  const wait = (milliseconds: number) => {
    service.waits.push(milliseconds)
    return new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
  }
  events = new Events(
    { connect: service.connect, wait, chance: () => 0 },
    {
      onOpen: () => heard.push('open'),
      onClose: () => heard.push('close'),
      onLists: () => heard.push('lists'),
      onEnded: ({ decision, reason }) => heard.push(`${decision} ${reason}`),
    },
  )
})

afterEach(() => {
  events.stop()
  vi.useRealTimers()
})

const soon = () => vi.advanceTimersByTimeAsync(0)
const hello = 'retry: 2000\nevent: hello\ndata: {"heartbeat":15}\n\n'
const ended = 'event: ended\ndata: {"decision":"d1","reason":"revoked","at":"2026-11-23T08:00:00Z"}\n\n'

test('what the service says is heard, however it is cut into pieces', async () => {
  events.start()
  events.start()
  await soon()
  for (const each of `${hello}: still here\n\n${ended}event: lists\ndata: {}\n\n`) service.write(each)
  await soon()
  expect(heard).toEqual(['open', 'd1 revoked', 'lists'])
  expect(service.streams).toHaveLength(1)
})

test('what a later service may say is passed over', async () => {
  events.start()
  await soon()
  service.write(`${hello}event: weather\ndata: "rain"\n\nevent: ended\ndata: {"decision":"d2","reason":"bored","at":"x"}\n\nevent: ended\ndata: null\n\n${ended}`)
  await soon()
  expect(heard).toEqual(['open', 'd1 revoked'])
})

describe('when a stream ends, there is another', () => {
  test('after a second, then ever later while there is none, and soon again after one', async () => {
    service.online = false
    events.start()
    for (let i = 0; i < 7; i++) await vi.advanceTimersByTimeAsync(longestWait)
    expect(service.waits.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 500))
    service.online = true
    await vi.advanceTimersByTimeAsync(longestWait)
    service.write(hello)
    await soon()
    service.streams.at(-1)?.close()
    service.waits = []
    await vi.advanceTimersByTimeAsync(firstWait)
    expect([service.waits[0], service.streams.length, heard]).toEqual([firstWait / 2, 2, ['open', 'close']])
  })

  test('at once when there is reason to', async () => {
    service.online = false
    events.start()
    await soon()
    service.online = true
    events.retry()
    await soon()
    expect(service.streams).toHaveLength(1)
  })

  test('much later when another page took its place', async () => {
    events.start()
    await soon()
    service.write(`${hello}event: bye\ndata: {"reason":"replaced"}\n\n`)
    service.streams.at(-1)?.close()
    await soon()
    expect(service.waits).toEqual([longestWait / 2])
  })
})

describe('a connection is given up', () => {
  test('when nothing comes for so long', async () => {
    events.start()
    await soon()
    service.write(hello)
    await vi.advanceTimersByTimeAsync(silentFor - 1)
    service.write(': still here\n\n')
    await vi.advanceTimersByTimeAsync(silentFor - 1)
    expect(heard).toEqual(['open'])
    await vi.advanceTimersByTimeAsync(1)
    expect(heard).toEqual(['open', 'close'])
    await vi.advanceTimersByTimeAsync(firstWait)
    expect(service.streams).toHaveLength(2)
  })

  test('when it does not come about', async () => {
    const hang = new Events(
      {
        connect: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
        wait: (milliseconds) => {
          service.waits.push(milliseconds)
          return new Promise(() => undefined)
        },
        chance: () => 0,
      },
      { onOpen: () => undefined, onClose: () => undefined, onLists: () => undefined, onEnded: () => undefined },
    )
    hang.start()
    await vi.advanceTimersByTimeAsync(connectPatience - 1)
    expect(service.waits).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(service.waits).toEqual([firstWait / 2])
    hang.stop()
  })

  test('when an event does not end', async () => {
    events.start()
    await soon()
    service.write(`${hello}${'x'.repeat(maxEvent)}`)
    await soon()
    expect(heard).toEqual(['open'])
    service.write('x')
    await soon()
    expect(heard).toEqual(['open', 'close'])
  })

  test('when it is stopped, and there is no other', async () => {
    events.start()
    await soon()
    service.write(hello)
    await soon()
    events.stop()
    await vi.advanceTimersByTimeAsync(2 * longestWait)
    expect([service.streams.length, service.hungUp[0]?.aborted, heard]).toEqual([1, true, ['open', 'close']])
    events.start()
    await soon()
    expect(service.streams).toHaveLength(2)
  })
})
