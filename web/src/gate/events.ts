import type { Ended } from './contract.ts'

/** The service says something at least every 15 seconds. */
export const silentFor = 40_000 // milliseconds

/** The longest that a connection is waited for. */
export const connectPatience = 10_000 // milliseconds

/** Before the second attempt, give or take; then twice as long each time, up to the longest. */
export const firstWait = 1_000 // milliseconds
export const longestWait = 30_000 // milliseconds

/** Nothing that the service says is longer. */
export const maxEvent = 16 << 10 // characters

export interface Heard {
  /** There is a connection: what has happened since the last one may have gone unheard. */
  onOpen(): void
  onClose(): void
  onLists(): void
  onEnded(ended: Ended): void
}

export interface EventTools {
  connect: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>
  /** Resolves after so long. */
  wait: (milliseconds: number) => Promise<void>
  /** From 0 to 1. */
  chance: () => number
}

/**
 * Listens to the service's events until it is stopped, and connects anew whenever
 * that ends: it is what makes news come at once, and nothing depends on it.
 */
export class Events {
  private running: AbortController | undefined
  /** Ends the present wait. */
  private hurry: () => void = () => undefined

  constructor(
    private readonly tools: EventTools,
    private readonly heard: Heard,
  ) {}

  start(): void {
    if (this.running) return
    this.running = new AbortController()
    void this.run(this.running)
  }

  stop(): void {
    this.running?.abort()
    this.running = undefined
    this.hurry()
  }

  /** Something has changed that makes it worth trying at once. */
  retry(): void {
    this.hurry()
  }

  private async run({ signal }: AbortController): Promise<void> {
    let wait = firstWait
    while (!signal.aborted) {
      const end = await this.listen(signal).catch((): End => 'failed')
      if (signal.aborted) return
      // A page that was told that others take its place must not take theirs at once.
      if (end === 'replaced') wait = longestWait
      if (end === 'ended') wait = firstWait
      const hurried = new Promise<void>((resolve) => (this.hurry = resolve))
      await Promise.race([hurried, this.tools.wait(wait / 2 + (this.tools.chance() * wait) / 2)])
      wait = Math.min(2 * wait, longestWait)
    }
  }

  /** Reads one stream to its end. */
  private async listen(running: AbortSignal): Promise<End> {
    const call = new AbortController()
    const abort = () => call.abort()
    running.addEventListener('abort', abort)
    let alarm = setTimeout(abort, connectPatience)
    let isOpen = false
    let end: End = 'failed'
    try {
      const reader = (await this.tools.connect(call.signal)).getReader()
      const text = new TextDecoder()
      let rest = ''
      for (;;) {
        clearTimeout(alarm)
        alarm = setTimeout(() => void reader.cancel().catch(abort), silentFor)
        const { done, value } = await reader.read()
        if (done || running.aborted) return end
        rest += text.decode(value, { stream: true })
        const events = rest.split('\n\n')
        rest = events.pop() ?? ''
        if (rest.length > maxEvent) throw new Error('an event that does not end')
        for (const event of events) {
          const { name, data } = parse(event)
          if (name === 'hello' && !isOpen) {
            isOpen = true
            end = 'ended'
            this.heard.onOpen()
          }
          if (name === 'bye' && (data as { reason?: unknown } | undefined)?.reason === 'replaced') end = 'replaced'
          this.tell(name, data)
        }
      }
    } finally {
      clearTimeout(alarm)
      running.removeEventListener('abort', abort)
      call.abort()
      if (isOpen) this.heard.onClose()
    }
  }

  private tell(name: string, data: unknown): void {
    if (name === 'lists') this.heard.onLists()
    if (name === 'ended' && isEnded(data)) this.heard.onEnded(data)
  }
}

/** How a stream ended: before it was one, orderly or not, or for a newer one of this gate. */
type End = 'failed' | 'ended' | 'replaced'

/** An event as HTML, section 9.2.6, has it, as far as the service uses that. */
function parse(event: string): { name: string; data: unknown } {
  let name = ''
  let data = ''
  for (const line of event.split('\n')) {
    const [field = '', ...rest] = line.split(':')
    const value = rest.join(':').replace(/^ /, '')
    if (field === 'event') name = value
    if (field === 'data') data += value
  }
  return { name, data: data === '' ? undefined : JSON.parse(data) }
}

/** A later service may say what this page does not know. */
function isEnded(data: unknown): data is Ended {
  const { decision, reason, at } = (data ?? {}) as Partial<Record<keyof Ended, unknown>>
  return typeof decision === 'string' && (reason === 'revoked' || reason === 'suspended') && typeof at === 'string'
}
