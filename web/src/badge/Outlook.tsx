import { distance, moment, useLanguage, useText } from '../i18n/index.ts'
import { isLow, lasts, type Kept } from './stock.ts'
import { upcoming } from './upcoming.ts'

/** A clock that is so much behind the issuer's last answer was put back. */
const putBack = 60 // seconds

interface Properties {
  stock: Kept[]
  life: number
  /** When the issuer was last asked, by its own clock. */
  asked: number
  now: number
}

/** What the holder should see to while there is a code: nothing, on most days. */
export function Outlook({ stock, life, asked, now }: Properties) {
  const text = useText().badge
  const language = useLanguage()
  const last = stock.at(-1)?.read
  if (last === undefined) return null
  const { courses, ends, equipmentCheckedAt } = upcoming(last, life, now)
  const advice = courses.map(({ code, validUntil }) => text.courseLapses(code, moment(language, validUntil)))
  if (equipmentCheckedAt !== undefined) advice.push(text.equipmentDue(moment(language, equipmentCheckedAt)))
  if (ends !== undefined) advice.push(text.endsThen(moment(language, ends)))
  if (ends === undefined && isLow(stock, now)) advice.push(text.connectSoon(distance(language, lasts(stock, now) - now)))
  if (now + putBack < asked) advice.push(text.clockBack)
  if (advice.length === 0) return null
  return (
    <section class="notice">
      {advice.map((each) => (
        <p key={each}>{each}</p>
      ))}
    </section>
  )
}
