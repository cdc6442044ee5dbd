import type { Decision } from '../verifier/index.ts'
import { isUnknownGate } from './service.ts'

/** So long the service may take before this tablet decides by itself. */
export const servicePatience = 700 // milliseconds

/** The same where the last call got no answer: the guard is not made to wait for it each time. */
export const doubtfulPatience = 100 // milliseconds

export interface Answer {
  decision: Decision
  by: 'service' | 'gate'
  /** The service's word after all, where this tablet decided first; nothing if none comes. */
  later?: Promise<Answer | undefined>
}

/** Neither the service nor this tablet could decide. */
export class UndecidedError extends Error {}

export interface Deciders {
  ask: (presentation: string) => Promise<Decision>
  /** Whether the last call of the service got an answer. */
  isReachable: () => boolean
  verify: (presentation: string) => Promise<Decision>
  wait: (milliseconds: number) => Promise<void>
}

/** In place of a service whose bundle is older than this tablet's: it would allow what was withdrawn since. */
export const notAsked = () => Promise.reject<Decision>(new Error('the service has an older bundle'))

/**
 * Asks the service first: it knows of other gates and has the newest lists. Any
 * failure but one leaves the decision to the verifier on this tablet. The one is
 * that this is no gate any more, which is thrown.
 */
export async function decide(presentation: string, { ask, isReachable, verify, wait }: Deciders): Promise<Answer> {
  const patience = isReachable() ? servicePatience : doubtfulPatience
  const asked = ask(presentation).then(
    (decision): Answer => ({ decision, by: 'service' }),
    (error: unknown) => {
      if (isUnknownGate(error)) throw error
      return undefined
    },
  )
  const first = await Promise.race([asked, wait(patience).then(() => undefined)])
  if (first) return first
  try {
    return { decision: await verify(presentation), by: 'gate', later: asked.catch(() => undefined) }
  } catch (error) {
    const late = await asked
    if (late) return late
    throw new UndecidedError('no answer, and nothing to decide by', { cause: error })
  }
}
