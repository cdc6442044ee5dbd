import type { List } from '../verifier/index.ts'
import type { ClockNotice } from './clock.ts'
import type { Gate, Presence, Root, Settings } from './contract.ts'
import type { BundleAge, Freshness } from './freshness.ts'
import type { Grant } from './grants.ts'

/** Lines that the register did not take: they are gone, and somebody should know. */
export interface Refusals {
  count: number
  detail: string
}

/** What the page shows of the gate, at one moment. */
export interface View {
  gate: Gate | undefined
  /** The admin ended this gate, or the service has forgotten it. */
  ended: boolean
  settings: Settings | undefined
  reachable: boolean
  lists: List[]
  /** Nothing until it is known what there is. */
  freshness: Freshness | undefined
  /** The bundles that verdicts rest on; none where the site pins no root key. */
  bundles: Root[]
  bundleAge: BundleAge | undefined
  clock: ClockNotice | undefined
  unsent: number
  /** Unsent lines of another site that this tablet was paired with. */
  elsewhere: number
  refusals: Refusals | undefined
  present: { at: string; people: Presence[] } | undefined
  /** The service answers, but its news comes no sooner than it is asked. */
  late: boolean
  /** People who were let in here and should not be there; the oldest first. */
  alerts: Grant[]
}
