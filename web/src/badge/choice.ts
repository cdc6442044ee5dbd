import { nameOf } from './badge.ts'

/** What a holder can leave out, each with the claims that go with it. */
export const choices = {
  name: ['given_name', 'family_name'],
  picture: ['picture', 'picture#integrity'],
  employee_number: ['employee_number'],
  organization: ['organization'],
  role: ['role'],
  training: ['training'],
  equipment: ['equipment'],
} as const satisfies Record<string, readonly string[]>

export type Choice = keyof typeof choices

export const allChoices = Object.keys(choices) as Choice[]

export function isChoice(text: string): text is Choice {
  return Object.hasOwn(choices, text)
}

/** The choices that a badge offers. */
export function offered(discloses: readonly string[]): Choice[] {
  return allChoices.filter((choice) => choices[choice].some((name) => discloses.includes(name)))
}

/**
 * The badge without what is left out. What this page has no words for is left out,
 * too: it could not say that the code reveals it.
 */
export function withhold(badge: string, leftOut: ReadonlySet<Choice>): string {
  const shown = new Set<string>(allChoices.filter((choice) => !leftOut.has(choice)).flatMap((choice) => choices[choice]))
  const [jwt = '', ...disclosures] = badge.split('~')
  return [jwt, ...disclosures.filter((each) => each !== '' && shown.has(nameOf(each))), ''].join('~')
}
