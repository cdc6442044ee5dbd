import { expect, test } from 'vitest'
import { languages, messages } from '../../i18n/index.ts'
import { testTexts } from '../../i18n/kit.ts'
import { verdicts, type Reason } from '../../verifier/decision.ts'
import { helpFor, type Cause } from '../help.ts'
import { adviceFor, duration, words } from './index.ts'

const causes: Cause[] = [...(Object.keys(verdicts) as Reason[]), 'revoked_now', 'suspended_now', 'bundle_ended', 'photo_mismatch', 'undecided', 'not_checked_out']

testTexts(words, { shared: { de: ['.present.name'] } })

test.each(languages)('%s has words for every reason, and help that leads to nobody coming in without green', (language) => {
  for (const cause of causes) {
    const { what, next } = adviceFor(cause, words[language], messages[language])
    expect(what, cause).not.toBe('')
    expect(next, cause).not.toBe('')
    const steps = helpFor(cause)
    expect(new Set(steps).size, cause).toBe(steps.length)
    expect(steps.map((step) => words[language].help[step]).every(Boolean), cause).toBe(true)
    if (cause !== 'not_checked_out') expect(steps.slice(-2), cause).toEqual(['call', 'noGreen'])
  }
})

test('lengths are in the largest unit that they fill', () => {
  expect(duration('en', 900)).toBe('15 minutes')
  expect(duration('en', -61)).toBe('1 minute')
  expect(duration('en', 0)).toBe('0 seconds')
  expect(duration('de', 30 * 86_400)).toBe('30 Tage')
})
