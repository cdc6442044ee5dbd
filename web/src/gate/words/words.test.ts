import { describe, expect, test } from 'vitest'
import { languages, messages, type Language } from '../../i18n/index.ts'
import { verdicts, type Reason } from '../../verifier/decision.ts'
import { helpFor, type Cause } from '../help.ts'
import { adviceFor, duration, words } from './index.ts'

/** Every text, by where it stands. */
function texts(node: unknown, path = ''): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, String(node('‹one›', '‹two›'))]]
  return Object.entries(node as object).flatMap(([name, child]) => texts(child, `${path}.${name}`))
}

const english = new Map(texts(words.en))
const causes: Cause[] = [...(Object.keys(verdicts) as Reason[]), 'photo_mismatch', 'undecided', 'not_checked_out']

/** Words that are the same in another language. */
const shared: Partial<Record<Language, string[]>> = {
  fr: ['.present.organization'],
  de: ['.present.name'],
}

describe.each(languages)('%s', (language) => {
  const own = texts(words[language])

  test('says everything, and says it once', () => {
    expect(own.map(([path]) => path)).toEqual([...english.keys()])
    for (const [path, text] of own) {
      expect(text.trim(), path).toBe(text)
      expect(text, path).not.toBe('')
      expect(text, path).not.toContain('undefined')
      expect(text, path).not.toContain("'")
    }
  })

  test('is translated', () => {
    if (language === 'en') return
    const untranslated = own.filter(([path, text]) => text === english.get(path)).map(([path]) => path)
    expect(untranslated.filter((path) => !shared[language]?.includes(path))).toEqual([])
  })

  test('keeps what is filled in', () => {
    for (const [path, text] of own) {
      for (const hole of ['‹one›', '‹two›']) expect(text.includes(hole), `${path} ${hole}`).toBe(english.get(path)?.includes(hole))
    }
  })

  test('has words for every reason, and help that leads to nobody coming in without green', () => {
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
})

test('lengths are in the largest unit that they fill', () => {
  expect(duration('en', 900)).toBe('15 minutes')
  expect(duration('en', -61)).toBe('1 minute')
  expect(duration('en', 0)).toBe('0 seconds')
  expect(duration('de', 30 * 86_400)).toBe('30 Tage')
})
