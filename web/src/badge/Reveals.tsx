import { useText } from '../i18n/index.ts'
import { Disclosure } from '../ui/Disclosure.tsx'
import type { Badge } from './badge.ts'
import { offered, type Choice } from './choice.ts'

interface Properties {
  badge: Badge
  leftOut: ReadonlySet<Choice>
  onLeaveOut: (choice: Choice, out: boolean) => void
}

/** What the code reveals, and what of it the holder leaves out. */
export function Reveals({ badge, leftOut, onLeaveOut }: Properties) {
  const text = useText().badge
  return (
    <Disclosure summary={text.revealsTitle}>
      <fieldset class="choices">
        <legend>{text.revealsWhat}</legend>
        {offered(badge.discloses).map((choice) => (
          <label key={choice}>
            <input type="checkbox" checked={!leftOut.has(choice)} onChange={(event) => onLeaveOut(choice, !event.currentTarget.checked)} />
            {text.claims[choice]}
          </label>
        ))}
      </fieldset>
      <p>{text.revealsAlways}</p>
      <p>{text.mayRefuse}</p>
      <p class="quiet">{text.revealsNot}</p>
    </Disclosure>
  )
}
