/** A code that is refused, or a presentation that has none. Details are for engineers and never repeat the input. */
export class GateCodeError extends Error {
  override readonly name = 'GateCodeError'

  constructor(
    readonly code: 'frame_too_large' | 'frame_malformed',
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`)
  }
}

export const tooLarge = (detail: string) => new GateCodeError('frame_too_large', detail)

export const malformed = (detail: string) => new GateCodeError('frame_malformed', detail)
