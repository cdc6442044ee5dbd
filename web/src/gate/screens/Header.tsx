import { distance, useLanguage, useText } from '../../i18n/index.ts'
import type { BundleAge, Freshness } from '../freshness.ts'
import type { View } from '../keeper.ts'
import { count, duration, useWords } from '../words/index.ts'

/** Which gate this is, and by which rules it decides: in view whenever the camera is. */
export function Header({ view }: { view: View }) {
  const { camera: words } = useWords()
  const { access, check } = useText()
  const { gate } = view
  if (!gate) return null
  return (
    <header class="gate-header">
      <h1>{gate.name}</h1>
      <p class="place">
        <span>
          {words.siteLabel}: <strong>{gate.site || words.noSite}</strong>
        </span>
        <span>
          {check.accessLabel}: <strong>{access[gate.access]}</strong>
        </span>
        <span>
          {words.policyLabel}: <strong>{gate.policy || words.ownPolicy}</strong>
        </span>
      </p>
      <Standing view={view} />
    </header>
  )
}

/** How far this gate can be relied on now. */
function Standing({ view }: { view: View }) {
  const { camera: words, clock } = useWords()
  const language = useLanguage()
  const { reachable, late, freshness, bundleAge, unsent, clock: notice } = view
  return (
    <div class="standing">
      <p class={`chip ${reachable ? 'good' : 'warned'}`} role="status">
        {reachable ? words.online : words.offline}
      </p>
      {late && (
        <p class="chip warned" role="status">
          {words.late}
        </p>
      )}
      {freshness && <ListAge freshness={freshness} limit={view.settings?.max_status_age_seconds ?? 0} />}
      {bundleAge && <BundleChip {...bundleAge} />}
      {unsent > 0 && <p class="chip">{words.unsent(count(language, unsent))}</p>}
      {notice && (
        <p class="chip warned" role="status">
          {clock[notice.kind](duration(language, notice.by / 1000))}
        </p>
      )}
    </div>
  )
}

function ListAge({ freshness, limit }: { freshness: Freshness; limit: number }) {
  const { camera: words } = useWords()
  const language = useLanguage()
  if (freshness.kind === 'never') return <p class="chip warned">{words.listsNever}</p>
  const age = ageOf(language, freshness.seconds)
  switch (freshness.kind) {
    case 'fresh':
      return <p class="chip">{words.lists(age)}</p>
    case 'aging':
      return <p class="chip warned">{words.listsAging(age, duration(language, limit))}</p>
    case 'over':
      return <p class="chip failed">{words.listsOver(age, duration(language, limit))}</p>
  }
}

function BundleChip({ kind, seconds, limit }: BundleAge) {
  const { camera: words } = useWords()
  const language = useLanguage()
  const age = ageOf(language, seconds)
  switch (kind) {
    case 'fresh':
      return <p class="chip">{words.bundle(age)}</p>
    case 'aging':
      return <p class="chip warned">{words.bundleAging(age, duration(language, limit))}</p>
    case 'over':
      return <p class="chip failed">{words.bundleOver(age, duration(language, limit))}</p>
  }
}

/** An age without an end is one that nobody knows. */
function ageOf(language: Parameters<typeof distance>[0], seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  // Seconds that tick draw the eye.
  return distance(language, -(seconds < 60 ? Math.floor(seconds / 10) * 10 : seconds))
}
