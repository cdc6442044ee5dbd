import type { List } from '../verifier/index.ts'
import type { Ended, Presence } from './contract.ts'
import type { Grants } from './grants.ts'
import type { Judge } from './judge.ts'
import { badgeOf } from './present.ts'

/** Why badges of people on site are not good any more. */
export class Marks {
  private readonly reasons = new Map<string, Ended['reason']>()

  constructor(private readonly tools: { grants: Grants; judge: Judge }) {}

  /** Looks at all of them by the lists of this tablet: when something may have changed, and not each time they are shown. */
  look(people: Presence[], lists: List[] = this.tools.judge.lists()): void {
    const { grants, judge } = this.tools
    this.reasons.clear()
    for (const { badge } of people) {
      const reason = grants.mark(badge, judge.statusOf(badge, lists))
      if (reason) this.reasons.set(badgeOf(badge), reason)
    }
  }

  on(people: Presence[]): Presence[] {
    return people.map((each) => {
      const ended = this.reasons.get(badgeOf(each.badge))
      return ended ? { ...each, ended } : each
    })
  }
}
