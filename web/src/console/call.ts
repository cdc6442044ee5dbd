import { failureFor, OfficeError } from './failure.ts'

const patience = 30_000 // milliseconds; a forecast of many people takes its time

/** Calls the issuer with the session that the browser keeps. */
export type Ask = <Answer>(method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>

/** An {@link Ask}; the page's own origin is the only one that it calls. */
export async function call<Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
  const answer = await fetch(path, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    signal: AbortSignal.timeout(patience),
  }).catch((error: unknown) => {
    throw new OfficeError('offline', String(error))
  })
  if (!answer.ok) throw await problemOf(answer)
  return (await answer.json().catch(() => {
    throw new OfficeError(method === 'GET' ? 'unavailable' : 'uncertain')
  })) as Answer
}

async function problemOf(answer: Response): Promise<OfficeError> {
  const { code, detail, instance } = (await answer.json().catch(() => ({}))) as Record<string, unknown>
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return new OfficeError(failureFor(answer.status, text(code)), text(detail), requestOf(text(instance)))
}

/** The part of a problem's instance that the issuer's log has. */
export function requestOf(instance = ''): string {
  return instance.replace('urn:cyberbadge:request:', '')
}
