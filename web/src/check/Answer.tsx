import type { ComponentChildren } from 'preact'
import { concernLink } from '../concern/reference.ts'
import { day, distance, instant, useLanguage, useText } from '../i18n/index.ts'
import { spelled } from '../i18n/slug.ts'
import { Result } from '../ui/Result.tsx'
import { verdictOf, verdicts, type Badge, type Decision } from '../verifier/decision.ts'
import type { Issuer } from './issuer.ts'

/** A decision in words, and what the reader has to do to rely on it. */
export function Answer({ decision, issuer, picture }: { decision: Decision; issuer: Issuer; picture: string | undefined }) {
  const text = useText()
  const reason = Object.hasOwn(verdicts, decision.reason) ? decision.reason : 'internal_error'
  const verdict = verdictOf(decision)
  return (
    <>
      <Result verdict={verdict} advice={text.reason[reason]} />
      {decision.badge && <Person badge={decision.badge} at={decision.at} picture={picture} valid={verdict === 'yes'} />}
      {verdict === 'yes' && <Compare hasPicture={picture !== undefined} />}
      {decision.status && <Freshness decision={decision} />}
      {decision.badge && <Tell badge={decision.badge} />}
      <p class="small">
        {text.check.codeLabel}: <code>{decision.code ?? decision.reason}</code> · <code>{decision.id.slice(0, 8)}</code> ·{' '}
        {text.check.issuerOf(issuer.name)}
      </p>
    </>
  )
}

/**
 * Whoever is refused is named, so that nobody is mixed up, and no more is told:
 * how long a withdrawn badge would have been good only misleads.
 */
function Person({ badge, at, picture, valid }: { badge: Badge; at: string; picture: string | undefined; valid: boolean }) {
  const { check: text, access } = useText()
  const language = useLanguage()
  const name = [badge.given_name, badge.family_name].filter(Boolean).join(' ')
  const left = distance(language, (Date.parse(badge.expires) - Date.parse(at)) / 1000)
  return (
    <section class="card person">
      <div class="who">
        {picture && <img class="portrait" src={picture} alt={text.picture(name || text.unnamed)} />}
        <div>
          <h2>{name || text.unnamed}</h2>
          {badge.organization && <p class="organization">{badge.organization}</p>}
        </div>
      </div>
      <dl class="facts">
        {badge.role && <Fact label={text.roleLabel}>{spelled(badge.role)}</Fact>}
        <Fact label={text.accessLabel}>{badge.access.map((each) => access[each]).join(' · ')}</Fact>
        {valid && (
          <Fact label={text.untilLabel}>
            {instant(language, badge.expires)} <span class="detail">{left}</span>
          </Fact>
        )}
        {valid && badge.employee_number && <Fact label={text.numberLabel}>{badge.employee_number}</Fact>}
        {valid && badge.training && (
          <Fact label={text.trainingLabel}>
            <ul>
              {badge.training.map((each) => (
                <li key={each.course}>
                  {each.course}
                  <span class="detail">{text.courseUntil(each.standard, day(language, each.valid_until))}</span>
                </li>
              ))}
            </ul>
          </Fact>
        )}
      </dl>
    </section>
  )
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Compare({ hasPicture }: { hasPicture: boolean }) {
  const text = useText().check
  return (
    <section class="card compare">
      <h2>{text.compareTitle}</h2>
      <ol>
        <li>{hasPicture ? text.compareFace : text.compareIdentity}</li>
        <li>
          {text.compareAddress}
          <strong class="address">{location.host}</strong>
        </li>
      </ol>
    </section>
  )
}

/** In a tab of its own: what stands here is not shown again. */
function Tell({ badge }: { badge: Badge }) {
  const text = useText().check
  const link = concernLink(badge)
  if (!link) return null
  return (
    <p>
      <a href={link} target="_blank" rel="noopener noreferrer">
        {text.tell}
      </a>
    </p>
  )
}

function Freshness({ decision }: { decision: Decision }) {
  const text = useText().check
  const language = useLanguage()
  if (!decision.status) return null
  return <p class="quiet">{text.freshness(distance(language, -decision.status.age_seconds))}</p>
}
