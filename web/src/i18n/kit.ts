/** What the tests of texts share. */
import { describe, expect, test } from 'vitest'
import { languages, type Language } from './index.ts'

const holes = ['‹one›', '‹two›'] as const

/** Every text of a language, by where it stands, with its holes marked. */
function texts(node: unknown, path = ''): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, String(node(...holes))]]
  return Object.entries(node as object).flatMap(([name, child]) => texts(child, `${path}.${name}`))
}

interface Exceptions {
  /** Words that are the same in another language. */
  shared?: Partial<Record<Language, string[]>>
  /** Where English abbreviates with a straight apostrophe. */
  straight?: string[]
}

/** Tests that each language has every text, once, translated, and with its holes. */
export function testTexts(all: Record<Language, object>, { shared = {}, straight = [] }: Exceptions = {}): void {
  const english = new Map(texts(all.en))

  describe.each(languages)('%s', (language) => {
    const own = texts(all[language])

    test('says everything, and says it once', () => {
      expect(own.map(([path]) => path)).toEqual([...english.keys()])
      for (const [path, text] of own) {
        expect(text.trim(), path).toBe(text)
        expect(text, path).not.toBe('')
        expect(text, path).not.toContain('undefined')
        if (!straight.includes(path)) expect(text, path).not.toContain("'")
      }
    })

    test('is translated', () => {
      if (language === 'en') return
      const untranslated = own.filter(([path, text]) => text === english.get(path)).map(([path]) => path)
      expect(untranslated).toEqual(shared[language] ?? [])
    })

    test('keeps what is filled in', () => {
      for (const [path, text] of own) {
        for (const hole of holes) expect(text.includes(hole), `${path} ${hole}`).toBe(english.get(path)?.includes(hole))
      }
    })
  })
}
