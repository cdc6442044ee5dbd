import type { Clock } from './clock.ts'
import { BadgeError } from './failure.ts'

const patience = 20_000 // milliseconds

/** The way to the issuer: every answer corrects the clock. */
export class Door {
  constructor(
    readonly issuer: string,
    readonly clock: Clock,
  ) {}

  async fetch(address: string, request: RequestInit): Promise<Response> {
    try {
      const answer = await fetch(address, {
        ...request,
        // An answer that sends the code elsewhere is not followed.
        redirect: 'error',
        credentials: 'omit',
        cache: 'no-store',
        signal: AbortSignal.timeout(patience),
      })
      this.clock.learn(answer.headers.get('Date'))
      return answer
    } catch (error) {
      throw new BadgeError('offline', String(error))
    }
  }
}
