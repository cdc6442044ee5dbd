import { useState } from 'preact/hooks'
import { instant, useLanguage } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import type { Message } from './contract.ts'
import { may, useOffice } from './office.ts'
import { Failed, Said, Section, Who } from './parts.tsx'
import { useAction, useLoad } from './useLoad.ts'
import { useWords } from './words/index.ts'

/** Of each state so many are loaded, and of all so many shown at a time. */
const messagesLoaded = 100
const messagesAtOnce = 5

const isStuck = ({ state }: Message) => state === 'dead' || state === 'held'

/** What could not be delivered, and lock-outs that wait for somebody to confirm them. */
export function Messages({ onSent }: { onSent: () => void }) {
  const text = useWords().messages
  const { ask } = useOffice()
  const [loaded, again] = useLoad<Message[]>(async () => {
    const inState = (state: string) => ask<{ messages: Message[] }>('GET', `/v1/messages?state=${state}&limit=${messagesLoaded}`)
    const [held, dead] = await Promise.all([inState('held'), inState('dead')])
    return [...held.messages, ...dead.messages]
  })
  return (
    <Section id="messages" title={text.title} loaded={loaded} onAgain={again}>
      {(list) => <Stuck list={list} onSent={onSent} />}
    </Section>
  )
}

function Stuck({ list, onSent }: { list: Message[]; onSent: () => void }) {
  const words = useWords()
  const text = words.messages
  const { me, ask } = useOffice()
  const { working, error, run } = useAction()
  const [shown, setShown] = useState(messagesAtOnce)
  const [sent, setSent] = useState<ReadonlyMap<string, Message>>(new Map())
  const current = list.map((each) => sent.get(each.id) ?? each)
  const dead = current.filter(({ state }) => state === 'dead')

  const send = async (message: Message) => {
    const how = message.state === 'held' ? 'confirm' : 'resend'
    const changed = await ask<Message>('POST', `/v1/messages/${encodeURIComponent(message.id)}/${how}`, {})
    setSent((before) => new Map(before).set(changed.id, changed))
  }
  const sendAll = async () => {
    try {
      for (const each of dead) await send(each)
    } finally {
      onSent()
    }
  }
  return (
    <>
      {list.length === 0 && <p>{text.none}</p>}
      {current.slice(0, shown).map((each) => (
        <Row key={each.id} message={each} onSend={async () => send(each).then(onSent)} />
      ))}
      {error && <Failed error={error} />}
      <div class="doing">
        {list.length > shown && (
          <Button kind="quiet" onClick={() => setShown(shown + messagesAtOnce)}>
            {words.more}
          </Button>
        )}
        {dead.length > 1 && may(me, 'program:write') && (
          <Button kind="quiet" onClick={() => run(sendAll)}>
            {working ? words.working : text.resendAll(String(dead.length))}
          </Button>
        )}
      </div>
    </>
  )
}

function Row({ message, onSend }: { message: Message; onSend: () => Promise<void> }) {
  const words = useWords()
  const text = words.messages
  const language = useLanguage()
  const { me } = useOffice()
  const { working, error, run } = useAction()
  const title = `message-${message.id}`
  const isHeld = message.state === 'held'
  const facts = [
    `${text.recipient} ${text.to[message.to] ?? message.to} (${message.channel})`,
    message.settled_at && !isHeld && text.since(instant(language, message.settled_at)),
    message.attempts > 0 && text.attempts(String(message.attempts)),
  ]
  return (
    <article class="card matter" aria-labelledby={title}>
      <h3 id={title}>{text.kinds[message.kind as keyof typeof text.kinds] ?? message.kind}</h3>
      {message.person_id && (
        <p>
          {text.about} <Who person={message.person_id} />
        </p>
      )}
      <p class="quiet">{facts.filter(Boolean).join(' · ')}</p>
      {message.note && <Said>{message.note}</Said>}
      {isHeld && <p>{text.confirmWhat}</p>}
      {error && <Failed error={error} />}
      {isStuck(message) && may(me, 'program:write') && (
        <Button kind="quiet" onClick={() => run(onSend)}>
          {working ? words.working : isHeld ? text.confirm : text.resend}
        </Button>
      )}
      <p role="status">{!isStuck(message) && <strong>{text.queued}</strong>}</p>
    </article>
  )
}
