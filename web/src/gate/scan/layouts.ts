import { isCode } from '../../gatecode/index.ts'
import { minBareDigits } from '../../gatecode/limits.ts'
import { isPresentation } from './foreign.ts'

/*
 * A scanner types keys, not characters: it presses those that give a text on the
 * keyboard that it was set up for, and this device reads them as those of the
 * keyboard that it was set up for. Where the two differ, so does the text.
 */

/** What a dead key types: nothing by itself. */
const dead = '\ufffd'

/**
 * Keyboards: the characters of 47 keys in the order in which they lie, from the one
 * left of 1 to the one left of the right Shift, plain and then with Shift.
 */
const layouts: Record<string, string> = {
  us: '`1234567890-=qwertyuiop[]\\asdfghjkl;\'zxcvbnm,./' + '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?',
  gb: "`1234567890-=qwertyuiop[]#asdfghjkl;'zxcvbnm,./" + '¬!"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@ZXCVBNM<>?',
  de: '�1234567890ß�qwertzuiopü+#asdfghjklöäyxcvbnm,.-' + "°!\"§$%&/()=?�QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_",
  ch: "§1234567890'�qwertzuiopü�$asdfghjklöäyxcvbnm,.-" + '°+"*ç%&/()=?�QWERTZUIOPè!£ASDFGHJKLéàYXCVBNM;:_',
  fr: '²&é"\'(-è_çà)=azertyuiop�$*qsdfghjklmùwxcvbn,;:!' + '�1234567890°+AZERTYUIOP�£µQSDFGHJKLM%WXCVBN?./§',
  be: '²&é"\'(§è!çà)-azertyuiop�$µqsdfghjklmùwxcvbn,;:=' + '³1234567890°_AZERTYUIOP�*£QSDFGHJKLM%WXCVBN?./+',
  es: "º1234567890'¡qwertyuiop�+çasdfghjklñ�zxcvbnm,.-" + 'ª!"·$%&/()=?¿QWERTYUIOP�*ÇASDFGHJKLÑ�ZXCVBNM;:_',
  it: "\\1234567890'ìqwertyuiopè+ùasdfghjklòàzxcvbnm,.-" + '|!"£$%&/()=?^QWERTYUIOPé*§ASDFGHJKLç°ZXCVBNM;:_',
}

/** How every gate code begins, and only few other texts from a keyboard do. */
const canaries = ['HTTPS://', 'HTTP://']

/** A JWT that arrived as it was, and one of which something is missing: the '~' between its parts, where that takes a dead key. */
const jwt = /^eyJ[\w.-]+$/
const likeJWT = /^eyJ[\w-]+\.[\w-]+\.[\w.~\ufffd-]+$/

/** What stands where a gate code's '#' should: it takes AltGr on many keyboards, and is another character elsewhere, or none. */
const lostMark = new RegExp(`(/c)[^#\\d]?(\\d{${minBareDigits},})$`, 'i')

/**
 * The text that a scanner read, for what it typed; nothing where the keyboard that
 * it was set up for is another one and the text can't be told.
 *
 * Of a damaged gate code, the one gate code that any pair of keyboards makes of it
 * is taken: if it were not the right one, its signature would not be either. An
 * SD-JWT is never guessed at.
 */
export function readTyped(typed: string): string | undefined {
  if (isCode(typed) || isPresentation(typed) || jwt.test(typed)) return typed
  const meant = mistakes.map(({ back }) => translate(typed, back))
  const exact = codesAmong(meant)
  const codes = exact.size > 0 ? exact : codesAmong(meant.map((text) => text.replace(lostMark, '$1#$2')))
  const [code] = codes
  if (codes.size === 1) return code
  const damaged = codes.size > 1 || meant.some((text) => likeJWT.test(text)) || startsDamaged(typed)
  return damaged ? undefined : typed
}

const codesAmong = (texts: string[]) => new Set(texts.filter((text) => canaries.some((canary) => text.toUpperCase().startsWith(canary)) && isCode(text)))

const startsDamaged = (typed: string) =>
  mistakes.some(({ forth }) =>
    canaries.some((canary) => {
      const start = translate(canary, forth)
      return start !== canary && !start.includes(dead) && typed.startsWith(start)
    }),
  )

/** The characters of one keyboard and what the same keys type on the other. */
function pair(from: string, to: string): Map<string, string> {
  const map = new Map([...from].map((character, key) => [character, to[key] ?? dead]))
  map.delete(dead) // which of the dead keys it was is not known
  return map
}

export const translate = (text: string, map: Map<string, string>) => [...text].map((character) => map.get(character) ?? dead).join('')

/** Every way in which two keyboards are confused, with what arrives for what was read, and back. */
export const mistakes = Object.entries(layouts).flatMap(([scanner, from]) =>
  Object.entries(layouts)
    .filter(([device]) => device !== scanner)
    .map(([device, to]) => ({ scanner, device, forth: pair(from, to), back: pair(to, from) })),
)
