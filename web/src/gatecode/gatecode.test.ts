import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toArray } from './bytes.ts'
import { dictionary } from './dictionary.ts'
import { isCode, pack, unpack } from './index.ts'
import { expectRefusal, golden, prefix, read, vendor } from './kit.ts'
import { maxDigits, maxDisclosures, maxPrefix, minBareDigits } from './limits.ts'

const document = read('docs/gate-code.md')
const block = (before: string) => document.split(`${before}\n\`\`\`\n`)[1]?.split('\n```\n')[0] ?? ''

describe('the dictionary', () => {
  test('never changes', () => {
    expect(createHash('sha256').update(toArray(dictionary)).digest('hex')).toBe(
      '4935a1bea55876f0d8d2dc5b35eec093ee39ab6793381025c534ab5716ecd47a',
    )
  })

  test('is the specification’s', () => {
    expect(dictionary).toBe(atob(block('in base64:').replace(/\n/g, '')))
  })
})

test('the specification’s example', async () => {
  expect(await unpack(block('The code'))).toBe(block('and restores'))
})

describe.each(golden)('$name', ({ issuer, presentation, code }) => {
  test('is unpacked, in any case', async () => {
    expect(await unpack(code)).toBe(presentation)
    expect(await unpack(code.toLowerCase())).toBe(presentation)
  })

  test('is packed as short as in Go, nearly', async () => {
    const packed = await pack(issuer, presentation)
    expect(await unpack(packed)).toBe(presentation)
    expect(await pack(issuer, presentation)).toBe(packed)
    expect(isCode(packed)).toBe(true)
    expect(packed.length).toBeLessThanOrEqual(code.length * 1.02)
  })
})

test('a badge with every claim fits a QR code of version 15', async () => {
  const version15 = 1188 // digits, after this page
  expect((await pack(vendor, golden[0].presentation)).length - prefix.length).toBeLessThanOrEqual(version15)
})

interface Bad {
  name: string
  code: string
  repeat?: number
  want: 'frame_too_large' | 'frame_malformed'
  shaped?: boolean
}

describe('refuses other people’s codes', () => {
  test.each(JSON.parse(read('credential/qr/testdata/bad.json')) as Bad[])('$name', async (bad) => {
    const code = bad.code.repeat(bad.repeat ?? 1)
    await expectRefusal(unpack(code), bad.want)
    expect(isCode(code)).toBe(bad.shaped ?? false)
  })
})

describe('limits a code’s text', () => {
  const page = (size: number) => `https://${'a'.repeat(size - 'https:///c#'.length)}/c#`
  const nines = (count: number) => '9'.repeat(count)
  test.each([
    ['most digits', page(20) + nines(maxDigits), 'frame_malformed', 'format'],
    ['one digit more', page(20) + nines(maxDigits + 1), 'frame_too_large', '3001 digits'],
    ['most digits, bare', nines(maxDigits), 'frame_malformed', 'format'],
    ['one digit more, bare', nines(maxDigits + 1), 'frame_too_large', '3001 digits'],
    ['fewest digits, bare', nines(minBareDigits), 'frame_malformed', 'format'],
    ['one digit less, bare', nines(minBareDigits - 1), 'frame_malformed', 'at least 100 digits'],
    ['longest URL', page(maxPrefix) + '9', 'frame_malformed', 'format'],
    ['one character more', page(maxPrefix + 1) + '9', 'frame_too_large', '129 bytes'],
    ['most text', page(maxPrefix) + nines(maxDigits), 'frame_malformed', 'format'],
    ['one byte more', page(maxPrefix) + nines(maxDigits + 1), 'frame_too_large', 'more than 3128 bytes'],
    ['most text beyond ASCII', 'é'.repeat(1564), 'frame_malformed', 'other characters'],
    ['one byte more beyond ASCII', 'é'.repeat(1564) + '1', 'frame_too_large', 'more than 3128 bytes'],
  ] as const)('%s', async (_, code, want, detail) => {
    await expectRefusal(unpack(code), want, detail)
    expect(isCode(code)).toBe(detail === 'format')
  })
})

