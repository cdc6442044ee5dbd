import type { Clock } from './clock.ts'
import { Events, type EventTools } from './events.ts'
import type { Grants } from './grants.ts'

/** Lists that have changed are fetched so often at the most, however often the service says so. */
export const listsEvery = 1_000 // milliseconds

/** A connection that is back so soon was missed by nobody. */
export const missedAfter = 5_000 // milliseconds

/** What the service tells at once: who must not stay, and that there are other lists. */
export class News {
  private readonly events: Events
  private wanted = false
  /** By the clock that nobody sets; nothing while there is a connection. */
  private unheardSince: number | undefined
  private fetching: 'no' | 'yes' | 'again' = 'no'

  constructor(
    private readonly tools: EventTools & { clock: Clock; grants: Grants },
    /** Neither of them fails. */
    private readonly looks: {
      /** Brings everything up to date, and the service. */
      atAll: () => Promise<unknown>
      atLists: () => Promise<unknown>
    },
  ) {
    const { clock, grants } = tools
    this.events = new Events(tools, {
      onOpen: () => {
        this.unheardSince = undefined
        void looks.atAll()
      },
      onClose: () => (this.unheardSince = clock.monotonic()),
      onLists: () => this.lists(),
      onEnded: (ended) => grants.end(ended),
    })
  }

  /** Listens, or does not. */
  want(wanted: boolean): void {
    if (wanted === this.wanted) return
    this.wanted = wanted
    this.unheardSince = wanted ? this.tools.clock.monotonic() : undefined
    if (wanted) this.events.start()
    else this.events.stop()
  }

  /** There may be a connection again. */
  retry(): void {
    if (this.unheardSince !== undefined) this.events.retry()
  }

  /** News comes no sooner than the service is asked. */
  get isLate(): boolean {
    return this.unheardSince !== undefined && this.tools.clock.monotonic() - this.unheardSince > missedAfter
  }

  /** Fetches lists that have changed; told of more meanwhile, once more. */
  private lists(): void {
    if (this.fetching !== 'no') {
      this.fetching = 'again'
      return
    }
    this.fetching = 'yes'
    void this.looks
      .atLists()
      .then(() => this.tools.wait(listsEvery))
      .then(() => {
        const again = this.fetching === 'again'
        this.fetching = 'no'
        if (again) this.lists()
      })
  }
}
