import { useEffect, useState } from 'preact/hooks'
import type { Signals } from './signals.ts'

/** What a tablet on a stand needs: a screen that stays on, and sounds after the first touch. */
export function useTablet(signals: Signals): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined
    const keepAwake = () => {
      if (document.visibilityState !== 'visible' || (lock && !lock.released)) return
      // Browsers refuse it when the battery is low.
      navigator.wakeLock?.request('screen').then(
        (given) => (lock = given),
        () => undefined,
      )
    }
    const wake = () => signals.wake()
    keepAwake()
    document.addEventListener('visibilitychange', keepAwake)
    addEventListener('pointerdown', wake)
    addEventListener('keydown', wake)
    return () => {
      void lock?.release()
      document.removeEventListener('visibilitychange', keepAwake)
      removeEventListener('pointerdown', wake)
      removeEventListener('keydown', wake)
    }
  }, [signals])
}

/** Nobody has been at the gate for so long. */
export const idleFor = 3_000 // milliseconds

/** A tablet stays on the same page for weeks; a newer one is loaded when nobody is at the gate. */
export function useNewest(replaced: Promise<void>, isIdle: boolean): void {
  const [isOld, setOld] = useState(false)
  useEffect(() => void replaced.then(() => setOld(true)), [replaced])
  useEffect(() => {
    if (!isOld || !isIdle) return
    const timer = setTimeout(() => location.reload(), idleFor)
    return () => clearTimeout(timer)
  }, [isOld, isIdle])
}
