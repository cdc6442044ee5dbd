import { useEffect, useState } from 'preact/hooks'
import { choose, isLanguage, LanguageContext, type Language } from '../i18n/index.ts'
import { Keeper } from './keeper.ts'
import { takeCode } from './pairing.ts'
import { Notice, Pairing } from './screens/Pairing.tsx'
import { Station } from './Station.tsx'
import { useKeeper } from './useKeeper.ts'
import { useWords, words } from './words/index.ts'

type Loaded = { kind: 'loading' } | { kind: 'old_browser' } | { kind: 'ready'; keeper: Keeper; language: Language | undefined }

/**
 * The page of a gate: pairs the tablet, and then scans. When replaced resolves,
 * there is a newer page than this.
 */
export function GatePage({ replaced }: { replaced: Promise<void> }) {
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' })
  const [language, setLanguage] = useState<Language>(() => choose(navigator.languages))
  useEffect(() => {
    begin().then(
      (next) => {
        if (next.kind === 'ready' && next.language) setLanguage(next.language)
        setLoaded(next)
      },
      () => setLoaded({ kind: 'old_browser' }),
    )
  }, [])
  useEffect(() => {
    document.documentElement.lang = language
    document.title = `${words[language].title} · Cyber Badge`
  }, [language])
  return (
    <LanguageContext.Provider value={language}>
      {loaded.kind === 'ready' ? (
        <Opened
          keeper={loaded.keeper}
          replaced={replaced}
          onLanguage={(next) => {
            setLanguage(next)
            void loaded.keeper.prefer('language', next)
          }}
        />
      ) : (
        <Waiting failed={loaded.kind === 'old_browser'} />
      )}
    </LanguageContext.Provider>
  )
}

/** WebCrypto is there over TLS only, and databases not in every private window. */
async function begin(): Promise<Loaded> {
  if (!isSecureContext || !('subtle' in crypto) || !('timeout' in AbortSignal)) return { kind: 'old_browser' }
  const keeper = await Keeper.open()
  const kept = await keeper.preference<string>('language')
  return { kind: 'ready', keeper, language: kept !== undefined && isLanguage(kept) ? kept : undefined }
}

interface OpenedProps {
  keeper: Keeper
  replaced: Promise<void>
  onLanguage: (language: Language) => void
}

function Opened({ keeper, replaced, onLanguage }: OpenedProps) {
  const view = useKeeper(keeper)
  const [given, setGiven] = useState(takeCode)
  useEffect(() => {
    const onHash = () => setGiven((before) => takeCode() ?? before)
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  const isPairing = !view.gate || given !== undefined
  if (isPairing) return <Pairing view={view} keeper={keeper} given={given} onLanguage={onLanguage} onDone={() => setGiven(undefined)} />
  return <Station keeper={keeper} view={view} replaced={replaced} onLanguage={onLanguage} />
}

function Waiting({ failed }: { failed: boolean }) {
  const text = useWords()
  return (
    <main class="page">
      {failed ? (
        <Notice advice={text.oldBrowser} />
      ) : (
        <div class="working" role="status">
          <span class="spinner" aria-hidden="true" />
          {text.loading}
        </div>
      )}
    </main>
  )
}
