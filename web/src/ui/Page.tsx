import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { choose, isLanguage, LanguageContext, languageNames, languages, messages, type Language, type Messages } from '../i18n/index.ts'

/**
 * The frame of every page, and the language of what is in it. The choice is not
 * kept: the next reader of the same phone has the browser's language again.
 */
export function Page({ title, children }: { title: (text: Messages, language: Language) => string; children: ComponentChildren }) {
  const [language, setLanguage] = useState<Language>(() => choose(navigator.languages))
  useEffect(() => {
    document.documentElement.lang = language
    document.title = `${title(messages[language], language)} · Cyber Badge`
  }, [language, title])
  return (
    <LanguageContext.Provider value={language}>
      <header class="bar">
        <span class="brand">
          <Mark /> Cyber Badge
        </span>
        <LanguagePicker language={language} onChange={setLanguage} />
      </header>
      <main class="page">{children}</main>
    </LanguageContext.Provider>
  )
}

function Mark() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="sheet" x="5" y="2" width="22" height="28" rx="4" />
      <path class="ink" d="M13 5h6v2h-6zM16 10a4 4 0 110 8 4 4 0 010-8zM9 26c0-4 3-6 7-6s7 2 7 6z" />
    </svg>
  )
}

function LanguagePicker({ language, onChange }: { language: Language; onChange: (language: Language) => void }) {
  return (
    <select
      class="language"
      aria-label={messages[language].language}
      value={language}
      onChange={(event) => {
        if (isLanguage(event.currentTarget.value)) onChange(event.currentTarget.value)
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
