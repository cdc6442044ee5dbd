import type { ComponentChildren } from 'preact'
import { Advised } from '../ui/Advised.tsx'
import { Button } from '../ui/Button.tsx'
import type { OfficeError } from './failure.ts'
import { nameOf, useOffice } from './office.ts'
import { useLoad, type Loaded } from './useLoad.ts'
import { useWords } from './words/index.ts'

interface SectionProps<Value> {
  id: string
  title: string
  what?: string
  loaded: Loaded<Value>
  onAgain: () => void
  children: (value: Value) => ComponentChildren
}

/** A part of the page, whatever came of loading it. */
export function Section<Value>({ id, title, what, loaded, onAgain, children }: SectionProps<Value>) {
  const text = useWords()
  return (
    <section class="part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {what && <p class="quiet">{what}</p>}
      {loaded.kind === 'loading' && (
        <p class="quiet" role="status">
          {text.loading}
        </p>
      )}
      {loaded.kind === 'failed' && (
        <>
          <Failed error={loaded.error} />
          <Button kind="quiet" onClick={onAgain}>
            {text.again}
          </Button>
        </>
      )}
      {loaded.kind === 'ready' && children(loaded.value)}
    </section>
  )
}

export function Failed({ error, children }: { error: OfficeError; children?: ComponentChildren }) {
  const text = useWords()
  return (
    <Advised advice={text.failed[error.failure]} urgent>
      {error.detail && error.failure !== 'offline' && <Said>{error.detail}</Said>}
      {error.request && <p class="small">{text.support(error.request)}</p>}
      {children}
    </Advised>
  )
}

/** Words of the program itself, which has one language. */
export function Said({ children }: { children: ComponentChildren }) {
  const text = useWords()
  return (
    <p class="small">
      {text.inEnglish} <q lang="en">{children}</q>
    </p>
  )
}

/** A person by name, with the number by which everybody else knows them. */
export function Who({ person }: { person: string }) {
  const office = useOffice()
  const [found] = useLoad(() => office.person(person), person)
  if (found.kind !== 'ready') return <span class="person">{person}</span>
  return (
    <span class="person">
      <bdi>
        <strong>{nameOf(found.value)}</strong>
      </bdi>{' '}
      <span class="number">{found.value.external_id}</span>
    </span>
  )
}

export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>
}

export function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}
