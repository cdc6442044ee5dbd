import { useEffect, useRef, useState } from 'preact/hooks'
import { instant, useLanguage } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { Disclosure } from '../ui/Disclosure.tsx'
import { outcomes, type Case, type Outcome } from './contract.ts'
import { useOffice } from './office.ts'
import { Fact, Facts, Failed, Who } from './parts.tsx'
import { useAction } from './useLoad.ts'
import { useWords } from './words/index.ts'

/** Characters of a note; in UTF-8 they are never more bytes than the issuer takes. */
const maxNote = 1_000

interface CaseCardProps {
  concern: Case
  /** A link led here. */
  aimed: boolean
  onDecided: (changed: Case) => void
}

/** A customer's concern in the customer's words, and what the office can do about it. */
export function CaseCard({ concern, aimed, onDecided }: CaseCardProps) {
  const text = useWords().cases
  const language = useLanguage()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (aimed) heading.current?.focus()
  }, [aimed])
  const { name, organization, contact } = concern.reporter
  const reporter = [name, organization, contact].filter(Boolean)
  const said = [
    concern.suspended_at && text.suspended(instant(language, concern.suspended_at)),
    concern.outcome && text.closed(text.outcomes[concern.outcome]),
  ].filter(Boolean)
  const title = `case-${concern.id}`
  return (
    <article class="card matter" aria-labelledby={title}>
      <h3 id={title} ref={heading} tabIndex={-1}>
        {text.categories[concern.category] ?? concern.category}
      </h3>
      <p class="quiet">{text.received(instant(language, concern.received_at))}</p>
      <Facts>
        <Fact label={text.person}>
          <Who person={concern.person_id} />
        </Fact>
        <Fact label={text.words}>{concern.text ? <q class="words">{concern.text}</q> : <span class="quiet">{text.noWords}</span>}</Fact>
        <Fact label={text.reporter}>{reporter.length > 0 ? reporter.join(' · ') : <span class="quiet">{text.nobody}</span>}</Fact>
      </Facts>
      <p role="status">{said.length > 0 && <strong>{said.join(' · ')}</strong>}</p>
      {concern.note && <p class="words">{concern.note}</p>}
      <Suspension concern={concern} onDecided={onDecided} />
      {concern.state === 'open' && <Closing concern={concern} onDecided={onDecided} />}
    </article>
  )
}

/** What can be undone is done at one press. */
function Suspension({ concern, onDecided }: Omit<CaseCardProps, 'aimed'>) {
  const words = useWords()
  const text = words.cases
  const { ask } = useOffice()
  const { working, error, run } = useAction()
  const decide = (what: 'suspend' | 'reinstate') => run(async () => onDecided(await ask<Case>('POST', `/v1/cases/${concern.id}/${what}`, {})))
  const suspended = concern.suspended_at !== undefined
  if (!suspended && concern.state !== 'open') return null
  return (
    <>
      {error && <Failed error={error} />}
      <div class="doing">
        <Button kind={suspended ? 'quiet' : 'main'} onClick={() => decide(suspended ? 'reinstate' : 'suspend')}>
          {working ? words.working : suspended ? text.reinstate : text.suspend}
        </Button>
        {!suspended && <p class="quiet">{text.suspendWhat}</p>}
      </div>
    </>
  )
}

function Closing({ concern, onDecided }: Omit<CaseCardProps, 'aimed'>) {
  const words = useWords()
  const text = words.cases
  const { ask } = useOffice()
  const { working, error, run } = useAction()
  const [outcome, setOutcome] = useState<Outcome>()
  const [note, setNote] = useState('')
  const id = `note-${concern.id}`
  return (
    <Disclosure summary={text.close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (outcome) run(async () => onDecided(await ask<Case>('POST', `/v1/cases/${concern.id}/close`, { outcome, note: note.trim() })))
        }}
      >
        <fieldset>
          <legend>{text.outcome}</legend>
          {outcomes.map((each) => (
            <label key={each} class="choice">
              <input type="radio" name={`outcome-${concern.id}`} value={each} required checked={each === outcome} onChange={() => setOutcome(each)} />
              <span>
                {text.outcomes[each]}
                <span class="effect">{text.effects[each]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="field">
          <label for={id}>{text.note}</label>
          <textarea id={id} rows={3} maxLength={maxNote} value={note} aria-describedby={`${id}-hint`} onInput={(event) => setNote(event.currentTarget.value)} />
          <p id={`${id}-hint`} class="quiet">
            {text.noteHint}
          </p>
        </div>
        {error && <Failed error={error} />}
        <Button submit>{working ? words.working : text.closeNow}</Button>
      </form>
    </Disclosure>
  )
}
