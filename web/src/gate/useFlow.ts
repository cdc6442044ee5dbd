import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { UndecidedError, type Answer } from './decide.ts'
import type { Grant } from './grants.ts'
import type { Cause } from './help.ts'
import { causeOf } from './help.ts'
import { isUnknownGate } from './service.ts'
import type { Keeper } from './keeper.ts'
import { nextStep, recordOf, type Direction } from './record.ts'
import type { Signals } from './signals.ts'

/** A green screen goes away by itself after so long. */
export const greenFor = 800 // milliseconds

/** What shows a person goes away when nobody touches it. */
export const shownFor = 180_000 // milliseconds

/** The same, when the page is out of view. */
export const hiddenFor = 120_000 // milliseconds

/** Whoever has to wait longer for a picture looks at a document; one that comes still is shown. */
export const portraitPatience = 3_000 // milliseconds

/** A person's picture: an address of this page's own, or why there is none. */
export type Portrait = { url: string } | 'loading' | 'none' | 'unavailable'

export type Shown =
  | { kind: 'camera' }
  | { kind: 'checking' }
  | { kind: 'photo'; answer: Answer; portrait: Portrait }
  | { kind: 'green'; answer: Answer; left: boolean; unrecorded: boolean }
  | { kind: 'stop'; cause: Cause; verdict: 'no' | 'unsure'; answer?: Answer; unrecorded: boolean; admitted?: boolean }

/** From a scanned text to a verdict, and back to the camera. */
export function useFlow(keeper: Keeper, signals: Signals, direction: Direction) {
  const [shown, setShown] = useState<Shown>({ kind: 'camera' })
  const turn = useRef(0)
  /** Whatever was begun before has nothing to show any more. */
  const begin = useCallback(() => {
    const mine = ++turn.current
    return () => mine === turn.current
  }, [])

  const close = useCallback(() => {
    begin()
    setShown({ kind: 'camera' })
  }, [begin])

  /** The guard is done with what is shown, and knows of it. */
  const next = useCallback(() => {
    if (shown.kind === 'stop' && shown.admitted && shown.answer) void keeper.acknowledge(shown.answer.decision.id)
    close()
  }, [close, keeper, shown])

  /** Has the line on disk before anything is shown as done. */
  const record = useCallback(
    (...line: Parameters<typeof recordOf>) =>
      keeper.record(recordOf(...line)).then(
        () => false,
        () => true,
      ),
    [keeper],
  )

  const stop = useCallback(
    async (isCurrent: () => boolean, cause: Cause, verdict: 'no' | 'unsure', answer?: Answer) => {
      const isRefusal = answer !== undefined && cause !== 'not_checked_out'
      const unrecorded = isRefusal && (await record('refused', answer, keeper.now(), reasonOf(cause)))
      if (!isCurrent()) return
      signals.give(verdict)
      setShown({ kind: 'stop', cause, verdict, unrecorded, ...(answer && { answer }) })
    },
    [keeper, record, signals],
  )

  /** The badge was good, and is not any more: red at once, whoever was let in on it or not. */
  const turnRed = useCallback(
    async ({ reason }: NonNullable<Grant['ended']>, answer: Answer, admitted: boolean) => {
      const isCurrent = begin()
      const cause: Cause = reason === 'revoked' ? 'revoked_now' : 'suspended_now'
      signals.give('no')
      setShown({ kind: 'stop', cause, verdict: 'no', answer, unrecorded: false, admitted })
      const unrecorded = !admitted && (await record('refused', answer, keeper.now(), reasonOf(cause)))
      if (unrecorded && isCurrent()) setShown((before) => (before.kind === 'stop' ? { ...before, unrecorded } : before))
    },
    [begin, keeper, record, signals],
  )

  const show = useCallback(
    async (isCurrent: () => boolean, answer: Answer, way: Direction) => {
      const step = nextStep(answer, way)
      switch (step) {
        case 'photo': {
          const ended = keeper.endOf(answer)
          if (ended) return turnRed(ended, answer, false)
          setShown((before) => ({ kind: 'photo', answer, portrait: before.kind === 'photo' ? before.portrait : portraitOf(answer) }))
          return
        }
        case 'left': {
          const unrecorded = await record('left', answer, keeper.now())
          if (!isCurrent()) return
          signals.give('left')
          setShown({ kind: 'green', answer, left: true, unrecorded })
          return
        }
        default: {
          const cause = way === 'out' ? 'not_checked_out' : causeOf(answer.decision.reason, answer.decision.code)
          await stop(isCurrent, cause, step, answer)
        }
      }
    },
    [keeper, record, signals, stop, turnRed],
  )

  const scan = useCallback(
    async (text: string) => {
      const isCurrent = begin()
      signals.give('seen')
      setShown({ kind: 'checking' })
      try {
        const answer = await keeper.decide(text)
        if (!isCurrent()) return
        await show(isCurrent, answer, direction)
        const late = await answer.later
        // While the guard compares the person, the service's word still counts.
        if (late && isCurrent() && nextStep(answer, direction) === 'photo') await show(isCurrent, late, direction)
      } catch (error) {
        if (!isCurrent()) return
        if (isUnknownGate(error)) return close()
        await stop(isCurrent, error instanceof UndecidedError ? 'undecided' : 'internal_error', 'unsure')
      }
    },
    [begin, close, direction, keeper, show, signals, stop],
  )

  const compare = useCallback(
    async (matches: boolean) => {
      if (shown.kind !== 'photo') return
      const isCurrent = begin()
      const { answer } = shown
      if (!matches) return stop(isCurrent, 'photo_mismatch', 'no', answer)
      const before = keeper.endOf(answer)
      if (before) return turnRed(before, answer, false)
      const unrecorded = await record('admitted', answer, keeper.now())
      void keeper.admit(answer)
      if (!isCurrent()) return
      const ended = keeper.endOf(answer)
      if (ended) return turnRed(ended, answer, true)
      signals.give('yes')
      setShown({ kind: 'green', answer, left: false, unrecorded })
    },
    [begin, keeper, record, shown, signals, stop, turnRed],
  )

  const ended = useRef<(grant: Grant) => void>(() => undefined)
  ended.current = (grant) => {
    const answer = shown.kind === 'photo' || (shown.kind === 'green' && !shown.left) ? shown.answer : undefined
    if (!grant.ended) return
    if (answer?.decision.id === grant.decision) void turnRed(grant.ended, answer, shown.kind === 'green')
    else if (grant.admitted !== undefined) signals.give('no')
  }
  useEffect(() => {
    keeper.onEnded = (grant) => ended.current(grant)
    return () => (keeper.onEnded = () => undefined)
  }, [keeper])

  usePortrait(keeper, shown, setShown)
  useClosing(shown, close)
  return { shown, scan, compare, next }
}

