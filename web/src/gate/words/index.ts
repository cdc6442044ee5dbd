import { useLanguage, useText, type Advice, type Language, type Messages } from '../../i18n/index.ts'
import type { Cause } from '../help.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import type { GateCause, Words } from './words.ts'

export type { Words } from './words.ts'

export const words = { en, fr, de, es } satisfies Record<Language, Words>

export function useWords(): Words {
  return words[useLanguage()]
}

/** What a cause is called, and what to do first. */
export function useAdvice(cause: Cause): Advice {
  return adviceFor(cause, useWords(), useText())
}

export function adviceFor(cause: Cause, { reason }: Words, text: Messages): Advice {
  return isOwn(cause, reason) ? reason[cause] : text.reason[cause]
}

function isOwn(cause: Cause, reason: Words['reason']): cause is GateCause {
  return Object.hasOwn(reason, cause)
}

const lengths: [unit: string, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** A length of time in the largest unit that it fills: "15 minutes". */
export function duration(language: Language, seconds: number): string {
  const whole = Math.abs(Math.round(seconds))
  const [unit, length] = lengths.find(([, each]) => whole >= each) ?? ['second', 1]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.floor(whole / length))
}

export function count(language: Language, number: number): string {
  return new Intl.NumberFormat(language).format(number)
}
