import { expect, test } from 'vitest'
import { troubleOf } from './trouble.ts'

test.each([
  ['NotAllowedError', 'camera_refused'],
  ['SecurityError', 'camera_refused'],
  ['NotReadableError', 'camera_busy'],
  ['AbortError', 'camera_busy'],
  ['NotFoundError', 'no_camera'],
  ['OverconstrainedError', 'no_camera'],
  ['TypeError', 'no_camera'],
])('%s is %s', (name, trouble) => {
  expect(troubleOf(new DOMException('', name))).toBe(trouble)
})
