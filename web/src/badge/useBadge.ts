import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Enrolment } from './enrolment.ts'
import type { Choice } from './choice.ts'
import { BadgeError, failureOf } from './failure.ts'
import { recall, remember, type Link } from './offer.ts'
import type { Holder } from './vault.ts'

export type State =
  | { kind: 'loading' }
  | { kind: 'stranger' }
  | { kind: 'invited'; code: string; refused?: BadgeError; working: boolean; holder?: Holder }
  | { kind: 'failed'; error: BadgeError; holder?: Holder }
  | { kind: 'holder'; holder: Holder; renewing: boolean; failure?: BadgeError }

/** How often the page looks whether it is time to renew. */
const lookEvery = 60_000 // milliseconds

/** The phone's badge: fetches it by the invitation, if there is one, and renews it in silence. */
export function useBadge(issuer: string, link: Link | undefined) {
  const [state, setState] = useState<State>({ kind: 'loading' })
  const enrolment = useRef<Enrolment>(undefined)
  enrolment.current ??= new Enrolment(issuer)
  const self = enrolment.current
  const asking = useRef(false)
  const [leftOut, setLeftOut] = useState<ReadonlySet<Choice>>(() => new Set())

  const renew = useCallback(async () => {
    if (asking.current) return
    asking.current = true
    setState((before) => (before.kind === 'holder' ? { ...before, renewing: true } : before))
    try {
      const holder = await self.renew()
      setState((before) => (before.kind === 'holder' ? { kind: 'holder', holder, renewing: false } : before))
    } catch (error) {
      const failure = failureOf(error)
      const holder = await self.load().catch(() => undefined)
      setState((before) => (before.kind === 'holder' ? { kind: 'holder', holder: holder ?? before.holder, renewing: false, failure } : before))
    } finally {
      asking.current = false
    }
  }, [self])

  const show = useCallback(
    (holder: Holder) => {
      remember(undefined)
      setState({ kind: 'holder', holder, renewing: false })
      if (self.isDue(holder)) void renew()
    },
    [self, renew],
  )

  const open = useCallback(async () => {
    setState({ kind: 'loading' })
    let holder: Holder | undefined
    try {
      holder = await self.load()
      setLeftOut(new Set(await self.leftOut()))
      const invitation = link ?? recall()
      if (invitation) {
        remember(invitation)
        setState({ kind: 'invited', code: await self.invited(invitation), working: false, ...(holder && { holder }) })
      } else if (holder) show(holder)
      else setState({ kind: 'stranger' })
    } catch (error) {
      const failed = failureOf(error)
      if (failed.failure !== 'offline' && failed.failure !== 'busy') remember(undefined)
      setState({ kind: 'failed', error: failed, ...(holder && { holder }) })
    }
  }, [self, link, show])

  const enrol = useCallback(
    async (code: string, txCode: string) => {
      setState((before) => (before.kind === 'invited' ? { ...before, working: true } : before))
      try {
        show(await self.enrol(code, txCode))
        // Else a browser that runs out of space may forget the badge first.
        void navigator.storage?.persist?.()
      } catch (error) {
        const refused = failureOf(error)
        // Where the code was redeemed and the rest failed, the phone is enrolled.
        const holder = await self.load().catch(() => undefined)
        if (refused.failure === 'used_up') remember(undefined)
        if (holder && holder.asked === 0) setState({ kind: 'holder', holder, renewing: false, failure: refused })
        else setState((before) => (before.kind === 'invited' ? { ...before, working: false, refused } : before))
      }
    },
    [self, show],
  )

  const leaveOut = useCallback(
    (choice: Choice, out: boolean) => {
      const after = new Set(leftOut)
      if (out) after.add(choice)
      else after.delete(choice)
      setLeftOut(after)
      // Where it can't be kept it holds until the page is closed.
      void self.leaveOut([...after]).catch(() => undefined)
    },
    [self, leftOut],
  )

  useEffect(() => void open(), [open])

  const holder = state.kind === 'holder' ? state.holder : undefined
  useEffect(() => {
    if (!holder) return
    const look = () => {
      if (document.visibilityState === 'visible' && self.isDue(holder)) void renew()
    }
    const timer = setInterval(look, lookEvery)
    addEventListener('online', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      removeEventListener('online', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [holder, self, renew])

  return { state, clock: self.clock, leftOut, open, enrol, renew, show, leaveOut }
}
