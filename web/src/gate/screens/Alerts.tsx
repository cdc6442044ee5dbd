import { useEffect, useRef } from 'preact/hooks'
import { moment, useLanguage, useText } from '../../i18n/index.ts'
import { Shape } from '../../ui/Result.tsx'
import type { Grant } from '../grants.ts'
import { nameOf } from '../present.ts'
import { count, useWords } from '../words/index.ts'

/** So many are shown at once; the next one comes when one was seen to. */
export const shownAlerts = 3

interface AlertsProps {
  alerts: Grant[]
  onAcknowledge: (decision: string) => void
}

/**
 * People who were let in here and whose badges are not good any more. It stays above
 * everything else until somebody has seen to it.
 */
export function Alerts({ alerts, onAcknowledge }: AlertsProps) {
  const { alert: words } = useWords()
  const language = useLanguage()
  const strip = useRef<HTMLElement>(null)
  useRoom(strip, alerts.length > 0)
  const hidden = alerts.length - shownAlerts
  if (alerts.length === 0) return null
  return (
    <aside class="alerts" ref={strip} aria-label={words.title}>
      {alerts.slice(0, shownAlerts).map((each) => (
        <Alert key={each.decision} grant={each} onAcknowledge={() => onAcknowledge(each.decision)} />
      ))}
      {hidden > 0 && (
        <p class="more" role="status">
          {words.more(count(language, hidden))}
        </p>
      )}
    </aside>
  )
}

function Alert({ grant: { badge, admitted = '', ended }, onAcknowledge }: { grant: Grant; onAcknowledge: () => void }) {
  const { alert: words } = useWords()
  const { check } = useText()
  const language = useLanguage()
  if (!ended) return null
  const name = nameOf(badge) || check.unnamed
  const when = (time: string) => moment(language, Date.parse(time) / 1000)
  return (
    <div class="alert">
      <Shape verdict="no" />
      <div class="saying" role="alert">
        <h2>{words[ended.reason](name)}</h2>
        <p>{words.when(when(admitted), when(ended.at))}</p>
        <p>{words.next}</p>
      </div>
      <button class="action" type="button" aria-label={words.acknowledgeOf(name)} onClick={onAcknowledge}>
        {words.acknowledge}
      </button>
    </div>
  )
}

/** Everything else on the page begins below the strip, however high it is. */
function useRoom(strip: { current: HTMLElement | null }, isThere: boolean) {
  useEffect(() => {
    const { style } = document.documentElement
    const element = strip.current
    if (!element) return
    const observer = new ResizeObserver(() => style.setProperty('--alerts', `${element.offsetHeight}px`))
    observer.observe(element)
    return () => {
      observer.disconnect()
      style.removeProperty('--alerts')
    }
  }, [strip, isThere])
}
