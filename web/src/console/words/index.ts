import { useLanguage, type Language } from '../../i18n/index.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import type { Words } from './words.ts'

export type { Words } from './words.ts'

export const words = { en, fr, de, es } satisfies Record<Language, Words>

export function useWords(): Words {
  return words[useLanguage()]
}
