import { expect, test } from 'vitest'
import { Clock, jumpTolerance, longestAnswer, offTolerance, type Known } from './clock.ts'

const start = Date.parse('2026-11-23T08:00:00Z')

/** A device whose clocks stand until they are moved. */
function device(known?: Known) {
  const ticks = { now: start, up: 0 }
  const clock = new Clock({ wall: () => ticks.now, monotonic: () => ticks.up }, known)
  return {
    clock,
    pass: (milliseconds: number) => {
      ticks.now += milliseconds
      ticks.up += milliseconds
    },
    set: (milliseconds: number) => (ticks.now += milliseconds),
    /** An answer that took no time, of a server that is ahead of this device's true time by so much. */
    hear: (ahead: number) => clock.learn(new Date(start + ticks.up + ahead).toUTCString(), ticks.up),
  }
}

/** Date has whole seconds, so the middle of one is meant. */
const half = 500

test('the service’s time goes on with the monotonic clock, whatever the device’s does', () => {
  const { clock, pass, set, hear } = device()
  hear(600_000)
  expect(clock.now()).toBe(start + 600_000 + half)
  expect(clock.offset()).toBe(600_000 + half)
  pass(60_000)
  set(-3_600_000)
  expect(clock.now()).toBe(start + 660_000 + half)
  expect(clock.offset()).toBe(600_000 + half + 3_600_000)
})

test('a clock that jumped is told from the bound on, in either direction', () => {
  for (const way of [1, -1]) {
    const { clock, pass, set, hear } = device()
    hear(0)
    pass(1_000)
    set(way * jumpTolerance)
    expect(clock.notice()).toBeUndefined()
    set(way)
    expect(clock.notice()).toEqual({ kind: 'jumped', by: way * (jumpTolerance + 1) })
    hear(0)
    expect(clock.notice()).toBeUndefined()
  }
})

test('ahead, the device may have slept: the time counts as passed, so that nothing gets younger', () => {
  const { clock, set, hear } = device()
  hear(0)
  set(8 * 3_600_000)
  expect(clock.now()).toBe(start + 8 * 3_600_000 + half)
  expect(clock.known()).toBeUndefined()
})

test('a device that is wrong is told from the bound on, once a server was heard', () => {
  const { clock, hear } = device()
  expect(clock.notice()).toBeUndefined()
  hear(-offTolerance - 1_000)
  expect(clock.notice()).toEqual({ kind: 'off', by: offTolerance + half })
  hear(-offTolerance + 1_000)
  expect(clock.notice()).toBeUndefined()
})

test('the noise of a header moves nothing', () => {
  const { clock, hear } = device()
  hear(5_000)
  const before = clock.offset()
  hear(6_000)
  expect(clock.offset()).toBe(before)
  hear(7_000)
  expect(clock.offset()).toBe(7_000 + half)
})

test('an answer that took too long, or has no date, teaches nothing', () => {
  const { clock, pass } = device()
  pass(longestAnswer + 1)
  clock.learn(new Date(start + 3_600_000).toUTCString(), 0)
  clock.learn(null, clock.monotonic())
  clock.learn('yesterday', clock.monotonic())
  expect(clock.offset()).toBe(0)
})

test('what was known outlives the page', () => {
  const first = device()
  first.hear(600_000)
  const known = first.clock.known()
  expect(known).toEqual({ offset: 600_000 + half, seen: start + 600_000 + half })
  const { clock } = device(known)
  expect(clock.now()).toBe(start + 600_000 + half)
  expect(clock.notice()).toBeUndefined()
})

test('a clock that was set back while the page was closed makes nothing younger, and is told', () => {
  const { clock, pass, hear } = device({ offset: 0, seen: start + 3_600_000 })
  expect(clock.now()).toBe(start + 3_600_000)
  expect(clock.notice()).toEqual({ kind: 'jumped', by: -3_600_000 })
  expect(clock.known()).toBeUndefined()
  pass(1_000)
  expect(clock.now()).toBe(start + 3_601_000)
  hear(0)
  expect(clock.notice()).toBeUndefined()
  expect(clock.now()).toBe(start + 1_000 + half)
})
