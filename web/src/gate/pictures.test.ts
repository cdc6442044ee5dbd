import { beforeEach, expect, test } from 'vitest'
import { integrityOf, maxPicture, maxPictures, Pictures } from './pictures.ts'
import { Memory } from './store.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer
const jpeg = (text: string) => new Blob([text], { type: 'image/jpeg' })
const url = 'https://a.example/p'

let store: Memory
let served: Blob | undefined
let fetches: number
let pictures: Pictures

beforeEach(() => {
  store = new Memory()
  served = jpeg('face')
  fetches = 0
  pictures = open()
})

const open = () =>
  new Pictures(store, async () => {
    fetches++
    if (!served) throw new Error('not to be had')
    return served
  })

test('the digest is as browsers write it', async () => {
  expect(await integrityOf(bytesOf(''))).toBe('sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
})

test('a picture with the digest is shown, and kept for when there is no connection', async () => {
  const integrity = await integrityOf(bytesOf('face'))
  const shown = await pictures.get(url, integrity)
  expect([shown?.type, await shown?.text()]).toEqual(['image/jpeg', 'face'])
  served = undefined
  expect(await (await open().get(url, integrity))?.text()).toBe('face')
  expect(fetches).toBe(1)
})

test.each([
  ['has another digest', () => jpeg('somebody else')],
  ['is of another type', () => new Blob(['face'], { type: 'image/svg+xml' })],
  ['cannot be had', () => undefined],
])('one that %s is none, and is not kept', async (_, serve) => {
  served = serve()
  expect(await pictures.get(url, await integrityOf(bytesOf('face')))).toBeUndefined()
  expect(await store.all('pictures')).toEqual([])
})

test('one of the largest size is taken, and none that is larger', async () => {
  const largest = 'x'.repeat(maxPicture)
  served = jpeg(largest)
  expect(await pictures.get(url, await integrityOf(bytesOf(largest)))).toBeDefined()
  served = jpeg(`${largest}x`)
  expect(await pictures.get(url, await integrityOf(bytesOf(`${largest}x`)))).toBeUndefined()
})

test('the one that was not seen for longest goes when there are too many', async () => {
  const show = async (name: string) => {
    served = jpeg(name)
    return pictures.get(url, await integrityOf(bytesOf(name)))
  }
  for (let i = 0; i < maxPictures; i++) await show(`p${i}`)
  expect(await store.all('pictures')).toHaveLength(maxPictures)
  await show('p0')
  await show('one more')
  const keys = (await store.all('pictures')).map(([key]) => key)
  expect(keys).toHaveLength(maxPictures)
  expect(keys).toContain(await integrityOf(bytesOf('p0')))
  expect(keys).not.toContain(await integrityOf(bytesOf('p1')))
  await pictures.forget()
  expect(await store.all('pictures')).toEqual([])
})
