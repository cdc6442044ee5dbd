/** What somebody came for: a letter links to a case, and a sign-in in between must not lose it. */
export interface Aim {
  kind: 'case' | 'proposal'
  id: string
}

const key = 'cyberbadge-console-aim'

/** Reads what stands behind the # of the page's address. */
export function readAim(hash: string): Aim | undefined {
  const [, kind, id] = /^#(case|proposal)=([A-Za-z0-9_-]{1,64})$/.exec(hash) ?? []
  return kind && id ? { kind: kind as Aim['kind'], id } : undefined
}

export function toHash({ kind, id }: Aim): string {
  return `#${kind}=${id}`
}

/** Keeps it for this tab, while the browser is at the identity provider. */
export function keepAim(aim: Aim | undefined, storage: Storage = sessionStorage): void {
  if (aim) storage.setItem(key, toHash(aim))
  else storage.removeItem(key)
}

/** Gives back what was kept, once. */
export function takeAim(storage: Storage = sessionStorage): Aim | undefined {
  const kept = storage.getItem(key) ?? ''
  storage.removeItem(key)
  return readAim(kept)
}
