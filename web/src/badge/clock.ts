/** Below this a difference is the rounding of the header and the way of the answer. */
const tolerance = 3 // seconds

/**
 * The time as the issuer has it. Phones are often minutes off and a proof lives 90
 * seconds, so what an answer's Date says corrects the phone's clock, until the
 * next answer and also without signal.
 */
export class Clock {
  constructor(
    /** Seconds to add to the phone's clock. */
    public offset = 0,
    private readonly own: () => number = Date.now,
  ) {}

  /** Seconds since 1970. */
  now(): number {
    return Math.floor(this.own() / 1000) + this.offset
  }

  /** Takes the header Date of an answer that has just come. */
  learn(date: string | null): void {
    const theirs = Date.parse(date ?? '')
    if (Number.isNaN(theirs)) return
    const offset = Math.round((theirs - this.own()) / 1000)
    this.offset = Math.abs(offset) > tolerance ? offset : 0
  }
}
