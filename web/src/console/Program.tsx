import { useState } from 'preact/hooks'
import { day, instant, useLanguage, useText, type Language } from '../i18n/index.ts'
import { readReason } from '../standing/reason.ts'
import { Button } from '../ui/Button.tsx'
import type { Foreseen, Status } from './contract.ts'
import { Section, Who } from './parts.tsx'
import type { Loaded } from './useLoad.ts'
import { useWords, type Words } from './words/index.ts'

const inFigures = (language: Language, count: number) => new Intl.NumberFormat(language).format(count)

interface ProgramProps {
  status: Loaded<Status>
  forecast: Loaded<Foreseen[]>
  onAgain: () => void
}

/** The program in five figures, and what else somebody should look at. */
export function Program({ status, forecast, onAgain }: ProgramProps) {
  const text = useWords().program
  const language = useLanguage()
  const lapsing = forecast.kind === 'ready' ? whoLapse(forecast.value) : undefined
  return (
    <Section id="program" title={text.title} loaded={status} onAgain={onAgain}>
      {({ people, phases, messages, without_manager: withoutManager, holds }) => (
        <>
          <dl class="figures">
            <Figure label={text.people} count={people - phases.left} />
            <Figure label={text.good} count={phases.good} />
            <Figure label={text.suspended} count={phases.suspended + phases.locked} />
            <Figure label={text.lapsing} count={lapsing} />
            <Figure label={text.dead} count={messages.dead} />
          </dl>
          <ul class="asides">
            {(
              [
                [messages.held, text.held],
                [withoutManager, text.withoutManager],
                [holds, text.holds],
                [phases.new + phases.unjudged, text.unjudged],
              ] as const
            ).map(([count, say]) => count > 0 && <li key={say}>{say(inFigures(language, count))}</li>)}
          </ul>
        </>
      )}
    </Section>
  )
}

/** How many people lose their badge; of one who lapses twice, one. */
export function whoLapse(list: Foreseen[]): number {
  return new Set(list.filter(({ ends }) => ends).map(({ person_id: id }) => id)).size
}

function Figure({ label, count }: { label: string; count: number | undefined }) {
  const language = useLanguage()
  return (
    <div>
      <dt>{label}</dt>
      <dd>{count === undefined ? '…' : inFigures(language, count)}</dd>
    </div>
  )
}

/** Each row asks for a name, so that few are shown at a time. */
const rowsAtOnce = 20

/** Who will lose what, when and why, and what follows. */
export function Forecast({ forecast, onAgain }: { forecast: Loaded<Foreseen[]>; onAgain: () => void }) {
  const words = useWords()
  const text = words.forecast
  const [rows, setRows] = useState(rowsAtOnce)
  return (
    <Section id="forecast" title={text.title} what={text.what} loaded={forecast} onAgain={onAgain}>
      {(list) => (
        <>
          {list.length === 0 && <p>{text.none}</p>}
          <ul class="rows">
            {list.slice(0, rows).map((each) => (
              <Ahead key={`${each.person_id} ${each.at} ${each.reasons.join()}`} foreseen={each} />
            ))}
          </ul>
          {list.length > rows && (
            <Button kind="quiet" onClick={() => setRows(rows + rowsAtOnce)}>
              {words.more}
            </Button>
          )}
        </>
      )}
    </Section>
  )
}

function Ahead({ foreseen }: { foreseen: Foreseen }) {
  const text = useWords().forecast
  const { access } = useText()
  const language = useLanguage()
  const { at, loses, ends, held_until: held, suspends_at: suspends, locks_at: locks } = foreseen
  const named = loses.map((each) => (each === 'onsite' || each === 'remote' ? access[each] : each)).join(', ')
  return (
    <li>
      <div>
        <Who person={foreseen.person_id} />
        <span class="why">{foreseen.reasons.map((each) => sayReason(each, text)).join(' · ')}</span>
      </div>
      <div>
        <time dateTime={at}>{instant(language, at)}</time>
        <span class="follows">{ends ? text.losesAll : text.loses(named)}</span>
        {held && <span class="follows">{text.heldUntil(instant(language, held))}</span>}
        {suspends && suspends !== at && <span class="follows">{text.suspends(instant(language, suspends))}</span>}
        {locks && <span class="follows">{text.locks(day(language, locks))}</span>}
      </div>
    </li>
  )
}

/** A reason in words; one that is not known, as the issuer writes it. */
export function sayReason(text: string, { reasons }: Words['forecast']): string {
  const reason = readReason(text)
  return reason ? reasons[reason.kind](reason.about) : text
}
