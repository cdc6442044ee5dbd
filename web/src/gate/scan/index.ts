/**
 * Scanning: by the camera, by a scanner that types, and from pictures. What comes
 * out is text and nothing more; a verifier has to judge it.
 *
 * No picture leaves the page: they are read in a worker of its own origin.
 */
export { Camera, type CameraConfig } from './camera.ts'
export { isForeign } from './foreign.ts'
export type { Effort, Finding } from './finding.ts'
export { Keyboard } from './keyboard.ts'
export { readPicture } from './picture.ts'
export { createReader, ReaderError, type Reader } from './reader.ts'
export type { Scan, ScanTrouble, Source } from './scan.ts'
