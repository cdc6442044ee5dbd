import type { Advice } from '../../i18n/index.ts'
import type { Category, Failure } from '../concern.ts'

/** The page's own texts. A language that lacks one, or has one too many, does not compile. */
export interface Words {
  title: string
  what: (issuer: string) => string
  urgent: string
  noReference: Advice
  categoryTitle: string
  categories: Record<Category, string>
  textLabel: string
  textOptional: string
  textHint: string
  reporterTitle: string
  reporterHint: string
  name: string
  organization: string
  contact: string
  privacy: (issuer: string) => string
  send: string
  sending: string
  sent: string
  receipt: string
  afterwards: string
  failed: Record<Failure, Advice>
}
