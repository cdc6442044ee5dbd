import { GateCodeError, isCode } from '../../gatecode/index.ts'
import { split } from '../../gatecode/presentation.ts'

/**
 * Whether a text is neither a gate code nor an SD-JWT, by its shape: a menu, a
 * ticket, a parcel. Such a text is no reason to refuse anybody.
 */
export const isForeign = (text: string): boolean => !isCode(text) && !isPresentation(text)

/** Whether a text has the shape of a compact SD-JWT, with or without key binding. */
export function isPresentation(text: string): boolean {
  try {
    split(text)
    return true
  } catch (error) {
    if (error instanceof GateCodeError) return false
    throw error
  }
}
