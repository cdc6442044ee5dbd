import { trustedScript } from '../../offline/trusted.ts'
import type { Effort, Finding } from './finding.ts'
import type { Cut, Picture } from './frame.ts'
import script from './worker.ts?worker&url'

/** Reads codes off pictures. Several may be asked for at once; they are read in turn. */
export interface Reader {
  /** Reads a part of a picture, which it takes over. It fails when the reader is closed or has died. */
  read(picture: Picture, part: Cut, effort: Effort): Promise<Finding>
  close(): void
}

export interface Question {
  id: number
  picture: Picture
  part: Cut
  effort: Effort
}

export type Answer = { ready: true } | { ready: false; detail: string } | { id: number; finding: Finding }

/** As much of a Worker as is used. */
export type Channel = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>

/** This browser, or the connection to the server, does not let codes be read. */
export class ReaderError extends Error {}

/**
 * Makes a reader: the browser's own decoder where it has one, and ZXing from this
 * page's own origin, in a worker. It fails with ReaderError.
 */
export async function createReader(start: () => Channel = startWorker): Promise<Reader> {
  const reader = new WorkerReader(start())
  await reader.ready
  return reader
}

const startWorker = () => new Worker(trustedScript(script), { type: 'module' })

interface Waiting {
  resolve(finding: Finding): void
  reject(error: ReaderError): void
}

class WorkerReader implements Reader {
  readonly ready: Promise<void>
  private readonly waiting = new Map<number, Waiting>()
  private end: ReaderError | undefined
  private last = 0

  constructor(private readonly channel: Channel) {
    this.ready = new Promise((resolve, reject) => {
      channel.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
        if ('id' in data) this.answer(data.id, data.finding)
        else if (data.ready) resolve()
        else reject(this.die(data.detail))
      })
      channel.addEventListener('error', ({ message }) => reject(this.die(message)))
    })
  }

  read(picture: Picture, part: Cut, effort: Effort): Promise<Finding> {
    if (this.end) {
      picture.close()
      return Promise.reject(this.end)
    }
    const id = ++this.last
    return new Promise((resolve, reject) => {
      this.channel.postMessage({ id, picture, part, effort } satisfies Question, [picture])
      this.waiting.set(id, { resolve, reject })
    })
  }

  close(): void {
    this.die('it was closed')
  }

  private answer(id: number, finding: Finding): void {
    this.waiting.get(id)?.resolve(finding)
    this.waiting.delete(id)
  }

  private die(detail: string): ReaderError {
    this.end ??= new ReaderError(`the reader of codes: ${detail}`)
    this.channel.terminate()
    for (const { reject } of this.waiting.values()) reject(this.end)
    this.waiting.clear()
    return this.end
  }
}
