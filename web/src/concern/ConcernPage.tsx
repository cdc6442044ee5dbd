import { useEffect, useRef, useState } from 'preact/hooks'
import type { Advice } from '../i18n/index.ts'
import { Advised } from '../ui/Advised.tsx'
import { Page } from '../ui/Page.tsx'
import { ConcernError, raise, type Concern, type Failure } from './concern.ts'
import { Form } from './Form.tsx'
import { isOurs, takeReference, type Opened } from './reference.ts'
import { useWords, words } from './words/index.ts'

/** A customer says what is wrong with the person of a badge. */
export function ConcernPage({ opened }: { opened: Opened | undefined }) {
  return (
    <Page title={(_, language) => words[language].title}>
      <Raise opened={opened} />
    </Page>
  )
}

type State = { kind: 'writing'; failure?: Failure } | { kind: 'sending' } | { kind: 'sent'; receipt: string }

function Raise({ opened: first }: { opened: Opened | undefined }) {
  const text = useWords()
  const [opened, setOpened] = useState(first)
  const [state, setState] = useState<State>({ kind: 'writing' })
  useEffect(() => {
    // A link that is followed in the tab that is there changes the fragment alone.
    const onHash = () => {
      const next = takeReference()
      if (!next) return
      setOpened(next)
      setState({ kind: 'writing' })
    }
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  if (!opened) return <Missing advice={text.noReference} />
  if (!isOurs(opened.reference)) return <Missing advice={text.failed.foreign} />
  if (state.kind === 'sent') return <Sent receipt={state.receipt} />

  const send = async (concern: Concern) => {
    setState({ kind: 'sending' })
    try {
      setState({ kind: 'sent', receipt: await raise(opened.reference, concern) })
    } catch (error) {
      setState({ kind: 'writing', failure: error instanceof ConcernError ? error.failure : 'unavailable' })
    }
  }
  return (
    <>
      <h1>{text.title}</h1>
      <p>{text.what(location.host)}</p>
      <p class="notice">{text.urgent}</p>
      <Form
        key={`${opened.reference.list} ${opened.reference.index}`}
        category={opened.category}
        sending={state.kind === 'sending'}
        failed={state.kind === 'writing' && state.failure ? text.failed[state.failure] : undefined}
        onSend={(concern) => void send(concern)}
      />
      <p class="quiet">{text.privacy(location.host)}</p>
    </>
  )
}

function Missing({ advice }: { advice: Advice }) {
  const text = useWords()
  return (
    <>
      <h1>{text.title}</h1>
      <Advised advice={advice} />
    </>
  )
}

function Sent({ receipt }: { receipt: string }) {
  const text = useWords()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <section class="sent" role="status">
      <h1 ref={heading} tabIndex={-1}>
        {text.sent}
      </h1>
      <p>{text.receipt}</p>
      <p>
        <code class="receipt">{receipt}</code>
      </p>
      <p>{text.afterwards}</p>
    </section>
  )
}
