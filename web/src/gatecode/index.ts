/**
 * Gate codes: a badge's presentation as the text of a QR code.
 * ../../../docs/gate-code.md is the format, ../../../credential/qr the same in Go.
 *
 * A code carries no trust: only a verifier that checks the restored presentation
 * has checked anything. Input is what a camera saw, that is, hostile: every length
 * is bounded before work is done on it.
 */
export { isCode } from './code.ts'
export { GateCodeError } from './error.ts'
export { pack } from './pack.ts'
export { unpack } from './unpack.ts'
