import { describe, expect, test } from 'vitest'
import { golden } from '../../gatecode/kit.ts'
import { mistakes, readTyped, translate } from './layouts.ts'

const { code, presentation } = golden[0]
// Every character that a gate code can have.
const every = `HTTPS://QWERTYUIOPASDFGHJKLZXCVBNM.A-B.EXAMPLE:8443/C#${'1234567890'.repeat(12)}`

const between = (scanner: string, device: string) => {
  const mistake = mistakes.find((each) => each.scanner === scanner && each.device === device)
  if (!mistake) throw new Error(`no ${scanner} or ${device}`)
  return mistake
}

const typed = (text: string, scanner: string, device: string) => translate(text, between(scanner, device).forth)

test('what a device hears of a scanner that believes it to be American', () => {
  const text = 'HTTPS://YZ-A.QW/C#10'
  expect(typed(text, 'us', 'de')).toBe('HTTPSÖ--ZYßA.QW-C§10')
  expect(typed(text, 'us', 'fr')).toBe('HTTPSM!!YW)Q:AZ!C3&à')
  expect(typed(text, 'us', 'es')).toBe("HTTPSÑ--YZ'A.QW-C·10")
  expect(typed(text, 'us', 'gb')).toBe('HTTPS://YZ-A.QW/C£10')
})

test.each([code, presentation, every, 'https://restaurant.example/menu', '4006381333931', 'eyJ.eyJ.x'])('leaves alone: %.40s', (text) => {
  expect(readTyped(text)).toBe(text)
})

describe.each(['de', 'fr', 'es', 'it', 'ch', 'be', 'gb'])('a gate code typed by an American scanner on a keyboard: %s', (device) => {
  test.each([every, ...golden.filter((one) => one.code.startsWith('HTTP')).map((one) => one.code)])('%.40s', (text) => {
    expect(readTyped(typed(text, 'us', device))).toBe(text)
  })
})

test('a code of a server without TLS', () => {
  const text = `HTTP://127.0.0.1:8080/C#${'7'.repeat(800)}`
  expect(readTyped(typed(text, 'us', 'fr'))).toBe(text)
})

describe('of every other pair of keyboards, too,', () => {
  const pairs = mistakes.map(({ scanner, device }) => [scanner, device] as const)

  test.each(pairs)('a gate code is restored or refused, and never another: %s on %s', (scanner, device) => {
    for (const text of [code, every]) expect([text, undefined]).toContain(readTyped(typed(text, scanner, device)))
  })

  test('nearly always it is restored', () => {
    const refused = pairs.filter(([scanner, device]) => readTyped(typed(code, scanner, device)) === undefined)
    expect(refused).toEqual([])
  })

  test.each(pairs)('an SD-JWT is never guessed: %s on %s', (scanner, device) => {
    const heard = typed(presentation, scanner, device)
    expect([heard, undefined]).toContain(readTyped(heard))
  })
})

test.each([
  ['a gate code that is cut off', typed('HTTPS://BADGE.VENDOR.EXAMPLE/C', 'us', 'de')],
  ['a gate code with a slip in it', typed(code, 'us', 'fr').replace('à', 'x')],
  ['somebody’s menu', typed('HTTPS://RESTAURANT.EXAMPLE/', 'us', 'es')],
  ['an SD-JWT, German', typed(presentation, 'us', 'de')],
  ['an SD-JWT, French', typed(presentation, 'us', 'fr')],
  ['an SD-JWT, Spanish', typed(presentation, 'us', 'es')],
  ['an SD-JWT by a German scanner', typed(presentation, 'de', 'us')],
])('refuses %s', (_, heard) => {
  expect(readTyped(heard)).toBeUndefined()
})

test.each(['de', 'fr', 'es', 'it', 'ch', 'be', 'gb'])('restores what a scanner of another country types on an American keyboard: %s', (scanner) => {
  expect(readTyped(typed(code, scanner, 'us'))).toBe(code)
  // Where '#' takes AltGr, nothing may arrive at all.
  expect(readTyped(typed(code.replace('#', ''), scanner, 'us'))).toBe(code)
})
