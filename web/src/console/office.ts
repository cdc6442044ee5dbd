import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Aim } from './aim.ts'
import type { Ask } from './call.ts'
import type { Me, Person, Scope } from './contract.ts'

/** What every part of the page has of the office: who is signed in, and the way to the issuer. */
export interface Office {
  me: Me
  ask: Ask
  /** Asked once for each person, however often they are named. */
  person: (ref: string) => Promise<Person>
  /** Signs in anew and comes back to this. */
  signInFor: (aim: Aim) => void
}

export const OfficeContext = createContext<Office | undefined>(undefined)

export function useOffice(): Office {
  const office = useContext(OfficeContext)
  if (!office) throw new Error('nobody is signed in here')
  return office
}

export function may(me: Me, scope: Scope): boolean {
  return me.scopes.includes(scope)
}

/** Who asks for people, and remembers the answers. A call that failed is made again. */
export function directory(ask: Ask): Office['person'] {
  const known = new Map<string, Promise<Person>>()
  return (ref) => {
    const found = known.get(ref) ?? ask<Person>('GET', `/v1/people/${encodeURIComponent(ref)}`)
    known.set(ref, found)
    found.catch(() => known.delete(ref))
    return found
  }
}

export function nameOf({ display_name: display, given_name: given, family_name: family, external_id: id }: Person): string {
  return display || [given, family].filter(Boolean).join(' ') || id
}
