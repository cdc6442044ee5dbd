import { useEffect, useState } from 'preact/hooks'
import type { Keeper, View } from './keeper.ts'

/** Everything is brought up to date so often while the service answers. */
export const refreshEvery = 30_000 // milliseconds

/** So often it is asked while something is missing. */
export const retryEvery = 5_000 // milliseconds

/** Ages and clocks are looked at so often. */
export const lookEvery = 1_000 // milliseconds

/** The gate as it is now; keeps it up to date for as long as the page is in view. */
export function useKeeper(keeper: Keeper): View {
  const [view, setView] = useState(() => keeper.view())

  useEffect(() => {
    let shown = ''
    const show = () => {
      const next = keeper.view()
      // Ages change all the time; the second is what people read.
      const text = JSON.stringify(next, (name, value: unknown) => (name === 'seconds' || name === 'by' ? Math.floor(Number(value)) : value))
      if (text !== shown) setView(next)
      shown = text
    }
    keeper.onChange = show
    show()
    return () => (keeper.onChange = () => undefined)
  }, [keeper])

  useEffect(() => {
    let last = -Infinity
    const refresh = () => {
      last = performance.now()
      void keeper.refresh()
    }
    const look = () => {
      keeper.onChange()
      if (document.visibilityState !== 'visible') return
      const due = isWell(keeper.view()) ? refreshEvery : retryEvery
      if (performance.now() - last >= due) refresh()
    }
    const onOnline = () => {
      keeper.reconnect()
      refresh()
    }
    const onVisible = () => {
      if (document.visibilityState === 'visible') onOnline()
    }
    refresh()
    const timer = setInterval(look, lookEvery)
    const hangUp = keeper.listen()
    addEventListener('online', onOnline)
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      clearInterval(timer)
      hangUp()
      removeEventListener('online', onOnline)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [keeper])

  return view
}

/** Whether an answer, or lists, or the right time would help now. */
function isWell({ reachable, clock, freshness }: View): boolean {
  return reachable && clock?.kind !== 'jumped' && (freshness?.kind === 'fresh' || freshness?.kind === 'aging')
}
