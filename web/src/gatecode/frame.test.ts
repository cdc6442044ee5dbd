import { describe, expect, test } from 'vitest'
import type { Bytes } from './bytes.ts'
import { toDigits } from './code.ts'
import { encode, unboundFormat } from './frame.ts'
import { unpack } from './index.ts'
import { codeOf, deflate, expectRefusal, frameOf, textOf, zeros } from './kit.ts'
import { maxDisclosures, maxPresentation, maxSide, maxText } from './limits.ts'
import { firstTime } from './token.ts'
import { cutVarint, toVarint } from './varint.ts'

// The template and the side stream of a small presentation.
const small = ['{', '{', '\x0b']
const signature = zeros(64)

const unboundFrame = (segments: Bytes[], side: Bytes, ...strings: Bytes[]) => frameOf(1, deflate(textOf(segments, ...strings)), side)

/** A frame whose payload has this template and takes this. */
const payload = (template: Bytes, side: Bytes = '') => unboundFrame(['{', template, '\x0b'], side + signature)

describe('refuses frames that no packer makes', () => {
  const stream = deflate(textOf(small))
  const point = '\x02' + zeros(31) + '\x05' // x = 5 is a point's
  const noPoint = '\x02' + zeros(31) + '\x01' // x = 1 is not
  const beyondField = '\x02' + '\xff'.repeat(32)
  test.each([
    ['format 3', frameOf(3, stream, signature), 'update the reader'],
    ['format 255', frameOf(255, stream, signature), 'update the reader'],
    ['nothing but a format', '\x01', "deflated text's length"],
    ['length beyond the end', '\x01\x05\x00', "deflated text's length"],
    ['length with a needless byte', '\x01' + String.fromCharCode(0x80 | stream.length) + '\x00' + stream + signature, "deflated text's length"],
    ['no deflate stream', frameOf(1, '', signature), 'damaged'],
    ['reserved block type', frameOf(1, '\x07', signature), 'damaged'],
    ['stream cut off', frameOf(1, stream.slice(0, -1), signature), 'damaged'],
    ['bytes after the stream', frameOf(1, stream + '\x00', signature), '1 bytes follow the deflated text'],
    ['template without end', frameOf(1, deflate('{\x00{\x00\x0b'), signature), 'no end'],
    ['string without end', frameOf(1, deflate(textOf(small) + 'x'), signature), 'no end'],
    ['too few segments', unboundFrame(['{', '{'], ''), '2 segments, at least 3'],
    ['too few segments for key binding', frameOf(2, stream, signature), '3 segments, at least 6'],
    ['side stream too short', unboundFrame(small, zeros(63)), 'too short'],
    ['side bytes left over', unboundFrame(small, zeros(65)), '1 bytes and 0 strings are left over'],
    ['strings left over', unboundFrame(small, signature, 'x'), '0 bytes and 1 strings are left over'],
    ['string missing', payload('\x11'), 'more strings'],
    ['unknown token', payload('\x13'), 'unknown token 0x13'],
    ['verbatim not first', payload('x\x12'), 'unknown token 0x12'],
    ['verbatim of other characters', unboundFrame(['\x12e30=', '{', '\x0b'], signature), 'not base64url'],
    ['verbatim that adds a part', unboundFrame(['\x12e30.e30~', '{', '\x0b'], signature), 'three parts'],
    ['empty verbatim segment', unboundFrame(['\x12', '{', '\x0b'], signature), 'empty'],
    ['not a point', payload('\x07\x08', noPoint), 'not a point'],
    ['x beyond the field', payload('\x07\x08', beyondField), 'not a point'],
    ['uncompressed point', payload('\x07\x08', '\x04' + point.slice(1)), 'not a point'],
    ['second point', payload('\x07\x08\x07\x08', point + point), 'second point'],
    ['y before x', payload('\x08\x07', point), 'before its x'],
    ['sd_hash outside of the key binding', payload('\x0f'), 'outside the key-binding'],
    ['digest number out of range', payload('\x0e', '\x00'), 'out of range'],
    ['digest of a disclosure in a disclosure', unboundFrame(['\x0e', '{', '{', '\x0b'], '\x00' + signature), 'out of range'],
    ['list longer than its digests', unboundFrame(['\x0c', '{', '{', '\x0b'], signature), 'longer than its digests'],
    ['number cut off', unboundFrame(['\x06', '{', '\x12AA'], '\x80'), 'shortest form'],
    ['number missing', unboundFrame(['\x06', '{', '\x12AA'], ''), 'shortest form'],
    ['number with a needless byte', payload('\x06', '\x81\x00'), 'shortest form'],
    ['number of 2^53', payload('\x06', '\x80'.repeat(7) + '\x10'), 'shortest form'],
    ['number of 2^56', payload('\x06', '\x80'.repeat(8) + '\x01'), 'shortest form'],
    ['time below zero', payload('\x05', toVarint(2 * (2 * (firstTime + 1) - 1))), 'time is out of range'],
    ['time of 2^53', payload('\x05', toVarint(4 * 2 ** 50 + 1)), 'time is out of range'],
  ])('%s', (_, frame, detail) => expectRefusal(unpack(codeOf(frame)), 'frame_malformed', detail))

  test('a code that was cut off its URL', async () => {
    const frame = unboundFrame(['{', '\x10', '\x0b'], signature)
    expect(await unpack(codeOf(frame))).toContain('.aHR0cHM6Ly9iYWRnZS52ZW5kb3IuZXhhbXBsZQ.')
    await expectRefusal(unpack(toDigits(frame)), 'frame_malformed', 'scan or paste all of it')
  })

  test('a leading zero', async () => {
    const code = codeOf(unboundFrame(small, signature))
    await unpack(code)
    await expectRefusal(unpack(code.replace('#', '#0')), 'frame_malformed', 'leading zero')
  })
})

