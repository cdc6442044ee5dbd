/** What was seen in one picture. */
export type Finding =
  | { kind: 'code'; text: string }
  /** A code that its error correction could not restore. Nothing of its text is told. */
  | { kind: 'torn' }
  | { kind: 'nothing' }

/**
 * How hard to look. 'quick' asks the fastest decoder alone; 'full' asks every one,
 * and whether there was a code that none could read.
 */
export type Effort = 'quick' | 'full'
