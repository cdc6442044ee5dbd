import { describe, expect, test } from 'vitest'
import type { Decision } from '../verifier/decision.ts'
import { decide, doubtfulPatience, servicePatience, UndecidedError, type Deciders } from './decide.ts'
import { RefusedError, UnreachableError } from './service.ts'

const decision = (id: string) => ({ id, allow: true, reason: 'ok' }) as Decision
const never = new Promise<never>(() => undefined)

/** The service and the tablet, with a patience that runs out when it is told to. */
function stage(change: Partial<Deciders> = {}) {
  const waits: number[] = []
  let runOut = () => undefined as void
  const deciders: Deciders = {
    ask: () => never,
    verify: async () => decision('tablet'),
    isReachable: () => true,
    wait: (milliseconds) => {
      waits.push(milliseconds)
      return new Promise((resolve) => (runOut = resolve))
    },
    ...change,
  }
  return { answer: decide('code', deciders), waits, runOut: () => runOut() }
}

describe('the service', () => {
  test('decides when it answers in time', async () => {
    let verified = false
    const { answer, waits } = stage({
      ask: async () => decision('service'),
      verify: async () => {
        verified = true
        return decision('tablet')
      },
    })
    expect(await answer).toEqual({ decision: decision('service'), by: 'service' })
    expect(waits).toEqual([servicePatience])
    expect(verified).toBe(false)
  })

  test.each([
    ['no network', new UnreachableError('x')],
    ['an error of its own', new RefusedError(500, 'internal_error')],
    ['a call that it does not take', new RefusedError(400, 'malformed')],
  ])('leaves it to the tablet at once: %s', async (_, error) => {
    const { answer } = stage({ ask: () => Promise.reject(error) })
    const { decision: decided, by, later } = await answer
    expect([decided.id, by]).toEqual(['tablet', 'gate'])
    expect(await later).toBeUndefined()
  })

  test('that does not answer in time is overtaken, and heard after all', async () => {
    let reply = (_: Decision) => undefined as void
    const { answer, runOut } = stage({ ask: () => new Promise((resolve) => (reply = resolve)) })
    runOut()
    const first = await answer
    expect([first.decision.id, first.by]).toEqual(['tablet', 'gate'])
    reply(decision('service'))
    expect(await first.later).toEqual({ decision: decision('service'), by: 'service' })
  })

  test('that did not answer the last time is not waited for', async () => {
    const { answer, waits, runOut } = stage({ isReachable: () => false })
    expect(waits).toEqual([doubtfulPatience])
    runOut()
    expect((await answer).by).toBe('gate')
  })

  test('that does not know this gate has the last word', async () => {
    const ended = new RefusedError(403, 'gate_unknown')
    await expect(stage({ ask: () => Promise.reject(ended) }).answer).rejects.toBe(ended)
  })
})

describe('a tablet that has nothing to decide by', () => {
  const verify = () => Promise.reject(new Error('no bundle'))

  test('waits for the service', async () => {
    let reply = (_: Decision) => undefined as void
    const { answer, runOut } = stage({ verify, ask: () => new Promise((resolve) => (reply = resolve)) })
    runOut()
    reply(decision('service'))
    expect(await answer).toEqual({ decision: decision('service'), by: 'service' })
  })

  test('never lets in', async () => {
    await expect(stage({ verify, ask: () => Promise.reject(new UnreachableError('x')) }).answer).rejects.toBeInstanceOf(UndecidedError)
  })
})
