import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import type { Messages } from './messages.ts'

export type { Advice, Messages } from './messages.ts'

export const messages = { en, fr, de, es } satisfies Record<string, Messages>
export type Language = keyof typeof messages

/** Each language in its own words, for the one who reads no other. */
export const languageNames: Record<Language, string> = {
  en: 'English',
  fr: 'Français',
  de: 'Deutsch',
  es: 'Español',
}

export const languages = Object.keys(messages) as Language[]

export function isLanguage(text: string): text is Language {
  return Object.hasOwn(messages, text)
}

/** The first of the reader's languages that there is, or English. */
export function choose(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0] ?? ''
    if (isLanguage(language)) return language
  }
  return 'en'
}

export const LanguageContext = createContext<Language>('en')

export function useText(): Messages {
  return messages[useContext(LanguageContext)]
}

export function useLanguage(): Language {
  return useContext(LanguageContext)
}

/**
 * The reader's own kind of that language: 3/4 is in March for some who read
 * English and in April for others.
 */
export function localeOf(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language
}

function dates(language: Language, style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(localeOf(language, navigator.languages), style)
}

/** An instant, to the minute, where the reader is. */
export function instant(language: Language, time: string): string {
  return dates(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))
}

export function day(language: Language, time: string): string {
  return dates(language, { dateStyle: 'medium' }).format(new Date(time))
}

/** An instant by its day of the week where that says which, else by its date; in seconds since 1970. */
export function moment(language: Language, seconds: number): string {
  const near = Math.abs(seconds - Date.now() / 1000) < 6 * 86_400
  return dates(language, near ? { weekday: 'long', hour: 'numeric', minute: '2-digit' } : { dateStyle: 'medium', timeStyle: 'short' }).format(seconds * 1000)
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** A distance in time, in the largest unit that it fills: "in 5 hours", "12 seconds ago". */
export function distance(language: Language, seconds: number): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'always' })
  const whole = Math.trunc(seconds)
  for (const [unit, length] of steps) {
    if (Math.abs(whole) >= length) return format.format(Math.trunc(whole / length), unit)
  }
  return format.format(-0, 'second')
}
