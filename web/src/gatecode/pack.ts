import { digest, fromBase64URL, fromText, sortedDigests, type Bytes } from './bytes.ts'
import { prefixOf, toDigits } from './code.ts'
import { GateCodeError, malformed } from './error.ts'
import { boundFormat, encode, unboundFormat, type Frame } from './frame.ts'
import { Lifter } from './lift.ts'
import { maxPresentation } from './limits.ts'
import { split, unbound, type Presentation } from './presentation.ts'
import { hasControl, token } from './token.ts'
import { unpack } from './unpack.ts'

/**
 * The gate code of a presentation, a compact SD-JWT with or without key-binding
 * JWT. It starts with the check page of the issuer's URL, which is the badge's iss;
 * with '' for a URL it is digits alone.
 *
 * The code was unpacked and compared with the presentation. Fails with
 * GateCodeError for what is no compact SD-JWT or does not fit, and with TypeError
 * for a URL that no code can start with. The same input gives the same code.
 */
export async function pack(issuerURL: string, presentation: string): Promise<string> {
  const prefix = prefixOf(issuerURL)
  const parts = split(presentation.length > maxPresentation ? presentation : fromText(presentation))
  try {
    return await proven(prefix, presentation, await lift(issuerURL, parts))
  } catch (error) {
    if (!(error instanceof GateCodeError)) throw error
    return proven(prefix, presentation, liftNothing(parts)).catch(() => Promise.reject(error))
  }
}

/** Encodes a frame and checks that it restores the presentation. */
async function proven(prefix: string, presentation: string, frame: Frame): Promise<string> {
  const code = prefix + toDigits(encode(frame))
  if ((await unpack(code)) !== presentation) throw malformed('the presentation cannot be restored from its code')
  return code
}

/** The plainest frame: every segment as it stands. */
function liftNothing(parts: Presentation): Frame {
  const segments = [...parts.disclosures, ...parts.badge, ...parts.binding].map(verbatim)
  return { format: formatOf(parts), segments, strings: [], side: '' }
}

/** The frame with everything taken out of the template that a token can stand for. */
async function lift(issuer: string, parts: Presentation): Promise<Frame> {
  const { disclosures, badge, binding } = parts
  const lifter = new Lifter(issuer)
  const segments = disclosures.map((text) => lifted(text, lifter))
  lifter.setDigests(await sortedDigests(disclosures))
  segments.push(...liftedJWT(badge, lifter))
  if (binding.length) {
    lifter.setHash(await digest(unbound(badge, disclosures)))
    segments.push(...liftedJWT(binding, lifter))
  }
  return { format: formatOf(parts), segments, strings: lifter.strings, side: lifter.side }
}

const formatOf = ({ binding }: Presentation) => (binding.length ? boundFormat : unboundFormat)

const verbatim = (text: string): Bytes => token.verbatim + text

/**
 * The template of a segment that ought to hold JSON. One that is not canonical
 * base64url, or holds bytes that would read as tokens, is kept as it stands.
 */
function lifted(text: string, lifter: Lifter): Bytes {
  const content = fromBase64URL(text)
  return content === undefined || hasControl(content) ? verbatim(text) : lifter.lift(content)
}

function liftedJWT(parts: string[], lifter: Lifter): Bytes[] {
  const [header = '', payload = '', signature = ''] = parts
  return [lifted(header, lifter), lifted(payload, lifter), liftedSignature(signature, lifter)]
}

function liftedSignature(text: string, lifter: Lifter): Bytes {
  const raw = fromBase64URL(text)
  if (raw?.length !== 64) return verbatim(text)
  lifter.side += raw
  return token.signature
}
