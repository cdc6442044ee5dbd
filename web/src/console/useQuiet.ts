import { useEffect } from 'preact/hooks'

/** After so long without anybody doing anything, what is on the screen is put away. */
export const quietFor = 15 * 60_000 // milliseconds

const signs = ['pointerdown', 'keydown', 'wheel', 'touchmove'] as const

/** Tells once that nobody has done anything for that long. Time counts while the device sleeps, too. */
export function useQuiet(onQuiet: () => void): void {
  useEffect(() => {
    let last = Date.now()
    const check = () => {
      if (Date.now() - last >= quietFor) onQuiet()
    }
    const sign = () => {
      check() // the first sign after a long sleep comes too late
      last = Date.now()
    }
    for (const each of signs) addEventListener(each, sign, { passive: true })
    document.addEventListener('visibilitychange', check)
    const timer = setInterval(check, 30_000)
    return () => {
      for (const each of signs) removeEventListener(each, sign)
      document.removeEventListener('visibilitychange', check)
      clearInterval(timer)
    }
  }, [])
}
