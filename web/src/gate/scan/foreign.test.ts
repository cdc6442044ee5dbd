import { expect, test } from 'vitest'
import { golden } from '../../gatecode/kit.ts'
import { maxDigits, maxPresentation } from '../../gatecode/limits.ts'
import { isForeign } from './index.ts'

const jwt = `e30.e30.${'A'.repeat(86)}`
const code = 'HTTPS://BADGE.VENDOR.EXAMPLE/C#'

test.each(golden)('knows the gate code and the SD-JWT: $name', (one) => {
  expect(isForeign(one.code)).toBe(false)
  expect(isForeign(one.code.toLowerCase())).toBe(false)
  expect(isForeign(one.presentation)).toBe(false)
})

test.each([
  ['a code as short as can be', `${code}1`, false],
  ['the most digits', code + '9'.repeat(maxDigits), false],
  ['one digit more', code + '9'.repeat(maxDigits + 1), true],
  ['a code without digits', code, true],
  ['a code with something behind its digits', `${code}123x`, true],
  ['another page', 'HTTPS://BADGE.VENDOR.EXAMPLE/MENU#123', true],
  ['an address', 'https://restaurant.example/menu', true],
  ['digits of a parcel', '00340434161094042557', true],
  ['an SD-JWT without key binding', `${jwt}~`, false],
  ['an SD-JWT as long as can be', `${jwt}~${'A'.repeat(maxPresentation - jwt.length - 2)}~`, false],
  ['one byte longer', `${jwt}~${'A'.repeat(maxPresentation - jwt.length - 1)}~`, true],
  ['a JWT', jwt, true],
  ['nothing', '', true],
])('%s: foreign is %s', (_, text, foreign) => {
  expect(isForeign(text)).toBe(foreign)
})
