import { describe, expect, test } from 'vitest'
import { cut, maxSide, scaled, whole } from './frame.ts'

describe('takes of a camera’s picture', () => {
  const square = { x: 420, y: 0, width: 1080, height: 1080, toWidth: 1080, toHeight: 1080 }

  test('the middle twice and then the whole', () => {
    expect([0, 1, 2, 3].map((look) => cut(1920, 1080, look))).toEqual([square, square, whole(1920, 1080), square])
  })

  test('the middle of one that stands upright', () => {
    expect(cut(1080, 1920, 0)).toEqual({ ...square, x: 0, y: 420 })
  })

  test('no more pixels than are read', () => {
    expect(cut(3840, 2160, 2)).toMatchObject({ width: 3840, height: 2160, toWidth: 1920, toHeight: 1080 })
    expect(cut(3840, 2160, 0)).toMatchObject({ x: 840, width: 2160, toWidth: maxSide, toHeight: maxSide })
  })
})

test('scales what is larger than the limit alone', () => {
  expect(scaled(whole(maxSide, 1))).toEqual(whole(maxSide, 1))
  expect(scaled(whole(maxSide + 1, 1))).toEqual({ ...whole(maxSide + 1, 1), toWidth: maxSide, toHeight: 1 })
  expect(scaled(whole(1, 1_000_000))).toMatchObject({ toWidth: 1, toHeight: maxSide })
})
