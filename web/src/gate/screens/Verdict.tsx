import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { drawText } from '../../badge/qr.ts'
import { concernLink } from '../../concern/reference.ts'
import { distance, useLanguage, useText } from '../../i18n/index.ts'
import { Shape } from '../../ui/Result.tsx'
import type { Answer } from '../decide.ts'
import { helpFor, type Cause } from '../help.ts'
import type { View } from '../keeper.ts'
import { nameOf } from '../present.ts'
import type { Shown } from '../useFlow.ts'
import { useAdvice, useWords } from '../words/index.ts'
import { Overlay } from './Overlay.tsx'

/** The person may come in, or has left: nothing to do, and soon gone. */
export function Green({ shown, onNext }: { shown: Extract<Shown, { kind: 'green' }>; onNext: () => void }) {
  const { verdict: words } = useWords()
  const text = useText()
  const { answer, left, unrecorded } = shown
  const name = nameOf(answer.decision.badge ?? {})
  return (
    <Overlay class={`verdict ${left ? 'left' : 'yes'}`} labelledBy="verdict" alert onEnter={onNext} onEscape={onNext}>
      {left ? <Leaving /> : <Shape verdict="yes" />}
      <div class="saying">
        <h1 id="verdict" tabIndex={-1}>
          {left ? words.left : text.verdict.yes}
        </h1>
        <p class="what">{name || (left ? words.leftWhat : words.admitted)}</p>
        {answer.decision.again && <p class="mark-again">{words.again}</p>}
        {unrecorded && <p class="note">{words.notRecorded}</p>}
      </div>
      {unrecorded && (
        <div class="actions">
          <Next onNext={onNext} />
        </div>
      )}
      <SmallPrint answer={answer} />
    </Overlay>
  )
}

/** What the help desk is told where the decision itself was a yes. */
const codes: Partial<Record<Cause, string>> = { photo_mismatch: 'photo_mismatch', revoked_now: 'status_revoked', suspended_now: 'status_suspended' }

interface StopProps {
  shown: Extract<Shown, { kind: 'stop' }>
  help: NonNullable<View['settings']>['help'] | undefined
  onNext: () => void
}

/** No, or nobody can tell. It stays until it is touched. */
export function Stop({ shown, help, onNext }: StopProps) {
  const words = useWords()
  const text = useText()
  const { answer, cause, verdict, unrecorded } = shown
  const advice = useAdvice(cause)
  const [helping, setHelping] = useState(false)
  const badge = answer?.decision.badge
  const name = nameOf(badge ?? {})
  const concern = badge && concernLink(badge, cause === 'photo_mismatch' ? 'not_the_person' : undefined)
  return (
    <Overlay class={`verdict ${verdict}`} labelledBy="verdict" alert onEnter={onNext} onEscape={onNext}>
      <Shape verdict={verdict} />
      <div class="saying">
        <h1 id="verdict" tabIndex={-1}>
          {text.verdict[verdict]}
        </h1>
        <p class="what">{advice.what}</p>
        <p>{advice.next}</p>
        {name && <p class="name">{name}</p>}
        {unrecorded && <p class="note">{words.verdict.notRecorded}</p>}
      </div>
      <div class="actions">
        <Next onNext={onNext} />
        <button class="action quiet" type="button" aria-expanded={helping} onClick={() => setHelping(!helping)}>
          {words.verdict.help}
        </button>
      </div>
      {helping && <Help cause={cause} help={help} concern={concern} />}
      {verdict === 'no' && !helping && concern && <Tell link={concern} />}
      {answer && <SmallPrint answer={answer} code={codes[cause]} />}
    </Overlay>
  )
}

function Next({ onNext }: { onNext: () => void }) {
  const { verdict: words } = useWords()
  return (
    <button class="action" type="button" onClick={onNext}>
      {words.next}
    </button>
  )
}

interface HelpProps {
  cause: Cause
  help: StopProps['help']
  /** Where the issuer of the badge takes concerns; only there when the badge is proven. */
  concern: string | undefined
}

function Help({ cause, help, concern }: HelpProps) {
  const words = useWords()
  const section = useRef<HTMLDivElement>(null)
  useEffect(() => {
    section.current?.querySelector('h2')?.focus({ preventScroll: true })
    section.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <div class="help" ref={section}>
      <h2 tabIndex={-1}>
        {words.verdict.helpTitle}
      </h2>
      <ol>
        {helpFor(cause).map((step) => (
          <li key={step}>
            {words.help[step]}
            {step === 'call' && help?.phone && (
              <>
                {' '}
                <a href={`tel:${help.phone.replace(/[^+\d]/g, '')}`}>{help.phone}</a>
              </>
            )}
            {step === 'call' && help?.text && <span class="site-help">{help.text}</span>}
          </li>
        ))}
      </ol>
      {concern && <TellByPhone link={concern} />}
    </div>
  )
}

/** This page itself calls nobody but its own service: the guard follows the link. */
function Tell({ link }: { link: string }) {
  const { verdict: words } = useWords()
  return (
    <p class="tell">
      <a href={link} target="_blank" rel="noopener noreferrer">
        {words.tell}
      </a>
    </p>
  )
}

/** A tablet at a gate often reaches its own service alone; a phone reaches more. */
function TellByPhone({ link }: { link: string }) {
  const { verdict: words } = useWords()
  const picture = useMemo(() => drawText(link), [link])
  return (
    <section class="tell-by-phone" aria-labelledby="tell">
      <h2 id="tell">{words.tell}</h2>
      <p>{words.tellWhat}</p>
      <Tell link={link} />
      <svg viewBox={`0 0 ${picture.size} ${picture.size}`} role="img" aria-label={words.tell} shape-rendering="crispEdges">
        <rect width={picture.size} height={picture.size} />
        <path d={picture.path} />
      </svg>
    </section>
  )
}

/** For the help desk, which asks for it by telephone. */
function SmallPrint({ answer: { decision, by }, code }: { answer: Answer; code?: string | undefined }) {
  const words = useWords()
  const language = useLanguage()
  return (
    <p class="small-print">
      <code>{code ?? decision.code ?? decision.reason}</code> · {words.verdict.decision} <code>{decision.id.slice(0, 8)}</code> ·{' '}
      {by === 'service' ? words.verdict.byService : words.verdict.byGate}
      {decision.status && ` · ${words.camera.lists(distance(language, -decision.status.age_seconds))}`}
      {decision.bundle && ` · ${words.camera.bundle(distance(language, -decision.bundle.age_seconds))}`}
    </p>
  )
}

/** A door with an arrow out of it. */
function Leaving() {
  return (
    <svg class="shape" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
      <path class="plate" d="M14 6h44a6 6 0 0 1 6 6v18H54V16H24v68h30V70h10v18a6 6 0 0 1-6 6H14a6 6 0 0 1-6-6V12a6 6 0 0 1 6-6z" />
      <path class="plate" d="M38 43h34V30l24 20-24 20V57H38z" />
    </svg>
  )
}
