import { useMemo } from 'preact/hooks'
import { moment, useLanguage, useText } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import type { Badge } from './badge.ts'
import type { Choice } from './choice.ts'
import type { Clock } from './clock.ts'
import { Code } from './Code.tsx'
import { Denied } from './Denied.tsx'
import { BadgeError } from './failure.ts'
import { Notice } from './Notice.tsx'
import { Outlook } from './Outlook.tsx'
import { Reveals } from './Reveals.tsx'
import { current, lasts, readStock } from './stock.ts'
import { useNow } from './useGateCode.ts'
import type { Holder } from './vault.ts'

interface Properties {
  holder: Holder
  clock: Clock
  leftOut: ReadonlySet<Choice>
  renewing: boolean
  failure: BadgeError | undefined
  onRenew: () => void
  onLeaveOut: (choice: Choice, out: boolean) => void
}

/** The screen of somebody whose phone is enrolled: the code, or why there is none. */
export function Holding({ holder, clock, leftOut, renewing, failure, onRenew, onLeaveOut }: Properties) {
  const text = useText().badge
  const now = useNow(clock)
  const stock = useMemo(() => readStock(holder.stock), [holder.stock])
  if (holder.ended) return <Notice error={new BadgeError('ended')} />
  if (holder.denial) {
    return (
      <>
        <Denied refusal={holder.denial} renewing={renewing} onRenew={onRenew} />
        {failure && <Notice error={failure} />}
      </>
    )
  }
  const ask = <Button kind="quiet" onClick={onRenew}>{renewing ? text.renewing : text.renew}</Button>
  const kept = current(stock, now)
  if (!kept) {
    return (
      <>
        <Nothing ended={stock.at(-1)?.read.expires} />
        {failure && <Notice error={failure} />}
        {ask}
      </>
    )
  }
  return (
    <>
      <Code issuer={holder.issuer} held={kept} leftOut={leftOut} clock={clock} />
      <About badge={kept.read} until={lasts(stock, now)} />
      <Outlook stock={stock} life={holder.life} asked={holder.asked} now={now} />
      {failure && failure.failure !== 'offline' && <Notice error={failure} />}
      <Reveals badge={kept.read} leftOut={leftOut} onLeaveOut={onLeaveOut} />
      {ask}
    </>
  )
}

function Nothing({ ended }: { ended: number | undefined }) {
  const text = useText().badge
  const language = useLanguage()
  return (
    <>
      <h1>{ended === undefined ? text.noneTitle : text.expiredTitle}</h1>
      {ended !== undefined && <p>{text.ended(moment(language, ended))}</p>}
      <p>{text.expiredNext}</p>
    </>
  )
}

function About({ badge, until }: { badge: Badge; until: number }) {
  const text = useText()
  const language = useLanguage()
  return (
    <section class="lasts">
      {badge.name !== '' && <h1>{badge.name}</h1>}
      <p class="quiet">{badge.access.map((each) => text.access[each]).join(' · ')}</p>
      <p>{text.badge.lasts(moment(language, until))}</p>
      <p class="quiet">{text.badge.brightness}</p>
    </section>
  )
}