describe('refuses to pack', () => {
  const part = 'A'.repeat(86)
  const jwt = `e30.e30.${part}`
  test.each([
    ['nothing', '', 'frame_malformed'],
    ['a JWT without ~', jwt, 'frame_malformed'],
    ['only ~', '~', 'frame_malformed'],
    ['two parts', 'e30.e30~', 'frame_malformed'],
    ['four parts', `e30.${jwt}~`, 'frame_malformed'],
    ['no signature', 'e30.e30.~', 'frame_malformed'],
    ['an empty disclosure', `${jwt}~~`, 'frame_malformed'],
    ['a disclosure with a dot', `${jwt}~e30.e30.e30~`, 'frame_malformed'],
    ['what lacks the last ~', `${jwt}~e30`, 'frame_malformed'],
    ['a key binding of two parts', `${jwt}~e30.e30`, 'frame_malformed'],
    ['padding', `${jwt}~e30=~`, 'frame_malformed'],
    ['another alphabet', `${jwt}~e3+/~`, 'frame_malformed'],
    ['letters beyond ASCII', `${jwt}~e3ü~`, 'frame_malformed'],
    ['a line feed at the end', `${jwt}~\n`, 'frame_malformed'],
    ['a gate code', `${prefix}123`, 'frame_malformed'],
    ['8,193 bytes', `${jwt}~${'A'.repeat(8193 - jwt.length - 2)}~`, 'frame_too_large'],
    ['33 disclosures', `${jwt}~${'e30~'.repeat(33)}`, 'frame_too_large'],
    ['a million ~', '~'.repeat(1e6), 'frame_too_large'],
    ['more than the digits hold', `${jwt}~${noise(2600)}~`, 'frame_too_large'],
  ] as const)('%s', async (_, text, want) => {
    await expectRefusal(pack(vendor, text), want)
  })

  test.each([
    'badge.vendor.example', 'ftp://badge.vendor.example', 'https://', 'https:///x', 'https://Badge.example',
    'https://badge.vendor.example/', 'https://badge.vendor.example/a_b', 'https://u@badge.vendor.example',
    'https://badge.vendor.example?q', 'https://badge.vendor.example#f', 'https://bädge.example', 'https://\u212adge.example',
    'https://\u0131.example', 'https://[::1]', 'https://:443', 'https://x\n', 'https://x y',
    `https://${'a'.repeat(maxPrefix - 'https:///C#'.length + 1)}`,
  ])('for the issuer %s', async (url) => {
    await expect(pack(url, golden[0].presentation)).rejects.toThrow(TypeError)
  })
})

describe('packs up to the limits', () => {
  const jwt = `e30.e30.${'A'.repeat(86)}`
  const restored = async (url: string, text: string) => {
    const code = await pack(url, text)
    expect(await unpack(code)).toBe(text)
    return code
  }

  test('the longest URL', () => restored(`https://${'a'.repeat(maxPrefix - 'https:///C#'.length)}`, golden[0].presentation))

  test('the most disclosures', () => restored(vendor, `${jwt}~${'e30~'.repeat(maxDisclosures)}`))

  test('the most digits', async () => {
    let digits = 0
    for (let size = 1400; ; size++) {
      const code = await pack('', `${jwt}~${noise(size)}~`).catch(() => undefined)
      if (code === undefined) break
      digits = code.length
    }
    expect(digits).toBeGreaterThan(maxDigits - 10)
  })
})

/** Base64url of text that does not compress. */
function noise(size: number): string {
  let text = ''
  for (let i = 0; text.length < size; i++) text += createHash('sha256').update(String(i)).digest('base64url')
  return Buffer.from(text.slice(0, size)).toString('base64url')
}

describe('restores what is hardly JSON', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url')
  const inner = encode('["2GLC42sKQveCfGfryNRN9w","a",1]')
  const outer = encode(`["eluV5Og3gSNII8EYnsxA_A","b",{"_sd":["${digest(inner)}"]}]`)
  test.each([
    `{"_sd":["${digest(inner)}"]}`,
    `{"_sd":["${digest(outer)}","${digest(outer)}"]}`,
    `{"a":{"_sd":["${digest(outer)}"]},"_sd":["${digest('x')}"]}`,
    `{"_sd":"${digest(outer)}","a":["b"]}`,
    `{"_sd":["${digest(outer)}",["x"],"${digest('x')}"]}`,
    `{"_sd" : [ "${[digest(inner), digest(outer), digest('x')].sort().join('" , "')}" ]}`,
    `{"x":"${digest('x')}","y":"${digest('y')}"}`,
    '{"unterminated":"', '{"escaped":"\\"","a":1}', '"\\', '"\\"', '""', '"', '',
    '1e400,-7,00012,99999999999999999999,4294967296,4294967295,0999999999,0,1846022400,1846022399',
    'a\x00b', '\x12', 'Zoë\n\t', `"${vendor}"`, `"${vendor}/x/AAAAAAAAAAAAAAAAAAAAAA"`, '["\x7f","f631e9ba-b18e-994e-e458-d94cafbb2a29"]',
  ])('%s', async (payload) => {
    for (const disclosures of [`~${inner}~${outer}~`, `~${inner}~${inner}~`, '~']) {
      const text = `${encode('{}')}.${encode(payload) || 'AA'}.${'A'.repeat(86)}${disclosures}`
      for (const url of [vendor, 'https://other.example']) expect(await unpack(await pack(url, text))).toBe(text)
    }
  })
})
