import { useCallback, useEffect, useState } from 'preact/hooks'
import { failureOf, type OfficeError } from './failure.ts'

export type Loaded<Value> = { kind: 'loading' } | { kind: 'failed'; error: OfficeError } | { kind: 'ready'; value: Value }

/** Loads once, and again when the key changes or somebody asks. What is there stays until the next is. */
export function useLoad<Value>(load: () => Promise<Value>, key = ''): [loaded: Loaded<Value>, again: () => void] {
  const [loaded, setLoaded] = useState<Loaded<Value>>({ kind: 'loading' })
  const [round, setRound] = useState(0)
  useEffect(() => {
    let over = false
    const settle = (next: Loaded<Value>) => {
      if (!over) setLoaded(next)
    }
    load().then(
      (value) => settle({ kind: 'ready', value }),
      (error: unknown) => settle({ kind: 'failed', error: failureOf(error) }),
    )
    return () => {
      over = true
    }
  }, [key, round])
  return [loaded, useCallback(() => setRound((before) => before + 1), [])]
}

/** Something that is done at a press, and whether it is under way or came to nothing. */
export function useAction(): { working: boolean; error: OfficeError | undefined; run: (work: () => Promise<void>) => void } {
  const [state, setState] = useState<{ working: boolean; error?: OfficeError }>({ working: false })
  const run = (work: () => Promise<void>) => {
    if (state.working) return
    setState({ working: true })
    work().then(
      () => setState({ working: false }),
      (error: unknown) => setState({ working: false, error: failureOf(error) }),
    )
  }
  return { working: state.working, error: state.error, run }
}
