import { describe, expect, test } from 'vitest'
import { awayAfter, Sightings, tornAgain, tornReadings, tornWithin } from './sightings.ts'

describe('a code', () => {
  test('is news once, for as long as it stays', () => {
    const sightings = new Sightings()
    expect(sightings.isNews('a', 0)).toBe(true)
    for (let now = 100; now < 60_000; now += awayAfter - 1) expect(sightings.isNews('a', now)).toBe(false)
  })

  test('is news again after it was away', () => {
    const sightings = new Sightings()
    sightings.isNews('a', 0)
    expect(sightings.isNews('a', awayAfter - 1)).toBe(false)
    expect(sightings.isNews('a', 2 * awayAfter - 1)).toBe(true)
  })

  test('is not made news by another beside it', () => {
    const sightings = new Sightings()
    expect(['a', 'b', 'a', 'b', 'a'].map((text, i) => sightings.isNews(text, i * 100))).toEqual([true, true, false, false, false])
  })

  test('is not made news by nobody having looked', () => {
    const sightings = new Sightings()
    sightings.isNews('a', 0)
    sightings.resume(10 * awayAfter)
    expect(sightings.isNews('a', 11 * awayAfter - 1)).toBe(false)
    sightings.resume(20 * awayAfter)
    expect(sightings.isNews('a', 21 * awayAfter)).toBe(true)
  })

  test('is news when all were forgotten', () => {
    const sightings = new Sightings()
    sightings.isNews('a', 0)
    sightings.forget()
    expect(sightings.isNews('a', 1)).toBe(true)
  })
})

describe('torn codes', () => {
  const told = (sightings: Sightings, times: number[]) => times.filter((now) => sightings.isTorn(now))

  test('are worth a word when there are several in a row', () => {
    const times = Array.from({ length: tornReadings }, (_, i) => 100 * i)
    expect(told(new Sightings(), times)).toEqual([times.at(-1)])
    expect(told(new Sightings(), times.slice(1))).toEqual([])
  })

  test('are not, where codes were read between them', () => {
    const sightings = new Sightings()
    for (let now = 0; now < 10_000; now += 100) {
      if (now % 200 === 0) sightings.isNews('a', now)
      else expect(sightings.isTorn(now)).toBe(false)
    }
  })

  test('are not, where they are seldom', () => {
    const apart = (between: number) => told(new Sightings(), Array.from({ length: 9 }, (_, i) => between * i)).length
    expect(apart(tornWithin)).toBe(0)
    expect(apart(tornWithin - 1)).toBeGreaterThan(0)
  })

  test('are not spoken of all the time', () => {
    const times = Array.from({ length: 251 }, (_, i) => 100 * i)
    expect(told(new Sightings(), times)).toEqual([200, 200 + tornAgain, 200 + 2 * tornAgain])
  })
})
