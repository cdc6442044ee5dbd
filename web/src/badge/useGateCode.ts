import { useEffect, useState } from 'preact/hooks'
import type { Choice } from './choice.ts'
import type { Clock } from './clock.ts'
import { gateCode, shownFor } from './proof.ts'
import type { Held } from './stock.ts'

/**
 * A fresh gate code, another every 20 seconds, and the seconds until the next.
 * There is none while the page is hidden: it would stand in the app switcher.
 */
export function useGateCode(issuer: string, { badge, key }: Held, leftOut: ReadonlySet<Choice>, clock: Clock): { code: string | undefined; left: number } {
  const [code, setCode] = useState<string>()
  const [left, setLeft] = useState(shownFor)

  useEffect(() => {
    let current = true
    let made = -Infinity
    const hidden = () => document.visibilityState === 'hidden'
    const make = async () => {
      made = Date.now()
      setLeft(shownFor)
      const fresh = await gateCode(issuer, { badge, key }, leftOut, clock.now())
      if (current && !hidden()) setCode(fresh)
    }
    const tick = () => {
      if (hidden()) {
        made = -Infinity
        setCode(undefined)
        return
      }
      const gone = (Date.now() - made) / 1000
      // A clock that was put back counts as time gone, too.
      if (gone < 0 || gone >= shownFor) void make()
      else setLeft(Math.ceil(shownFor - gone))
    }
    tick()
    const timer = setInterval(tick, 1000)
    document.addEventListener('visibilitychange', tick)
    return () => {
      current = false
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [issuer, badge, key, leftOut, clock])

  return { code, left }
}

/** The issuer's time, each second, and at once when the page comes to the front. */
export function useNow(clock: Clock): number {
  const [now, setNow] = useState(() => clock.now())
  useEffect(() => {
    const tick = () => setNow(clock.now())
    const timer = setInterval(tick, 1000)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [clock])
  return now
}

/** Keeps the screen on while a code is shown, where the browser can. */
export function useWakeLock(): void {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return
    let lock: WakeLockSentinel | undefined
    let done = false
    const ask = async () => {
      if (document.visibilityState !== 'visible') return
      // Refused on a low battery; the code is shown all the same.
      lock = await navigator.wakeLock.request('screen').catch(() => undefined)
      if (done) void lock?.release()
    }
    void ask()
    document.addEventListener('visibilitychange', ask)
    return () => {
      done = true
      document.removeEventListener('visibilitychange', ask)
      void lock?.release()
    }
  }, [])
}
