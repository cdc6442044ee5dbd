/** A code that was not seen for so long has left the view. Milliseconds. */
export const awayAfter = 1_500

/** Torn readings, with no code between them and no longer apart than tornWithin, before it is said. */
export const tornReadings = 3

/** Milliseconds. */
export const tornWithin = 1_500

/** Between two words about torn codes. Milliseconds. */
export const tornAgain = 10_000

/**
 * What the camera has seen and said. A code is news once; it is again after it left
 * the view. Times are milliseconds of a clock that only goes forward.
 */
export class Sightings {
  private readonly seen = new Map<string, number>()
  private torn: { count: number; last: number } = { count: 0, last: 0 }
  private toldTorn = -Infinity

  /** Whether a code that is in view is news. */
  isNews(text: string, now: number): boolean {
    this.torn = { count: 0, last: now }
    for (const [other, at] of this.seen) {
      if (now - at >= awayAfter) this.seen.delete(other)
    }
    const news = !this.seen.has(text)
    this.seen.set(text, now)
    return news
  }

  /** Whether a torn code that is in view is worth a word. */
  isTorn(now: number): boolean {
    const count = now - this.torn.last < tornWithin ? this.torn.count + 1 : 1
    this.torn = { count, last: now }
    if (count < tornReadings || now - this.toldTorn < tornAgain) return false
    this.toldTorn = now
    return true
  }

  /** Nobody looked up to now, so nothing is known to have left. */
  resume(now: number): void {
    for (const text of this.seen.keys()) this.seen.set(text, now)
  }

  /** The next sight of every code is news. */
  forget(): void {
    this.seen.clear()
  }
}
