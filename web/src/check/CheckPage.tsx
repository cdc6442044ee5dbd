import { useState } from 'preact/hooks'
import { useText } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { Result } from '../ui/Result.tsx'
import { Working } from '../ui/Working.tsx'
import { Answer } from './Answer.tsx'
import { Gate, Limits } from './Notes.tsx'
import { useCheck } from './useCheck.ts'

export function CheckPage({ scanned }: { scanned: string | undefined }) {
  return (
    <Page title={(text) => text.check.title}>
      <Check scanned={scanned} />
    </Page>
  )
}

function Check({ scanned }: { scanned: string | undefined }) {
  const text = useText().check
  const { state, check, clear } = useCheck(scanned)
  switch (state.kind) {
    case 'working':
      return <Working>{text.working}</Working>
    case 'failed':
      return (
        <>
          <Result verdict="unsure" advice={text.failed[state.failure]} />
          <Button onClick={() => void check(state.code)}>{text.again}</Button>
        </>
      )
    case 'decided':
      return (
        <>
          <Answer decision={state.decision} issuer={state.issuer} picture={state.picture} />
          <Button kind="quiet" onClick={() => clear()}>
            {text.another}
          </Button>
          <Limits />
          <Gate />
        </>
      )
    case 'idle':
      return (
        <>
          <h1>{text.title}</h1>
          {state.cleared && (
            <p class="notice" role="status">
              {text.cleared}
            </p>
          )}
          <p>{text.explanation}</p>
          <Paste onCode={(code) => void check(code)} />
          <p class="quiet">{text.privacy}</p>
          <Limits />
          <Gate />
        </>
      )
  }
}

function Paste({ onCode }: { onCode: (code: string) => void }) {
  const text = useText().check
  const [code, setCode] = useState('')
  const trimmed = code.trim()
  return (
    <form
      class="card paste"
      onSubmit={(event) => {
        event.preventDefault()
        if (trimmed) onCode(trimmed)
      }}
    >
      <label for="code">{text.paste}</label>
      <textarea
        id="code"
        rows={3}
        value={code}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby="code-hint"
        required
        onInput={(event) => setCode(event.currentTarget.value)}
      />
      <p id="code-hint" class="quiet">
        {text.pasteHint}
      </p>
      <Button submit>{text.submit}</Button>
    </form>
  )
}
