/** The device's clocks, in milliseconds. */
export interface Ticks {
  /** Since 1970; people and networks change it at any time. */
  wall(): number
  /** Since whenever; nobody changes it, and on some devices it stands while they sleep. */
  monotonic(): number
}

/** What outlives the page: how far the device is behind, and a time that has passed. */
export interface Known {
  offset: number
  seen: number
}

/** What the guard should know of the device's clock; by is how far, in milliseconds. */
export interface ClockNotice {
  /** It was changed and the server has not been asked since; or it is wrong, and the server's time is used. */
  kind: 'jumped' | 'off'
  by: number
}

/** The device's clock moved by itself, and not by the ticking of another. */
export const jumpTolerance = 5_000 // milliseconds

/** The device's clock is so wrong that somebody should put it right. */
export const offTolerance = 30_000 // milliseconds

/** An answer that took longer says too little about the time. */
export const longestAnswer = 10_000 // milliseconds

const headerNoise = 1_500 // milliseconds; Date has whole seconds

/**
 * The time as the service has it. What a Date header said goes on with the
 * monotonic clock, so that setting the device's clock makes no old code good.
 *
 * The device's clock is believed in one direction: when it is ahead of the
 * monotonic one, the device may have slept. Taken for time that passed, that makes
 * lists and codes older, never younger.
 */
export class Clock {
  private anchor: { time: number; monotonic: number; wall: number }
  private learned = false
  /** How far the device's clock went back while the page was closed. */
  private wentBack = 0

  constructor(
    private readonly ticks: Ticks = { wall: () => Date.now(), monotonic: () => performance.now() },
    known?: Known,
  ) {
    const wall = ticks.wall()
    const time = wall + (known?.offset ?? 0)
    const floor = known?.seen ?? time
    if (time < floor - jumpTolerance) this.wentBack = time - floor
    this.anchor = { time: Math.max(time, floor), monotonic: ticks.monotonic(), wall }
  }

  /** Milliseconds since 1970. */
  now(): number {
    const steady = this.anchor.time + this.ticks.monotonic() - this.anchor.monotonic
    const moved = this.moved()
    return moved > jumpTolerance ? steady + moved : steady
  }

  /** What makes the device's clock right, in whole milliseconds. */
  offset(): number {
    return Math.round(this.now() - this.ticks.wall())
  }

  monotonic(): number {
    return this.ticks.monotonic()
  }

  /** Takes the Date of an answer that has just come, and when, by monotonic, it was asked for. */
  learn(date: string | null, asked: number): void {
    const took = this.ticks.monotonic() - asked
    const header = Date.parse(date ?? '')
    if (Number.isNaN(header) || took > longestAnswer) return
    const time = header + 500 + took / 2
    const close = Math.abs(time - this.now()) <= headerNoise + took / 2
    if (this.learned && close && !this.jumped()) return
    this.anchor = { time, monotonic: this.ticks.monotonic(), wall: this.ticks.wall() }
    this.learned = true
    this.wentBack = 0
  }

  notice(): ClockNotice | undefined {
    const jumped = this.jumped()
    if (jumped) return { kind: 'jumped', by: jumped }
    const off = this.anchor.wall - this.anchor.time
    return this.learned && Math.abs(off) > offTolerance ? { kind: 'off', by: off } : undefined
  }

  /** What to keep; nothing while the device's clock is in doubt. */
  known(): Known | undefined {
    return this.jumped() ? undefined : { offset: this.offset(), seen: this.now() }
  }

  private jumped(): number {
    const moved = this.moved()
    return Math.abs(moved) > jumpTolerance ? moved : this.wentBack
  }

  /** How far the device's clock ran ahead of the monotonic one. */
  private moved(): number {
    return this.ticks.wall() - this.anchor.wall - (this.ticks.monotonic() - this.anchor.monotonic)
  }
}
