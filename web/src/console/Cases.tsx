import { useState } from 'preact/hooks'
import { Advised } from '../ui/Advised.tsx'
import { Button } from '../ui/Button.tsx'
import type { Aim } from './aim.ts'
import { CaseCard } from './CaseCard.tsx'
import type { Case, CasePage } from './contract.ts'
import { OfficeError } from './failure.ts'
import { useOffice } from './office.ts'
import { Section } from './parts.tsx'
import { useLoad } from './useLoad.ts'
import { useWords } from './words/index.ts'

const casesAtOnce = 10
const mostCases = 1_000 // of one page of the issuer's

interface Found {
  cases: Case[]
  next?: number
  /** The case that a link led to is not there. */
  missing?: boolean
}

/** Customers' concerns that wait for the office, and the one that a letter linked to. */
export function Cases({ aim }: { aim: Aim | undefined }) {
  const words = useWords()
  const text = words.cases
  const { ask } = useOffice()
  const wanted = aim?.kind === 'case' ? aim.id : undefined
  const [limit, setLimit] = useState(casesAtOnce)
  // What was decided here stays in view until the page is loaded anew.
  const [decided, setDecided] = useState<ReadonlyMap<string, Case>>(new Map())
  const [loaded, again] = useLoad<Found>(async () => {
    const { cases, next } = await ask<CasePage>('GET', `/v1/cases?state=open&limit=${limit}`)
    const more = next !== undefined && { next }
    if (!wanted || cases.some(({ id }) => id === wanted)) return { cases, ...more }
    const linked = await ask<Case>('GET', `/v1/cases/${wanted}`).catch((error: unknown) => {
      if (error instanceof OfficeError && error.failure === 'changed') return undefined
      throw error
    })
    return linked ? { cases: [linked, ...cases], ...more } : { cases, missing: true, ...more }
  }, `${wanted} ${limit}`)
  return (
    <Section id="cases" title={text.title} loaded={loaded} onAgain={again}>
      {({ cases, next, missing }) => {
        const gone = [...decided.values()].filter(({ id }) => !cases.some((each) => each.id === id))
        const shown = [...cases, ...gone].map((each) => decided.get(each.id) ?? each)
        return (
          <>
            {missing && <Advised advice={text.missing} urgent />}
            {shown.length === 0 && <p>{text.none}</p>}
            {shown.map((each) => (
              <CaseCard
                key={each.id}
                concern={each}
                aimed={each.id === wanted}
                onDecided={(changed) => setDecided((before) => new Map(before).set(changed.id, changed))}
              />
            ))}
            {next !== undefined && limit < mostCases && (
              <Button kind="quiet" onClick={() => setLimit(limit + casesAtOnce)}>
                {words.more}
              </Button>
            )}
          </>
        )
      }}
    </Section>
  )
}
