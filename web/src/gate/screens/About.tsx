import type { ComponentChildren } from 'preact'
import { distance, isLanguage, languageNames, languages, useLanguage, useText, type Language } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { Disclosure } from '../../ui/Disclosure.tsx'
import type { Keeper, View } from '../keeper.ts'
import { count, duration, useWords } from '../words/index.ts'
import { Bundles } from './Bundles.tsx'
import { Sheet } from './Sheet.tsx'

interface AboutProps {
  view: View
  keeper: Keeper
  muted: boolean
  onMuted: (muted: boolean) => void
  onLanguage: (language: Language) => void
  onBack: () => void
}

/** What this gate is, holds and keeps; and how it ends. */
export function About({ view, keeper, muted, onMuted, onLanguage, onBack }: AboutProps) {
  const { about: words, camera } = useWords()
  const { access, language: languageLabel } = useText()
  const language = useLanguage()
  const { gate, unsent } = view
  return (
    <Sheet class="about" title={words.title} onBack={onBack}>
      {gate && (
        <dl class="facts">
          <Fact label={words.gate}>{gate.name}</Fact>
          <Fact label={camera.siteLabel}>{gate.site || camera.noSite}</Fact>
          <Fact label={camera.policyLabel}>
            {access[gate.access]} · {gate.policy || camera.ownPolicy}
          </Fact>
          <Fact label={words.id}>
            <code>{gate.id}</code>
          </Fact>
          <Fact label={words.version}>
            <code>{pageVersion()}</code>
          </Fact>
        </dl>
      )}
      <div class="choices">
        <label>
          {languageLabel}
          <LanguagePicker onLanguage={onLanguage} />
        </label>
        <label class="check">
          <input type="checkbox" checked={!muted} onChange={({ currentTarget }) => onMuted(!currentTarget.checked)} />
          {muted ? words.soundOff : words.soundOn}
        </label>
      </div>
      <Lists view={view} now={keeper.now()} />
      {view.bundles.length > 0 && <Bundles bundles={view.bundles} keeper={keeper} />}
      <Register view={view} onDismiss={() => void keeper.dismissRefusals()} />
      <p class="quiet">{words.privacy}</p>
      <Disclosure summary={words.unpair}>
        <p>{words.unpairWhat}</p>
        {unsent > 0 && <p class="notice">{words.unpairUnsent(count(language, unsent))}</p>}
        <Button onClick={() => void keeper.unpair()}>{words.unpair}</Button>
      </Disclosure>
    </Sheet>
  )
}

function Lists({ view, now }: { view: View; now: number }) {
  const { about: words } = useWords()
  const language = useLanguage()
  return (
    <section>
      <h2>{words.listsTitle}</h2>
      {view.lists.length === 0 ? (
        <p>{words.listsNone}</p>
      ) : (
        <ul>
          {view.lists.map(({ issuer, uri, issuedAt }) => (
            <li key={`${issuer} ${uri}`}>
              <code class="address">{uri}</code> {words.issued(distance(language, (Date.parse(issuedAt) - now) / 1000))}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Register({ view, onDismiss }: { view: View; onDismiss: () => void }) {
  const { about: words, camera } = useWords()
  const language = useLanguage()
  const { settings, unsent, elsewhere, refusals } = view
  return (
    <section>
      <h2>{words.registerTitle}</h2>
      <p>{settings?.register.on ? words.registerOn(duration(language, settings.register.retention_seconds)) : words.registerOff}</p>
      {unsent > 0 && <p>{camera.unsent(count(language, unsent))}</p>}
      {elsewhere > 0 && <p class="notice">{words.elsewhere(count(language, elsewhere))}</p>}
      {refusals && (
        <div class="notice">
          <p>{words.refused(count(language, refusals.count))}</p>
          <p class="small">{refusals.detail}</p>
          <Button kind="quiet" onClick={onDismiss}>
            {words.dismiss}
          </Button>
        </div>
      )}
    </section>
  )
}

export function LanguagePicker({ onLanguage }: { onLanguage: (language: Language) => void }) {
  const { language: label } = useText()
  const language = useLanguage()
  return (
    <select
      class="language"
      aria-label={label}
      value={language}
      onChange={({ currentTarget }) => {
        if (isLanguage(currentTarget.value)) onLanguage(currentTarget.value)
      }}
    >
      {languages.map((each) => (
        <option key={each} value={each} lang={each}>
          {languageNames[each]}
        </option>
      ))}
    </select>
  )
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The name of this script has its content's hash in it. */
function pageVersion(): string {
  return /-([\w-]+)\.js$/.exec(new URL(import.meta.url).pathname)?.[1] ?? '?'
}
