import { instant, useLanguage, useText } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { Disclosure } from '../ui/Disclosure.tsx'
import { readBadge, type Badge } from './badge.ts'
import type { Clock } from './clock.ts'
import { readDenial } from './denial.ts'
import { BadgeError, type Failure } from './failure.ts'
import { Code } from './Code.tsx'
import { Notice } from './Notice.tsx'
import type { Holder } from './vault.ts'

interface Properties {
  holder: Holder
  clock: Clock
  renewing: boolean
  failure: Failure | undefined
  onRenew: () => void
}

/** The screen of somebody whose phone is enrolled: the code, or why there is none. */
export function Holding({ holder, clock, renewing, failure, onRenew }: Properties) {
  const text = useText().badge
  if (holder.ended) return <Notice error={new BadgeError('ended')} />
  const ask = <Button kind="quiet" onClick={onRenew}>{renewing ? text.renewing : text.renew}</Button>
  if (holder.denial !== undefined) {
    return (
      <>
        <Denied denial={holder.denial} />
        {failure && <Notice error={new BadgeError(failure)} />}
        {ask}
      </>
    )
  }
  const badge = holder.badge === undefined ? undefined : readBadge(holder.badge)
  if (!badge || badge.expires <= clock.now()) {
    return (
      <>
        <h1>{badge ? text.expiredTitle : text.noneTitle}</h1>
        <p>{text.expiredNext}</p>
        {failure && <Notice error={new BadgeError(failure)} />}
        {ask}
      </>
    )
  }
  return (
    <>
      <Code holder={holder} clock={clock} />
      <Lasts badge={badge} />
      {failure && failure !== 'offline' && <Notice error={new BadgeError(failure)} />}
      <Reveals badge={badge} />
      {ask}
    </>
  )
}

function Lasts({ badge }: { badge: Badge }) {
  const text = useText()
  const language = useLanguage()
  return (
    <section class="lasts">
      {badge.name !== '' && <h1>{badge.name}</h1>}
      <p class="quiet">{badge.access.map((each) => text.access[each]).join(' · ')}</p>
      <p>{text.badge.lasts(instant(language, new Date(badge.expires * 1000).toISOString()))}</p>
    </section>
  )
}

function Reveals({ badge }: { badge: Badge }) {
  const text = useText().badge
  const known = new Map<string, string>(Object.entries(text.claims))
  const names = badge.discloses.map((name) => known.get(name)).filter((name) => name !== undefined)
  return (
    <Disclosure summary={text.revealsTitle}>
      <p>{text.revealsWhat}</p>
      <ul>
        {[...names, text.revealsAlways].map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      <p>{text.revealsNot}</p>
    </Disclosure>
  )
}

function Denied({ denial }: { denial: string }) {
  const text = useText().badge
  const reasons = readDenial(denial)
  return (
    <section class="card denied" role="alert">
      <h1>{text.deniedTitle}</h1>
      {reasons.length > 0 ? (
        <ul>
          {reasons.map(({ kind, about }) => (
            <li key={`${kind}:${about}`}>{text.denied[kind](about)}</li>
          ))}
        </ul>
      ) : (
        <p>{text.deniedOther}</p>
      )}
      <p>{text.deniedNext}</p>
    </section>
  )
}
