/** What keeps a badge from coming, as far as the reader can do different things about it. */
export type Failure =
  | 'foreign_issuer' // the link leads to another issuer than this page's
  | 'bad_link'
  | 'offer_gone'
  | 'wrong_code'
  | 'used_up'
  | 'ended'
  | 'denied'
  | 'clock'
  | 'offline'
  | 'busy'
  | 'refused'
  | 'old_browser'

export class BadgeError extends Error {
  override readonly name = 'BadgeError'

  constructor(
    readonly failure: Failure,
    /** The issuer's words, for support and for the reasons of a denial. */
    readonly detail = '',
    /** Where the holder can put it right, if the issuer says so. */
    readonly link?: string,
  ) {
    super(detail ? `${failure}: ${detail}` : failure)
  }
}

/** What was thrown, as the page speaks of it. */
export function failureOf(error: unknown): BadgeError {
  return error instanceof BadgeError ? error : new BadgeError('refused', String(error))
}

/** The grant that was being exchanged tells what invalid_grant is about. */
export type Grant = 'code' | 'refresh'

/**
 * An error code of OAuth, DPoP or OpenID4VCI as a failure. Nonces that ran out are
 * not among them: they are fetched anew before anybody hears of it.
 */
export function failureFor(code: string, grant: Grant | undefined, description: string): Failure {
  switch (code) {
    case 'invalid_grant':
      if (grant === 'refresh') return 'ended'
      return /tx_code is wrong; attempts left: [1-9]/.test(description) ? 'wrong_code' : 'used_up'
    case 'credential_request_denied':
      return 'denied'
    // Signatures are made by this page, so what is wrong with a proof is its time.
    case 'invalid_dpop_proof':
    case 'invalid_proof':
      return 'clock'
    case 'use_dpop_nonce':
    case 'invalid_nonce':
    case 'invalid_token':
    case 'temporarily_unavailable':
    case 'server_error':
      return 'busy'
  }
  return 'refused'
}

/** The attempts that are left according to a refusal, if it says so. */
export function attemptsLeft(description: string): number | undefined {
  const found = /attempts left: (\d+)/.exec(description)?.[1]
  return found === undefined ? undefined : Number(found)
}
