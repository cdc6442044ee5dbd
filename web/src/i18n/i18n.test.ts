import { expect, test } from 'vitest'
import { choose, distance, languages, localeOf, messages } from './index.ts'
import { testTexts } from './kit.ts'

testTexts(messages, { shared: { es: ['.verdict.no'] }, straight: ['.verdict.unsure'] })

test.each(languages)('yes, no and unsure are told apart by word: %s', (language) => {
  expect(new Set(Object.values(messages[language].verdict)).size).toBe(3)
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
