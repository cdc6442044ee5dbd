import { useState } from 'preact/hooks'
import { Advised } from '../ui/Advised.tsx'
import type { Aim } from './aim.ts'
import type { Officer, Proposal } from './contract.ts'
import { may, useOffice } from './office.ts'
import { Section } from './parts.tsx'
import { ProposalCard } from './ProposalCard.tsx'
import { useLoad } from './useLoad.ts'
import { useWords } from './words/index.ts'

/** Of the newest proposals those that are open; a program has few at a time. */
const proposalsLookedAt = 200

interface Found {
  proposals: Proposal[]
  /** Names of officers by their ids, for who may know them. */
  officers: ReadonlyMap<string, string>
}

/** What takes two, with all that a second officer has to know. */
export function Proposals({ aim }: { aim: Aim | undefined }) {
  const text = useWords().proposals
  const { me, ask } = useOffice()
  const wanted = aim?.kind === 'proposal' ? aim.id : undefined
  const [decided, setDecided] = useState<ReadonlyMap<string, Proposal>>(new Map())
  const [loaded, again] = useLoad<Found>(async () => {
    const { proposals } = await ask<{ proposals: Proposal[] }>('GET', `/v1/proposals?limit=${proposalsLookedAt}`)
    const open = proposals.filter(({ state }) => state === 'open')
    // A list leaves out what exactly would be done.
    const whole = await Promise.all(open.map(({ id }) => ask<Proposal>('GET', `/v1/proposals/${id}`)))
    const { officers } = may(me, 'officers') ? await ask<{ officers: Officer[] }>('GET', '/v1/officers') : { officers: [] }
    return { proposals: whole, officers: new Map(officers.map(({ id, name, email, subject }) => [id, name || email || subject])) }
  })
  return (
    <Section id="proposals" title={text.title} loaded={loaded} onAgain={again}>
      {({ proposals, officers }) => (
        <>
          {wanted && !proposals.some(({ id }) => id === wanted) && <Advised advice={text.missing} urgent />}
          {proposals.length === 0 && <p>{text.none}</p>}
          {proposals.map((each) => (
            <ProposalCard
              key={each.id}
              proposal={decided.get(each.id) ?? each}
              officers={officers}
              aimed={each.id === wanted}
              onDecided={(changed) => setDecided((before) => new Map(before).set(changed.id, changed))}
            />
          ))}
        </>
      )}
    </Section>
  )
}
