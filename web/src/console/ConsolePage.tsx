import { useEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { Working } from '../ui/Working.tsx'
import { keepAim, readAim, type Aim } from './aim.ts'
import { call, type Ask } from './call.ts'
import type { Me } from './contract.ts'
import { Desk } from './Desk.tsx'
import { Door, type Outside } from './Door.tsx'
import { failureOf, OfficeError } from './failure.ts'
import { directory, OfficeContext, type Office } from './office.ts'
import { Failed } from './parts.tsx'
import type { Told } from './told.ts'
import { useWords, words } from './words/index.ts'

/** Where the browser is sent to the identity provider; back from it, it is sent here. */
const signInPath = '/office/sign-in'

/** The program office: what waits for somebody, and who will lapse. */
export function ConsolePage({ told, aim }: { told: Told; aim: Aim | undefined }) {
  return (
    <Page title={(_, language) => words[language].title}>
      <Console told={told} aim={aim} />
    </Page>
  )
}

type State = { kind: 'loading' } | { kind: 'failed'; error: OfficeError } | { kind: 'outside'; why: Outside } | { kind: 'away' } | { kind: 'inside'; office: Office }

function Console({ told, aim: first }: { told: Told; aim: Aim | undefined }) {
  const text = useWords()
  const [state, setState] = useState<State>({ kind: 'loading' })
  const aim = useAim(first)
  const opened = useRef(false)

  const ask: Ask = async (method, path, body) => {
    try {
      return await call(method, path, body)
    } catch (error) {
      if (error instanceof OfficeError && error.failure === 'ended') setState({ kind: 'outside', why: { kind: 'ended' } })
      throw error
    }
  }
  const signIn = (fresh: boolean, forAim = aim) => {
    keepAim(forAim)
    location.assign(fresh ? `${signInPath}?fresh=1` : signInPath)
  }
  const open = async () => {
    setState({ kind: 'loading' })
    try {
      const me = await call<Me>('GET', '/v1/me')
      opened.current = true
      setState({ kind: 'inside', office: { me, ask, person: directory(ask), signInFor: (goal) => signIn(true, goal) } })
    } catch (error) {
      const failed = failureOf(error)
      const why: Outside = { kind: opened.current ? 'ended' : 'new' }
      setState(failed.failure === 'ended' ? { kind: 'outside', why } : { kind: 'failed', error: failed })
    }
  }
  const signOut = async () => {
    const { provider } = await call<{ provider?: string }>('POST', '/office/sign-out', { everywhere: false })
    opened.current = false
    setState({ kind: 'outside', why: { kind: 'left', provider: provider?.startsWith('https://') ? provider : undefined } })
  }
  useEffect(() => {
    // Without a provider, or after it refused, there is no session to look for.
    if (told.signIn && !told.refused) void open()
    else setState({ kind: 'outside', why: { kind: 'new' } })
  }, [])

  switch (state.kind) {
    case 'loading':
      return <Working>{text.loading}</Working>
    case 'failed':
      return (
        <>
          <h1>{text.title}</h1>
          <Failed error={state.error} />
          <Button onClick={() => void open()}>{text.again}</Button>
        </>
      )
    case 'outside':
      return <Door told={told} outside={state.why} onSignIn={signIn} />
    case 'away':
      return (
        <>
          <h1>{text.title}</h1>
          <p class="notice" role="status">
            {text.door.away}
          </p>
          <Button onClick={() => void open()}>{text.door.showAgain}</Button>
        </>
      )
    case 'inside':
      return (
        <OfficeContext.Provider value={state.office}>
          <Desk aim={aim} onSignOut={signOut} onQuiet={() => setState({ kind: 'away' })} />
        </OfficeContext.Provider>
      )
  }
}

/** A link that is followed in the tab that is there changes the fragment alone. */
function useAim(first: Aim | undefined): Aim | undefined {
  const [aim, setAim] = useState(first)
  useEffect(() => {
    const onHash = () => setAim(readAim(location.hash))
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  return aim
}
