import type { ScanTrouble } from './scan.ts'

/** What getUserMedia's failures mean to somebody who stands at the gate. */
export function troubleOf(error: unknown): ScanTrouble {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError': // the page's headers, or the operator's settings
      return 'camera_refused'
    case 'NotReadableError':
    case 'AbortError':
      return 'camera_busy'
  }
  return 'no_camera' // NotFoundError, OverconstrainedError, and no API at all
}
