import { useState } from 'preact/hooks'
import type { Advice } from '../i18n/index.ts'
import { Advised } from '../ui/Advised.tsx'
import { Button } from '../ui/Button.tsx'
import { categories, maxLine, maxText, type Category, type Concern } from './concern.ts'
import { useWords } from './words/index.ts'

interface FormProps {
  category: Category | undefined
  sending: boolean
  failed: Advice | undefined
  onSend: (concern: Concern) => void
}

/** Whoever stands at a gate has one thing to choose; all else is up to them. */
export function Form({ category: first, sending, failed, onSend }: FormProps) {
  const text = useWords()
  const [category, setCategory] = useState(first)
  const [written, setWritten] = useState({ text: '', name: '', organization: '', contact: '' })
  const write = (change: Partial<typeof written>) => setWritten((before) => ({ ...before, ...change }))
  return (
    <form
      class="card form"
      onSubmit={(event) => {
        event.preventDefault()
        if (category && !sending) onSend({ category, ...written })
      }}
    >
      <fieldset>
        <legend>{text.categoryTitle}</legend>
        {categories.map((each) => (
          <label key={each} class="choice">
            <input type="radio" name="category" value={each} required checked={each === category} onChange={() => setCategory(each)} />
            {text.categories[each]}
          </label>
        ))}
      </fieldset>
      <div class="field">
        <label for="text">{category === 'other' ? text.textLabel : text.textOptional}</label>
        <textarea
          id="text"
          rows={4}
          maxLength={maxText}
          required={category === 'other'}
          value={written.text}
          aria-describedby="text-hint"
          onInput={(event) => write({ text: event.currentTarget.value })}
        />
        <p id="text-hint" class="quiet">
          {text.textHint}
        </p>
      </div>
      <fieldset>
        <legend>{text.reporterTitle}</legend>
        <p class="quiet">{text.reporterHint}</p>
        <Line id="name" label={text.name} autocomplete="name" value={written.name} onInput={(name) => write({ name })} />
        <Line id="organization" label={text.organization} autocomplete="organization" value={written.organization} onInput={(organization) => write({ organization })} />
        <Line id="contact" label={text.contact} autocomplete="email" value={written.contact} onInput={(contact) => write({ contact })} />
      </fieldset>
      {failed && <Advised advice={failed} urgent />}
      <Button submit>{sending ? text.sending : text.send}</Button>
      <p role="status" class="unseen">
        {sending ? text.sending : ''}
      </p>
    </form>
  )
}

interface LineProps {
  id: string
  label: string
  autocomplete: 'name' | 'organization' | 'email'
  value: string
  onInput: (value: string) => void
}

function Line({ id, label, autocomplete, value, onInput }: LineProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="text" maxLength={maxLine} autocomplete={autocomplete} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </div>
  )
}