describe('reads the whole range of', () => {
  const restored = async (template: Bytes, side: Bytes) => atob((await unpack(codeOf(payload(template, side)))).split('.')[1] ?? '')

  test.each([
    [0, '0'], [9, '9'], [10, '00'], [109, '99'], [110, '000'], [2 ** 53 - 1, '7896088143629881'],
  ])('digit strings: %d', async (value, want) => {
    expect(await restored('\x06', toVarint(value))).toBe(want)
  })

  test.each([
    [0, firstTime], [1, firstTime], [2, firstTime - 1], [4, firstTime + 1], [3, firstTime - 3600], [5, firstTime + 3600],
    [2 * (2 * firstTime - 1), 0], [4 * (2 ** 51 - 1), firstTime + 2 ** 51 - 1],
  ])('times: %d', async (value, want) => {
    expect(await restored('\x05', toVarint(value))).toBe(String(want))
  })

  test.each([0, 1, 127, 128, 16383, 16384, 2 ** 32, 2 ** 53 - 1])('varints: %d', (value) => {
    const bytes = toVarint(value)
    expect(cutVarint(bytes + '\xff')).toEqual({ value, size: bytes.length })
  })
})

describe('limits', () => {
  const ofText = (size: number) =>
    unboundFrame(['{', 'x'.repeat(size - '{\x00\x00\x0b\x00\x00'.length), '\x0b'], signature)
  const ofSide = (size: number) => {
    const own = size - signature.length
    return payload('\x01'.repeat(Math.floor(own / 16)) + '\x05'.repeat(own % 16), zeros(own))
  }
  const ofDisclosures = (count: number) => unboundFrame([...Array<Bytes>(count).fill('x'), ...small], signature)
  const ofPresentation = (size: number) => {
    // A payload of 8,100 characters; the header makes up the difference.
    const template = '\x10'.repeat(200) + 'x'.repeat((8100 * 3) / 4 - 200 * 'https://badge.vendor.example'.length)
    return unboundFrame(['x'.repeat(size - 8190), template, '\x0b'], signature)
  }

  test.each([
    ['the inflated text', ofText, maxText, 'inflates to more than 4096 bytes'],
    ['the side stream', ofSide, maxSide, 'side stream has 1025 bytes'],
    ['disclosures', ofDisclosures, maxDisclosures, '33 disclosures'],
    ['the presentation', ofPresentation, maxPresentation, '8193 bytes'],
  ] as const)('%s', async (_, frame, bound, detail) => {
    await unpack(codeOf(frame(bound)))
    await expectRefusal(unpack(codeOf(frame(bound + 1))), 'frame_too_large', detail)
  })

  test('what is packed', () => {
    const sized = (text: number, side: number) => () =>
      encode({ format: unboundFormat, segments: ['x'.repeat(text - 2)], strings: [], side: zeros(side) })
    expect(sized(maxText, maxSide)).not.toThrow()
    expect(sized(maxText + 1, 0)).toThrow('frame_too_large: the presentation leaves 4097 bytes of text')
    expect(sized(2, maxSide + 1)).toThrow('frame_too_large: the presentation leaves 1025 bytes of keys and hashes')
  })

  test('what a short template of long tokens restores', () =>
    expectRefusal(unpack(codeOf(payload('\x10'.repeat(4000)))), 'frame_too_large', 'restores to more than 8192 bytes'))

  test('what a short stream inflates to', () =>
    expectRefusal(unpack(codeOf(frameOf(1, deflate('x'.repeat(1 << 20)).slice(0, 1000), signature))), 'frame_too_large', 'inflates'))
})
