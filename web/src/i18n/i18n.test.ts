import { describe, expect, test } from 'vitest'
import { choose, distance, languages, localeOf, messages, type Language } from './index.ts'

/** Every text of a language, by where it stands. */
function texts(node: unknown, path = ''): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, String(node('‹one›', '‹two›'))]]
  return Object.entries(node as object).flatMap(([name, child]) => texts(child, `${path}.${name}`))
}

const english = new Map(texts(messages.en))

/** Words that are the same in another language. */
const shared: Partial<Record<Language, string[]>> = {
  de: ['.check.organizationLabel'],
  es: ['.verdict.no'],
}

describe.each(languages)('%s', (language) => {
  const own = texts(messages[language])

  test('says everything, and says it once', () => {
    expect(own.map(([path]) => path)).toEqual([...english.keys()])
    for (const [path, text] of own) {
      expect(text.trim(), path).toBe(text)
      expect(text, path).not.toBe('')
      expect(text, path).not.toContain('undefined')
      // Typographic apostrophes, except where English abbreviates in a verdict.
      if (path !== '.verdict.unsure') expect(text, path).not.toContain("'")
    }
  })

  test('is translated', () => {
    if (language === 'en') return
    const untranslated = own.filter(([path, text]) => text === english.get(path) && text !== '').map(([path]) => path)
    expect(untranslated.filter((path) => !shared[language]?.includes(path))).toEqual([])
  })

  test('keeps what is filled in', () => {
    for (const [path, text] of own) {
      for (const hole of ['‹one›', '‹two›']) {
        expect(text.includes(hole), `${path} ${hole}`).toBe(english.get(path)?.includes(hole))
      }
    }
  })

  test('tells yes, no and unsure apart by word', () => {
    expect(new Set(Object.values(messages[language].verdict)).size).toBe(3)
  })
})

test('the first language that there is', () => {
  expect(choose(['pt-BR', 'de-AT', 'en'])).toBe('de')
  expect(choose(['ES'])).toBe('es')
  expect(choose(['constructor', ''])).toBe('en')
  expect(choose([])).toBe('en')
})

test('dates are written as the reader does', () => {
  expect(localeOf('en', ['de', 'en-GB', 'en-US'])).toBe('en-GB')
  expect(localeOf('fr', ['de'])).toBe('fr')
})

test('distances are in the largest unit that they fill', () => {
  expect(distance('en', 3_599)).toBe('in 59 minutes')
  expect(distance('en', 3_600)).toBe('in 1 hour')
  expect(distance('en', -12.7)).toBe('12 seconds ago')
  expect(distance('en', 0)).toBe('0 seconds ago')
  expect(distance('de', 2 * 86_400)).toBe('in 2 Tagen')
})
