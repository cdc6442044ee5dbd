import { bench, describe } from 'vitest'
import { isCode, pack, unpack } from './index.ts'
import { golden } from './kit.ts'

const [{ name, issuer, presentation, code }] = golden

describe(name, () => {
  bench('pack', async () => void (await pack(issuer, presentation)))
  bench('unpack', async () => void (await unpack(code)))
  bench('isCode', () => void isCode(code))
})
