import { useText } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { Working } from '../ui/Working.tsx'
import { Enrol } from './Enrol.tsx'
import { BadgeError } from './failure.ts'
import { Holding } from './Holding.tsx'
import { Notice } from './Notice.tsx'
import type { Link } from './offer.ts'
import { useBadge } from './useBadge.ts'

export function BadgePage({ issuer, link }: { issuer: string; link: Link | undefined }) {
  return (
    <Page title={(text) => text.badge.title}>
      {canHold() ? <Phone issuer={issuer} link={link} /> : <Notice error={new BadgeError('old_browser')} />}
    </Page>
  )
}

/** WebCrypto is there over TLS only, and databases not in every private window. */
function canHold(): boolean {
  return isSecureContext && 'subtle' in crypto && 'indexedDB' in window && 'timeout' in AbortSignal
}

function Phone({ issuer, link }: { issuer: string; link: Link | undefined }) {
  const text = useText().badge
  const { state, clock, leftOut, open, enrol, renew, show, leaveOut } = useBadge(issuer, link)
  switch (state.kind) {
    case 'loading':
      return <Working>{text.loading}</Working>
    case 'stranger':
      return (
        <>
          <h1>{text.strangerTitle}</h1>
          <p>{text.strangerWhat}</p>
          <p class="quiet">{text.strangerNext}</p>
        </>
      )
    case 'invited':
      return (
        <>
          <Enrol issuer={issuer} refused={state.refused} working={state.working} replaces={state.holder !== undefined} onCode={(txCode) => void enrol(state.code, txCode)} />
          <Back holder={state.holder} onBack={show} />
        </>
      )
    case 'failed':
      return (
        <>
          <Notice error={state.error} />
          {(state.error.failure === 'offline' || state.error.failure === 'busy') && <Button onClick={() => void open()}>{text.again}</Button>}
          <Back holder={state.holder} onBack={show} />
        </>
      )
    case 'holder':
      return (
        <Holding
          holder={state.holder}
          clock={clock}
          leftOut={leftOut}
          renewing={state.renewing}
          failure={state.failure}
          onRenew={() => void renew()}
          onLeaveOut={leaveOut}
        />
      )
  }
}

function Back<T>({ holder, onBack }: { holder: T | undefined; onBack: (holder: T) => void }) {
  const text = useText().badge
  if (holder === undefined) return null
  return (
    <Button kind="quiet" onClick={() => onBack(holder)}>
      {text.back}
    </Button>
  )
}
