import { useEffect, useState } from 'preact/hooks'
import { distance, instant, useLanguage, useText } from '../../i18n/index.ts'
import { Icon } from '../Icon.tsx'
import type { Keeper, View } from '../keeper.ts'
import { nameOf } from '../present.ts'
import { checkOut } from '../record.ts'
import type { Presence } from '../contract.ts'
import { count, useWords } from '../words/index.ts'
import { Sheet } from './Sheet.tsx'

/** Who is on site now: for an evacuation, also on paper and without connection. */
export function Present({ view, keeper, onBack }: { view: View; keeper: Keeper; onBack: () => void }) {
  const { present: words } = useWords()
  const language = useLanguage()
  useEffect(() => void keeper.refresh(), [keeper])
  const { present, gate, reachable, unsent } = view
  return (
    <Sheet class="present" title={words.title} onBack={onBack}>
      {present === undefined ? (
        <p class="notice">{words.never}</p>
      ) : (
        <>
          <div class="headline">
            <p class="number">{words.count(count(language, present.people.length))}</p>
            <button class="button quiet print" type="button" onClick={() => print()}>
              <Icon name="print" /> {words.print}
            </button>
          </div>
          <p>
            {gate?.site && <strong>{gate.site} · </strong>}
            {words.asOf(instant(language, present.at), distance(language, (Date.parse(present.at) - keeper.now()) / 1000))}
          </p>
          {!reachable && <p class="notice">{words.offline}</p>}
          {unsent > 0 && <p class="quiet">{words.withUnsent(count(language, unsent))}</p>}
          {present.people.length === 0 ? <p>{words.nobody}</p> : <People people={present.people} onLeft={(each) => void keeper.record(checkOut(each.visit, each.badge, keeper.now()))} />}
        </>
      )}
    </Sheet>
  )
}

function People({ people, onLeft }: { people: Presence[]; onLeft: (person: Presence) => void }) {
  const { present: words } = useWords()
  return (
    <table class="people">
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.organization}</th>
          <th scope="col">{words.since}</th>
          <th scope="col">{words.gate}</th>
          <td class="doing" />
        </tr>
      </thead>
      <tbody>
        {people.map((each) => (
          <Person key={`${each.badge.issuer} ${each.badge.subject}`} person={each} onLeft={() => onLeft(each)} />
        ))}
      </tbody>
    </table>
  )
}

function Person({ person, onLeft }: { person: Presence; onLeft: () => void }) {
  const { present: words } = useWords()
  const { check } = useText()
  const language = useLanguage()
  const [asking, setAsking] = useState(false)
  const name = nameOf(person.badge) || check.unnamed
  return (
    <tr>
      <th scope="row">
        {name}
        {person.ended && <span class="chip failed">{words[person.ended]}</span>}
        {person.overdue && <span class="chip warned">{words.overdue}</span>}
      </th>
      <td>{person.badge.organization}</td>
      <td>{instant(language, person.since)}</td>
      <td>{person.gate}</td>
      <td class="doing">
        {/* Asked twice: a list that lacks somebody who is there is worse than one too long. */}
        {asking ? (
          <button class="button" type="button" onClick={onLeft} onBlur={() => setAsking(false)}>
            {words.really(name)}
          </button>
        ) : (
          <button class="button quiet" type="button" aria-label={words.checkOutOf(name)} onClick={() => setAsking(true)}>
            {words.checkOut}
          </button>
        )}
      </td>
    </tr>
  )
}
