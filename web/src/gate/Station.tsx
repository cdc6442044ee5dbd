import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Language } from '../i18n/index.ts'
import type { Keeper, View } from './keeper.ts'
import type { Direction } from './record.ts'
import { isForeign, Keyboard, readPicture, type Scan, type ScanTrouble } from './scan/index.ts'
import { About } from './screens/About.tsx'
import { Alerts } from './screens/Alerts.tsx'
import { CameraScreen, type Panel } from './screens/CameraScreen.tsx'
import { Cards } from './screens/Cards.tsx'
import { PhotoStep } from './screens/PhotoStep.tsx'
import { Present } from './screens/Present.tsx'
import { Green, Stop } from './screens/Verdict.tsx'
import { Signals } from './signals.ts'
import { useCamera } from './useCamera.ts'
import { useFlow } from './useFlow.ts'
import { useNewest, useTablet } from './useTablet.ts'
import { useWords } from './words/index.ts'

/** A quiet word goes away after so long. */
export const wordFor = 4_000 // milliseconds

interface StationProps {
  keeper: Keeper
  view: View
  replaced: Promise<void>
  onLanguage: (language: Language) => void
}

/** A paired gate: the camera, and what comes before it. */
export function Station({ keeper, view, replaced, onLanguage }: StationProps) {
  const { camera: words } = useWords()
  const signals = useRef<Signals>(undefined)
  signals.current ??= new Signals()
  const sound = signals.current
  const [panel, setPanel] = useState<Panel>()
  const [direction, setDirection] = usePreference<Direction>(keeper, 'direction', 'in')
  const [muted, setMuted] = usePreference(keeper, 'muted', false)
  const [introduced, setIntroduced] = usePreference(keeper, 'introduced', true)
  const [word, say] = useWord()
  sound.muted = muted

  const flow = useFlow(keeper, sound, view.settings?.register.on ? direction : 'in')
  const { shown } = flow
  const isCards = panel === 'cards' || !introduced
  const isAtCamera = shown.kind === 'camera' && panel === undefined && !isCards

  const take = useCallback(
    (found: Scan) => {
      if (isForeign(found.text)) return say(words.foreign)
      say(undefined)
      void flow.scan(found.text)
    },
    [flow.scan, say, words],
  )
  const tellTrouble = useCallback((trouble: ScanTrouble) => say(`${words.trouble[trouble].what} ${words.trouble[trouble].next}`), [say, words])

  const cameras = useCamera(keeper, !isAtCamera, take, () => tellTrouble('torn'))
  // A scanner in the hand is a wish for the next one; a person who is being compared is not passed over.
  const canType = panel === undefined && !isCards && (shown.kind === 'camera' || shown.kind === 'stop')
  useKeyboard((found) => canType && take(found), tellTrouble)
  const read = useCallback(
    async (file: Blob) => {
      const found = await readPicture(file).catch((): ScanTrouble => 'picture_unreadable')
      if (typeof found === 'string') tellTrouble(found)
      else take(found)
    },
    [take, tellTrouble],
  )
  const dropping = useDrop((file) => isAtCamera && void read(file))
  useTablet(sound)
  useNewest(replaced, isAtCamera && view.alerts.length === 0)
  const home = useFocusOnReturn(isAtCamera)

  const onScreen = shown.kind === 'stop' ? shown.answer?.decision.id : undefined
  const alerts = view.alerts.filter(({ decision }) => decision !== onScreen)

  const closeCards = () => {
    setIntroduced(true)
    setPanel(undefined)
  }
  return (
    <>
      <Alerts alerts={alerts} onAcknowledge={(decision) => void keeper.acknowledge(decision)} />
      <CameraScreen
        view={view}
        cameras={cameras}
        covered={!isAtCamera && shown.kind !== 'checking'}
        checking={shown.kind === 'checking'}
        word={word}
        direction={direction}
        home={home}
        onDirection={setDirection}
        onPicture={(file) => void read(file)}
        onPanel={setPanel}
      />
      {dropping && isAtCamera && <p class="drop-zone">{words.drop}</p>}
      {shown.kind === 'photo' && <PhotoStep answer={shown.answer} portrait={shown.portrait} onCompared={(matches) => void flow.compare(matches)} />}
      {shown.kind === 'green' && <Green shown={shown} onNext={flow.next} />}
      {shown.kind === 'stop' && <Stop key={shown.answer?.decision.id} shown={shown} help={view.settings?.help} onNext={flow.next} />}
      {panel === 'present' && <Present view={view} keeper={keeper} onBack={() => setPanel(undefined)} />}
      {panel === 'about' && <About view={view} keeper={keeper} muted={muted} onMuted={setMuted} onLanguage={onLanguage} onBack={() => setPanel(undefined)} />}
      {isCards && <Cards onDone={closeCards} />}
    </>
  )
}

/** What the tablet remembers; until it has looked, and where it can't, otherwise. */
function usePreference<T>(keeper: Keeper, name: Parameters<Keeper['prefer']>[0], otherwise: T): [T, (value: T) => void] {
  const [value, setValue] = useState(otherwise)
  useEffect(() => {
    keeper.preference<T>(name).then(
      // Nobody has been introduced who is not known to have been.
      (kept) => setValue(kept ?? (name === 'introduced' ? (false as T) : otherwise)),
      () => undefined,
    )
  }, [keeper, name, otherwise])
  const set = useCallback(
    (next: T) => {
      setValue(next)
      void keeper.prefer(name, next)
    },
    [keeper, name],
  )
  return [value, set]
}

function useWord(): [string | undefined, (word: string | undefined) => void] {
  const [word, say] = useState<string>()
  useEffect(() => {
    if (word === undefined) return
    const timer = setTimeout(() => say(undefined), wordFor)
    return () => clearTimeout(timer)
  }, [word])
  return [word, say]
}

function useKeyboard(onScan: (scan: Scan) => void, onTrouble: (trouble: ScanTrouble) => void) {
  const keyboard = useRef<Keyboard>(undefined)
  keyboard.current ??= new Keyboard()
  keyboard.current.onScan = onScan
  keyboard.current.onTrouble = onTrouble
  useEffect(() => {
    const self = keyboard.current
    // All the time, so that the last key of a scan never presses a button.
    self?.listen()
    return () => self?.close()
  }, [])
}

/** Files that are dragged over the page. */
function useDrop(onFile: (file: Blob) => void): boolean {
  const [dropping, setDropping] = useState(false)
  const latest = useRef(onFile)
  latest.current = onFile
  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault()
      setDropping(true)
    }
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setDropping(false)
    }
    const drop = (event: DragEvent) => {
      event.preventDefault()
      setDropping(false)
      const file = event.dataTransfer?.files[0]
      if (file) latest.current(file)
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  return dropping
}

/** Back at the camera, the focus is there, too, and not on a button that a key would press. */
function useFocusOnReturn(isAtCamera: boolean) {
  const home = useRef<HTMLDivElement>(null)
  const before = useRef(isAtCamera)
  useEffect(() => {
    if (isAtCamera && !before.current) home.current?.focus()
    before.current = isAtCamera
  }, [isAtCamera])
  return home
}
