import { requestOf } from './call.ts'

/** Why nobody was signed in; package issuer/office has the other side. */
export const signInRefusals = ['not_an_officer', 'sign_in_expired', 'sign_in_refused', 'provider_unavailable'] as const
export type SignInRefusal = (typeof signInRefusals)[number]

/** What the server tells with the document, because the page could not ask for it. */
export interface Told {
  /** Whether there is a provider to sign in at. */
  signIn: boolean
  /** What came of the sign-in that this document answers. */
  refused?: { code: SignInRefusal | 'other'; detail: string; request: string }
}

/** Reads the attribute that package web writes. */
export function readTold(text: string | undefined): Told {
  const { sign_in: signIn = true, refused } = JSON.parse(text || '{}') as { sign_in?: boolean; refused?: { code: string; detail?: string; instance?: string } }
  if (!refused) return { signIn }
  const code = signInRefusals.find((each) => each === refused.code) ?? 'other'
  return { signIn, refused: { code, detail: refused.detail ?? '', request: requestOf(refused.instance) } }
}
