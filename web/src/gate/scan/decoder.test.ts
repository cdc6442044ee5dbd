import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { golden } from '../../gatecode/kit.ts'
import { Decoder } from './decoder.ts'
import { draw, picture } from './kit.ts'

const wasm = readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm'))
const wasmBinary = new Uint8Array(wasm).buffer
const decoder = new Decoder({ wasmBinary })
const { code, presentation } = golden[0]

test.each(golden)('reads the code: $name', async (one) => {
  expect(await decoder.decode(draw(one.code), false)).toEqual({ kind: 'code', text: one.code })
})

test.each([
  ['an SD-JWT of 149 modules', presentation, {}],
  ['a code that was darkened', code, { ink: 255, paper: 0 }],
  ['two pixels a module', code, { scale: 2 }],
  ['a picture of 1080 lines', code, { width: 1920, height: 1080, scale: 12 }],
  ['letters beyond ASCII', 'Zoë Rößler', {}],
])('reads %s', async (_, text, drawing) => {
  expect(await decoder.decode(draw(text, drawing), false)).toEqual({ kind: 'code', text })
})

test('tells a torn code, and nothing of its text', async () => {
  const torn = draw(code, { covered: (row, column, size) => row > size / 3 && row < size / 2 && column > 20 && column < 60 })
  expect(await decoder.decode(torn, true)).toEqual({ kind: 'torn' })
  expect(await decoder.decode(torn, false)).toEqual({ kind: 'nothing' })
})

test('sees nothing where there is nothing', async () => {
  let state = 1
  const noise = picture(1280, 720, () => (state = (state * 48271) % 0x7fffffff) & 255)
  expect(await decoder.decode(noise, true)).toEqual({ kind: 'nothing' })
  expect(await decoder.decode(draw('', { scale: 0 }), true)).toEqual({ kind: 'nothing' })
})

test('loads from where it was told, and again after that failed', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined) // it says why there, too
  const asked: string[] = []
  const lost = new Decoder({
    locateFile: (name: string) => {
      asked.push(name)
      return 'nowhere:'
    },
    wasmBinary: new ArrayBuffer(8),
  })
  await expect(lost.prepare()).rejects.toThrow('expected magic word')
  await expect(lost.decode(draw(code), false)).rejects.toThrow('expected magic word')
  expect(asked).toEqual(['zxing_reader.wasm', 'zxing_reader.wasm'])
  expect(await decoder.decode(draw(code), false)).toEqual({ kind: 'code', text: code })
})
