import { useEffect, useRef, useState } from 'preact/hooks'
import { instant, useLanguage } from '../i18n/index.ts'
import { Advised } from '../ui/Advised.tsx'
import { Button } from '../ui/Button.tsx'
import { Disclosure } from '../ui/Disclosure.tsx'
import type { Proposal } from './contract.ts'
import type { OfficeError } from './failure.ts'
import { useOffice } from './office.ts'
import { Fact, Facts, Failed, Said } from './parts.tsx'
import { Effect } from './ProposalEffect.tsx'
import { useAction } from './useLoad.ts'
import { useWords } from './words/index.ts'

/** Characters of why something is refused; in UTF-8 they are never more bytes than the issuer takes. */
const maxWhy = 120

interface ProposalCardProps {
  proposal: Proposal
  officers: ReadonlyMap<string, string>
  aimed: boolean
  onDecided: (changed: Proposal) => void
}

/** What somebody proposes, in words and to the letter, and the two ways to decide. */
export function ProposalCard({ proposal, officers, aimed, onDecided }: ProposalCardProps) {
  const text = useWords().proposals
  const language = useLanguage()
  const { me } = useOffice()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (aimed) heading.current?.focus()
  }, [aimed])
  const title = `proposal-${proposal.id}`
  const isOwn = proposal.officer === me.officer.id
  return (
    <article class="card matter" aria-labelledby={title}>
      <h3 id={title} ref={heading} tabIndex={-1}>
        {text.kinds[proposal.kind as keyof typeof text.kinds] ?? proposal.kind}
      </h3>
      <Facts>
        <Fact label={text.does}>
          <Effect proposal={proposal} />
          <Said>{proposal.summary}</Said>
        </Fact>
        <Fact label={text.reason}>
          <q class="words">{proposal.reason}</q>
        </Fact>
        <Fact label={text.proposer}>{isOwn ? text.you : proposerOf(proposal, officers, text)}</Fact>
        <Fact label={text.until}>{instant(language, proposal.expires_at)}</Fact>
      </Facts>
      {proposal.payload && (
        <Disclosure summary={text.exactly}>
          <pre class="exactly" tabIndex={0} aria-label={text.exactly}>
            {letterOf(proposal.payload)}
          </pre>
        </Disclosure>
      )}
      <p role="status">{proposal.state !== 'open' && <strong>{text.states[proposal.state]}</strong>}</p>
      {proposal.failure && <Said>{proposal.failure}</Said>}
      {proposal.state === 'open' && <Decision proposal={proposal} isOwn={isOwn} onDecided={onDecided} />}
    </article>
  )
}

/** A payload as it is to be read: a policy's text with its lines, the rest as JSON. */
function letterOf({ policy, ...others }: Record<string, unknown>): string {
  const rest = Object.keys(others).length > 0 ? JSON.stringify(others, null, 2) : ''
  return [rest, typeof policy === 'string' ? policy : ''].filter(Boolean).join('\n\n')
}

function proposerOf({ proposed_by: by, officer }: Proposal, officers: ReadonlyMap<string, string>, text: Record<'officer' | 'token' | 'operator', string>): string {
  const name = officer && officers.get(officer)
  const what = by.startsWith('token:') ? text.token : by.startsWith('officer:') ? text.officer : text.operator
  if (!name) return what
  return by.startsWith('token:') ? `${what} (${name})` : name
}

function Decision({ proposal, isOwn, onDecided }: { proposal: Proposal; isOwn: boolean } & Pick<ProposalCardProps, 'onDecided'>) {
  const words = useWords()
  const text = words.proposals
  const { me, ask } = useOffice()
  const { working, error, run } = useAction()
  const decide = (how: 'approve' | 'reject' | 'withdraw', body: object) => run(async () => onDecided(await ask<Proposal>('POST', `/v1/proposals/${proposal.id}/${how}`, body)))
  if (isOwn)
    return (
      <>
        <p>{text.own}</p>
        {error && <Refused proposal={proposal} error={error} />}
        <Button kind="quiet" onClick={() => decide('withdraw', {})}>
          {working ? words.working : text.withdraw}
        </Button>
      </>
    )
  if (me.role !== 'admin') return <p>{text.admins}</p>
  return (
    <>
      {error && <Refused proposal={proposal} error={error} />}
      <Disclosure summary={text.approve}>
        {me.session.authenticated_at ? (
          <>
            <p>{text.approveWhat}</p>
            <Button onClick={() => decide('approve', {})}>{working ? words.working : text.approveNow}</Button>
          </>
        ) : (
          <Advised advice={words.failed.fresh}>
            <SignInAgain proposal={proposal} />
          </Advised>
        )}
      </Disclosure>
      <Disclosure summary={text.refuse}>
        <Refusal id={proposal.id} working={working} onRefuse={(note) => decide('reject', { note })} />
      </Disclosure>
    </>
  )
}

function Refused({ proposal, error }: { proposal: Proposal; error: OfficeError }) {
  return <Failed error={error}>{error.failure === 'fresh' && <SignInAgain proposal={proposal} />}</Failed>
}

/** Approving takes a sign-in of these minutes, from which the page comes back to the proposal. */
function SignInAgain({ proposal }: { proposal: Proposal }) {
  const { door } = useWords()
  const { signInFor } = useOffice()
  return (
    <p>
      <Button onClick={() => signInFor({ kind: 'proposal', id: proposal.id })}>{door.signInAgain}</Button>
    </p>
  )
}

function Refusal({ id, working, onRefuse }: { id: string; working: boolean; onRefuse: (note: string) => void }) {
  const words = useWords()
  const text = words.proposals
  const [note, setNote] = useState('')
  const field = `why-${id}`
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault()
        if (note.trim()) onRefuse(note.trim())
      }}
    >
      <div class="field">
        <label for={field}>{text.refuseNote}</label>
        <textarea id={field} rows={2} maxLength={maxWhy} required value={note} aria-describedby={`${field}-hint`} onInput={(event) => setNote(event.currentTarget.value)} />
        <p id={`${field}-hint`} class="quiet">
          {text.refuseHint}
        </p>
      </div>
      <Button submit>{working ? words.working : text.refuseNow}</Button>
    </form>
  )
}
