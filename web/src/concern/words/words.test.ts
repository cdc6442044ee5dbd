import { describe, expect, test } from 'vitest'
import { languages } from '../../i18n/index.ts'
import { words } from './index.ts'

/** Every text, by where it stands. */
function texts(node: unknown, path = ''): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, String(node('‹one›'))]]
  return Object.entries(node as object).flatMap(([name, child]) => texts(child, `${path}.${name}`))
}

const english = new Map(texts(words.en))

describe.each(languages)('%s', (language) => {
  const own = texts(words[language])

  test('says everything, and says it once', () => {
    expect(own.map(([path]) => path)).toEqual([...english.keys()])
    for (const [path, text] of own) {
      expect(text.trim(), path).toBe(text)
      expect(text, path).not.toBe('')
      expect(text, path).not.toContain("'")
      expect(text.includes('‹one›'), path).toBe(english.get(path)?.includes('‹one›'))
    }
  })

  test('is translated', () => {
    if (language === 'en') return
    expect(own.filter(([path, text]) => text === english.get(path)).map(([path]) => path)).toEqual([])
  })
})
