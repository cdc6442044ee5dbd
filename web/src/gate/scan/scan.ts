export type Source = 'camera' | 'keyboard' | 'picture'

/** A text as it stood in a code. It is hostile until a verifier has judged it. */
export interface Scan {
  text: string
  source: Source
}

export type ScanTrouble =
  /** There is no camera, or the page was not loaded over a secure connection. */
  | 'no_camera'
  /** The user, the browser or the operator does not let the page have it. */
  | 'camera_refused'
  /** Another program has it, or it does not start. */
  | 'camera_busy'
  /** It was pulled, or sends no more pictures. */
  | 'camera_lost'
  /** A scanner types as on another keyboard than this device believes it has. */
  | 'keyboard_layout'
  | 'picture_without_code'
  | 'picture_unreadable'
  /** A code is in view and can't be read: covered, blurred, too far away, torn. */
  | 'torn'