/** What the register is told where the decision itself was a yes. */
function reasonOf(cause: Cause): Parameters<typeof recordOf>[3] {
  switch (cause) {
    case 'photo_mismatch':
      return 'photo_mismatch'
    case 'revoked_now':
      return 'revoked'
    case 'suspended_now':
      return 'suspended'
    default:
      return undefined
  }
}

function portraitOf({ decision }: Answer): Portrait {
  return decision.badge?.picture && decision.badge.picture_integrity ? 'loading' : 'none'
}

/** Gets the picture of whom is being compared. */
function usePortrait(keeper: Keeper, shown: Shown, setShown: (change: (before: Shown) => Shown) => void) {
  const badge = shown.kind === 'photo' ? shown.answer.decision.badge : undefined
  const url = badge?.picture
  const integrity = badge?.picture_integrity
  useEffect(() => {
    if (!url || !integrity) return
    let made: string | undefined
    let isOver = false
    const set = (portrait: Portrait) => setShown((before) => (before.kind === 'photo' ? { ...before, portrait } : before))
    const timer = setTimeout(() => set('unavailable'), portraitPatience)
    keeper.portrait(url, integrity).then(
      (picture) => {
        if (isOver) return
        clearTimeout(timer)
        made = picture && URL.createObjectURL(picture)
        set(made === undefined ? 'unavailable' : { url: made })
      },
      () => isOver || set('unavailable'),
    )
    return () => {
      isOver = true
      clearTimeout(timer)
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [keeper, url, integrity, setShown])
}

/** Nothing about a person stays on a screen that nobody looks at. */
function useClosing(shown: Shown, close: () => void) {
  useEffect(() => {
    if (shown.kind === 'camera' || shown.kind === 'checking') return
    const isBrief = shown.kind === 'green' && !shown.unrecorded
    const timer = setTimeout(close, isBrief ? greenFor : shownFor)
    let hidden: ReturnType<typeof setTimeout> | undefined
    let since: number | undefined
    const onVisibility = () => {
      clearTimeout(hidden)
      // Timers of hidden pages stand still on some devices.
      if (since !== undefined && performance.now() - since >= hiddenFor) return close()
      since = document.visibilityState === 'hidden' ? performance.now() : undefined
      if (since !== undefined) hidden = setTimeout(close, hiddenFor)
    }
    onVisibility()
    document.addEventListener('visibilitychange', onVisibility)
    return () => {
      clearTimeout(timer)
      clearTimeout(hidden)
      document.removeEventListener('visibilitychange', onVisibility)
    }
  }, [shown, close])
}
