import { digest } from '../gatecode/bytes.ts'
import { randomText, signNamed } from '../signing/jwt.ts'
import type { Door } from './door.ts'
import { BadgeError, failureFor, type Grant } from './failure.ts'
import { stockConfiguration } from './offer.ts'

export interface Tokens {
  access: string
  refresh: string
}

export interface Delivery {
  /** No more than there were keys, and possibly fewer. */
  badges: string[]
  notification: string | undefined
}

interface OAuthError {
  error: string
  description: string
  link: string | undefined
}

/**
 * A client of OpenID4VCI with pre-authorized codes and DPoP. It reads no metadata:
 * the page and the issuer's endpoints come out of one program.
 */
export class Wallet {
  private nonce: string | undefined

  constructor(
    private readonly door: Door,
    private readonly key: CryptoKeyPair,
  ) {}

  redeem(code: string, txCode: string): Promise<Tokens> {
    return this.tokens('code', {
      grant_type: 'urn:ietf:params:oauth:grant-type:pre-authorized_code',
      'pre-authorized_code': code,
      tx_code: txCode,
    })
  }

  refresh(token: string): Promise<Tokens> {
    return this.tokens('refresh', { grant_type: 'refresh_token', refresh_token: token })
  }

  /** Badges for the keys, good one after the other; as many of them as the issuer's policy allows. */
  async stock(access: string, keys: CryptoKeyPair[]): Promise<Delivery> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.call('/credential', json(await this.request(keys)), access)
      if (answer.ok) return readDelivery(answer.body)
      const refusal = refusalIn(answer.body)
      if (refusal.error === 'invalid_nonce' && attempt === 1) continue
      throw refused(answer.status, refusal)
    }
  }

  /** Says that the badges are kept; else the issuer would end them when asked for the next. */
  async accept(access: string, notification: string): Promise<void> {
    const answer = await this.call('/notification', json({ notification_id: notification, event: 'credential_accepted' }), access)
    if (!answer.ok) throw refused(answer.status, refusalIn(answer.body))
  }

  private async tokens(grant: Grant, form: Record<string, string>): Promise<Tokens> {
    const answer = await this.call('/token', { body: new URLSearchParams(form) })
    if (!answer.ok) throw refused(answer.status, refusalIn(answer.body), grant)
    const { access_token: access, refresh_token: refresh, token_type: type } = record(answer.body)
    if (typeof access !== 'string' || typeof refresh !== 'string' || type !== 'DPoP') throw new BadgeError('refused', 'no tokens bound by DPoP')
    return { access, refresh }
  }

  private async request(keys: CryptoKeyPair[]): Promise<object> {
    const answer = await this.post('/nonce', {})
    const { c_nonce: nonce } = record(answer.body)
    if (!answer.ok) throw refused(answer.status, refusalIn(answer.body))
    const { issuer, clock } = this.door
    const payload = { aud: issuer, iat: clock.now(), nonce }
    const proofs = await Promise.all(keys.map((key) => signNamed(key, 'openid4vci-proof+jwt', payload)))
    return { credential_configuration_id: stockConfiguration, proofs: { jwt: proofs } }
  }

  /** Posts with a DPoP proof, once more with the nonce that the issuer then names. */
  private async call(path: string, request: RequestInit, access?: string) {
    for (let attempt = 1; ; attempt++) {
      // Every answer names a nonce; a first call without one would be refused.
      if (this.nonce === undefined) await this.post('/nonce', {})
      const headers = new Headers(request.headers)
      headers.set('DPoP', await this.proof(path, access))
      if (access !== undefined) headers.set('Authorization', `DPoP ${access}`)
      const answer = await this.post(path, { ...request, headers })
      if (answer.ok || attempt === 2 || refusalIn(answer.body).error !== 'use_dpop_nonce') return answer
    }
  }

  private async proof(path: string, access: string | undefined): Promise<string> {
    return signNamed(this.key, 'dpop+jwt', {
      jti: randomText(),
      htm: 'POST',
      htu: this.door.issuer + path,
      iat: this.door.clock.now(),
      ...(this.nonce !== undefined && { nonce: this.nonce }),
      ...(access !== undefined && { ath: await digest(access) }),
    })
  }

  private async post(path: string, request: RequestInit) {
    const answer = await this.door.fetch(this.door.issuer + path, { ...request, method: 'POST' })
    this.nonce = answer.headers.get('DPoP-Nonce') ?? this.nonce
    const body: unknown = await answer.json().catch(() => undefined)
    return { ok: answer.ok, status: answer.status, body }
  }
}

function json(body: object): RequestInit {
  return { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }
}

function record(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

function readDelivery(body: unknown): Delivery {
  const { credentials, notification_id: notification } = record(body)
  const badges = (Array.isArray(credentials) ? credentials : []).map((each) => record(each).credential).filter((badge) => typeof badge === 'string')
  if (badges.length === 0) throw new BadgeError('refused', 'no credential')
  return { badges, notification: typeof notification === 'string' ? notification : undefined }
}

function refusalIn(body: unknown): OAuthError {
  const { error, error_description: description, error_uri: link } = record(body)
  return { error: textOr(error, ''), description: textOr(description, ''), link: typeof link === 'string' ? link : undefined }
}

const textOr = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)

function refused(status: number, { error, description, link }: OAuthError, grant?: Grant): BadgeError {
  if (error === '') return new BadgeError(status >= 500 || status === 429 ? 'busy' : 'refused', `status ${status}`)
  const failure = failureFor(error, grant, description)
  // A denial and a wrong code are read out of the description, the others name the error.
  return new BadgeError(failure, failure === 'denied' || failure === 'wrong_code' ? description : `${error}: ${description}`, link)
}
