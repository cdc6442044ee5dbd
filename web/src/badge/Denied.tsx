import { moment, useLanguage, useText } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { otherDenial, readDenial, remedyFor, safeLink, type Denial, type Refusal } from './denial.ts'

interface Properties {
  refusal: Refusal
  renewing: boolean
  onRenew: () => void
}

/** Why there is no badge, since when, and the one thing to do about it. */
export function Denied({ refusal, renewing, onRenew }: Properties) {
  const text = useText().badge
  const reasons = readDenial(refusal.description)
  const [first] = reasons
  const other = otherDenial(refusal.description)
  const remedy = remedyFor(first?.kind ?? 'not-employed')
  const link = safeLink(refusal.link)
  return (
    <>
      <section class="card denied" role="alert">
        <h1>{text.deniedTitle}</h1>
        {reasons.length > 0 ? (
          <ul>
            {reasons.map((reason) => (
              <Reason key={`${reason.kind}:${reason.about}`} reason={reason} />
            ))}
          </ul>
        ) : (
          <p>{other ? text.deniedOtherwise[other] : text.deniedUnknown}</p>
        )}
        <h2>{text.remedyTitle}</h2>
        <p>{text.remedy[remedy]}</p>
        {link !== undefined && (
          <a class="button main" href={link} target="_blank" rel="noreferrer">
            {text.remedyLink[remedy]}
          </a>
        )}
      </section>
      <Button kind={link === undefined ? 'main' : 'quiet'} onClick={onRenew}>
        {renewing ? text.renewing : text.recheck}
      </Button>
      <p class="quiet">{text.deniedNext}</p>
    </>
  )
}

function Reason({ reason: { kind, about, at } }: { reason: Denial }) {
  const text = useText().badge
  const language = useLanguage()
  const lapsed = kind === 'training-expired' || kind === 'device-stale'
  const time = at === undefined ? undefined : moment(language, Date.parse(at) / 1000)
  return (
    <li>
      {text.denied[kind](about)}
      {time !== undefined && <span class="since">{lapsed ? text.lapsed(time) : text.reported(time)}</span>}
    </li>
  )
}
