import { useState } from 'preact/hooks'
import { Advised } from '../ui/Advised.tsx'
import { Button } from '../ui/Button.tsx'
import type { Aim } from './aim.ts'
import { Cases } from './Cases.tsx'
import type { Foreseen, Status } from './contract.ts'
import { Messages } from './Messages.tsx'
import { may, useOffice } from './office.ts'
import { Failed } from './parts.tsx'
import { Forecast, Program } from './Program.tsx'
import { Proposals } from './Proposals.tsx'
import { useAction, useLoad } from './useLoad.ts'
import { useQuiet } from './useQuiet.ts'
import { useWords } from './words/index.ts'

interface DeskProps {
  aim: Aim | undefined
  onSignOut: () => Promise<void>
  onQuiet: () => void
}

/** What an officer sees, by role: first what waits for somebody, then what is coming. */
export function Desk({ aim, onSignOut, onQuiet }: DeskProps) {
  const text = useWords()
  const { me, ask } = useOffice()
  const [changes, setChanges] = useState(0)
  const [status, statusAgain] = useLoad(() => ask<Status>('GET', '/v1/program/status'), String(changes))
  const [forecast, forecastAgain] = useLoad(() => ask<Foreseen[]>('GET', '/v1/program/forecast?days=30'))
  useQuiet(onQuiet)
  return (
    <>
      <h1>{text.title}</h1>
      <SignedIn onSignOut={onSignOut} />
      <Program status={status} forecast={forecast} onAgain={statusAgain} />
      {may(me, 'cases') ? <Cases aim={aim} /> : aim?.kind === 'case' && <Advised advice={text.cases.notYours} urgent />}
      {may(me, 'proposals') && <Proposals aim={aim} />}
      <Messages onSent={() => setChanges(changes + 1)} />
      <Forecast forecast={forecast} onAgain={forecastAgain} />
    </>
  )
}

function SignedIn({ onSignOut }: { onSignOut: () => Promise<void> }) {
  const words = useWords()
  const { me } = useOffice()
  const { working, error, run } = useAction()
  const { name, email, subject } = me.officer
  return (
    <>
      <div class="signed-in">
        <p>
          <strong>{name || email || subject}</strong> <span class="quiet">{words.door.roles[me.role]}</span>
        </p>
        <Button kind="quiet" onClick={() => run(onSignOut)}>
          {working ? words.working : words.door.signOut}
        </Button>
      </div>
      {error && <Failed error={error} />}
    </>
  )
}
