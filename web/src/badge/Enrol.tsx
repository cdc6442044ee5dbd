import { useState } from 'preact/hooks'
import { useText } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import type { BadgeError } from './failure.ts'
import { Notice } from './Notice.tsx'

interface Properties {
  issuer: string
  refused: BadgeError | undefined
  working: boolean
  replaces: boolean
  onCode: (txCode: string) => void
}

/** Asks for the code that came another way than the link. */
export function Enrol({ issuer, refused, working, replaces, onCode }: Properties) {
  const text = useText().badge
  const [entered, setEntered] = useState('')
  const digits = entered.replace(/\s/g, '')
  const usedUp = refused?.failure === 'used_up'
  return (
    <>
      <h1>{text.enrolTitle}</h1>
      <p>{text.enrolWhat(new URL(issuer).host)}</p>
      {replaces && <p class="quiet">{text.replaces}</p>}
      {refused && <Notice error={refused} />}
      {!usedUp && (
        <form
          class="card code-entry"
          onSubmit={(event) => {
            event.preventDefault()
            if (!working && /^\d{6}$/.test(digits)) onCode(digits)
          }}
        >
          <label for="tx-code">{text.codeLabel}</label>
          <input
            id="tx-code"
            inputMode="numeric"
            autocomplete="one-time-code"
            pattern="\s*(\d\s*){6}"
            title={text.codeHint}
            maxLength={12}
            required
            value={entered}
            aria-describedby="tx-code-hint"
            onInput={(event) => setEntered(event.currentTarget.value)}
          />
          <p id="tx-code-hint" class="quiet">
            {text.codeHint}
          </p>
          <Button submit>{working ? text.enrolling : text.enrol}</Button>
          <p role="status" class="unseen">
            {working ? text.enrolling : ''}
          </p>
        </form>
      )}
    </>
  )
}
