/** Why a call came to nothing, as far as the reader can do different things about it. */
export type Failure =
  | 'offline'
  | 'ended' // nobody is signed in any more
  | 'forbidden' // the role may not
  | 'fresh' // it takes a sign-in of these minutes
  | 'changed' // somebody else was faster, or it is gone
  | 'busy'
  | 'uncertain' // it may or may not have been done
  | 'unavailable'
  | 'refused'

export class OfficeError extends Error {
  override readonly name = 'OfficeError'

  constructor(
    readonly failure: Failure,
    /** The issuer's own words, in English. */
    readonly detail = '',
    /** What to look for in the issuer's log. */
    readonly request = '',
  ) {
    super(detail ? `${failure}: ${detail}` : failure)
  }
}

/** What was thrown, as the page speaks of it. */
export function failureOf(error: unknown): OfficeError {
  return error instanceof OfficeError ? error : new OfficeError('refused', String(error))
}

/** A problem (RFC 9457) as a failure. */
export function failureFor(status: number, code: string): Failure {
  switch (code) {
    case 'step_up_required':
      return 'fresh'
    case 'outcome_unknown':
      return 'uncertain'
    case 'overloaded':
      return 'busy'
  }
  switch (status) {
    case 401:
      return 'ended'
    case 403:
      return 'forbidden'
    case 404:
    case 409:
      return 'changed'
    case 429:
      return 'busy'
  }
  return status >= 500 ? 'unavailable' : 'refused'
}
