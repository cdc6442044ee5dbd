import { instant, useLanguage } from '../i18n/index.ts'
import { roles, type Proposal } from './contract.ts'
import { Who } from './parts.tsx'
import { useWords } from './words/index.ts'

/** People who are named; the others are a number, and all of them in what exactly would be done. */
const peopleNamed = 10

/** What a proposal does, in the reader's language; nothing for a kind that has no words. */
export function Effect({ proposal: { kind, payload = {} } }: { proposal: Proposal }) {
  const { proposals: text, door } = useWords()
  const language = useLanguage()
  const said = (name: string) => (typeof payload[name] === 'string' ? payload[name] : '')
  switch (kind) {
    case 'policy.change':
      return <p>{said('effective') ? text.policy(instant(language, said('effective'))) : text.policyAtOnce}</p>
    case 'key.change':
      return <p>{text.key}</p>
    case 'officer.set': {
      const role = roles.find((each) => each === said('role'))
      return <p>{text.appoint(said('subject'), role ? door.roles[role] : said('role'))}</p>
    }
    case 'officer.remove':
      return <p>{text.dismiss(said('subject'))}</p>
    case 'badges.revoke':
      return <Revoked people={Array.isArray(payload.people) ? payload.people.map(String) : []} />
  }
  return null
}

function Revoked({ people }: { people: string[] }) {
  const text = useWords().proposals
  const language = useLanguage()
  return (
    <>
      <p>{text.revoke(new Intl.NumberFormat(language).format(people.length))}</p>
      <ul>
        {people.slice(0, peopleNamed).map((each) => (
          <li key={each}>
            <Who person={each} />
          </li>
        ))}
        {people.length > peopleNamed && <li>…</li>}
      </ul>
    </>
  )
}
