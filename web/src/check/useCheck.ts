import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Decision } from '../verifier/index.ts'
import { CheckError, connect, decide, getPicture, type Failure, type Issuer } from './issuer.ts'
import { takeCode } from './code.ts'

export type State =
  | { kind: 'idle'; cleared?: boolean }
  | { kind: 'working' }
  | { kind: 'decided'; decision: Decision; issuer: Issuer; picture?: string }
  | { kind: 'failed'; failure: Failure; code: string }

/** An answer is about a moment and shows a person, so it does not stay. */
export const shownFor = 180_000 // milliseconds

/** Checks codes: the one that the page was opened with, and those that follow. */
export function useCheck(scanned: string | undefined) {
  const [state, setState] = useState<State>(scanned === undefined ? { kind: 'idle' } : { kind: 'working' })
  // One verifier for as long as the page lives: it remembers the codes it accepted.
  const issuer = useRef<Promise<Issuer>>(undefined)
  const latest = useRef(0)

  const check = useCallback(async (code: string) => {
    const turn = ++latest.current
    const show = (next: State) => {
      if (turn === latest.current) setState(next)
    }
    setState({ kind: 'working' })
    try {
      issuer.current ??= connect()
      const connected = await issuer.current
      const decision = await decide(connected, code)
      const picture = await getPicture(connected, decision)
      show({ kind: 'decided', decision, issuer: connected, ...(picture ? { picture } : {}) })
    } catch (error) {
      issuer.current = undefined // the next attempt connects anew
      show({ kind: 'failed', failure: error instanceof CheckError ? error.failure : 'unavailable', code })
    }
  }, [])

  const clear = useCallback((cleared = false) => {
    latest.current++
    setState({ kind: 'idle', cleared })
  }, [])

  useEffect(() => {
    if (scanned !== undefined) void check(scanned)
    // Some cameras open the next code in the tab that is there, which changes
    // the fragment alone.
    const onHash = () => {
      const code = takeCode()
      if (code !== undefined) void check(code)
    }
    // What a browser keeps for its back button must not hold a person.
    const onHide = () => clear(true)
    addEventListener('hashchange', onHash)
    addEventListener('pagehide', onHide)
    return () => {
      removeEventListener('hashchange', onHash)
      removeEventListener('pagehide', onHide)
    }
  }, [check, clear, scanned])

  useEffect(() => {
    if (state.kind !== 'decided') return
    const timer = setTimeout(() => clear(true), shownFor)
    return () => {
      clearTimeout(timer)
      if (state.picture) URL.revokeObjectURL(state.picture)
    }
  }, [state, clear])

  return { state, check, clear }
}
