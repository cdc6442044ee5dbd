import { useRef, useState } from 'preact/hooks'
import { distance, moment, useLanguage } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { carryTrouble, type CarryTrouble } from '../carried.ts'
import type { Root } from '../contract.ts'
import type { Keeper } from '../keeper.ts'
import { useWords } from '../words/index.ts'
import { Notice } from './Pairing.tsx'

/** The bundles that this gate rests on, and how a newer one comes to where there is no network. */
export function Bundles({ bundles, keeper }: { bundles: Root[]; keeper: Keeper }) {
  const { about: words } = useWords()
  const language = useLanguage()
  return (
    <section>
      <h2>{words.bundleTitle}</h2>
      <ul>
        {bundles.map(({ root, issuer, number, issued_at, expires_at }) => (
          <li key={root}>
            <strong>{words.bundleNumber(String(number))}</strong> <code class="address">{issuer}</code>{' '}
            {words.bundleOf(distance(language, (Date.parse(issued_at) - keeper.now()) / 1000), moment(language, Date.parse(expires_at) / 1000))}
          </li>
        ))}
      </ul>
      <p>{words.bundlePickWhat}</p>
      <Picker keeper={keeper} />
    </section>
  )
}

type Outcome = { taken: Root[] } | { trouble: CarryTrouble } | 'working' | undefined

function Picker({ keeper }: { keeper: Keeper }) {
  const { about: words } = useWords()
  const file = useRef<HTMLInputElement>(null)
  const [outcome, setOutcome] = useState<Outcome>()
  const take = (bundle: Blob) => {
    setOutcome('working')
    keeper.carry(bundle).then(
      (taken) => setOutcome({ taken }),
      (error: unknown) => setOutcome({ trouble: carryTrouble(error) }),
    )
  }
  return (
    <>
      <div>
        <Button kind="quiet" onClick={() => outcome !== 'working' && file.current?.click()}>
          {words.bundlePick}
        </Button>
        <input
          ref={file}
          class="unseen"
          type="file"
          tabIndex={-1}
          aria-label={words.bundlePick}
          onChange={({ currentTarget }) => {
            const [bundle] = currentTarget.files ?? []
            currentTarget.value = '' // the same file may be chosen again
            if (bundle) take(bundle)
          }}
        />
      </div>
      <p class="bundle-outcome" role="status">
        {outcome === 'working' && words.bundleWorking}
        {typeof outcome === 'object' && 'taken' in outcome && words.bundleTaken(outcome.taken.map(({ number }) => number).join(', '))}
      </p>
      {typeof outcome === 'object' && 'trouble' in outcome && <Notice advice={words.bundleFailed[outcome.trouble]} />}
    </>
  )
}
