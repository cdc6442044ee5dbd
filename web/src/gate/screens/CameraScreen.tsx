import type { Ref } from 'preact'
import { useRef } from 'preact/hooks'
import type { View } from '../keeper.ts'
import type { Direction } from '../record.ts'
import type { Cameras } from '../useCamera.ts'
import { Icon } from '../Icon.tsx'
import { useWords } from '../words/index.ts'
import { Header } from './Header.tsx'

export type Panel = 'present' | 'about' | 'cards'

interface CameraScreenProps {
  view: View
  cameras: Cameras
  /** Something else is before it. */
  covered: boolean
  checking: boolean
  /** A quiet word about what was seen. */
  word: string | undefined
  direction: Direction
  home: Ref<HTMLDivElement>
  onDirection: (direction: Direction) => void
  onPicture: (file: Blob) => void
  onPanel: (panel: Panel) => void
}

/** Where a guard is nearly all the time. It stays below whatever comes before it. */
export function CameraScreen({ view, cameras, covered, checking, word, direction, home, onDirection, onPicture, onPanel }: CameraScreenProps) {
  const { camera: words } = useWords()
  const isRegisterOn = view.settings?.register.on ?? false
  return (
    <div class={`camera-screen ${direction}`} inert={covered} ref={home} tabIndex={-1}>
      <Header view={view} />
      <main class="viewfinder" aria-label={words.hint}>
        <video ref={cameras.video} muted playsInline autoplay aria-hidden="true" />
        {cameras.trouble ? <Trouble cameras={cameras} /> : <Frame />}
        <p class="word" role="status">
          {checking ? words.checking : (word ?? (cameras.trouble ? '' : words.hint))}
        </p>
      </main>
      <footer class="gate-footer">
        {isRegisterOn && <DirectionSwitch direction={direction} onDirection={onDirection} />}
        <Tools cameras={cameras} isRegisterOn={isRegisterOn} onPicture={onPicture} onPanel={onPanel} />
      </footer>
    </div>
  )
}

function Frame() {
  return (
    <svg class="frame" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
      <path d="M4 24V10a6 6 0 0 1 6-6h14M76 4h14a6 6 0 0 1 6 6v14M96 76v14a6 6 0 0 1-6 6H76M24 96H10a6 6 0 0 1-6-6V76" />
    </svg>
  )
}

function Trouble({ cameras }: { cameras: Cameras }) {
  const { camera: words } = useWords()
  if (!cameras.trouble) return null
  const { what, next } = cameras.trouble === 'no_reader' ? words.noReader : words.trouble[cameras.trouble]
  return (
    <div class="camera-trouble" role="alert">
      <p>
        <strong>{what}</strong>
      </p>
      <p>{next}</p>
      <p>{words.others}</p>
      <button class="button" type="button" onClick={cameras.retry}>
        {words.retry}
      </button>
    </div>
  )
}

function DirectionSwitch({ direction, onDirection }: { direction: Direction; onDirection: (direction: Direction) => void }) {
  const { camera: words } = useWords()
  return (
    <div class="direction" role="group" aria-label={words.direction}>
      {(['in', 'out'] as const).map((each) => (
        <button key={each} type="button" aria-pressed={each === direction} aria-label={each === 'in' ? words.inMode : words.outMode} onClick={() => onDirection(each)}>
          {words[each]}
        </button>
      ))}
    </div>
  )
}

interface ToolsProps {
  cameras: Cameras
  isRegisterOn: boolean
  onPicture: (file: Blob) => void
  onPanel: (panel: Panel) => void
}

function Tools({ cameras, isRegisterOn, onPicture, onPanel }: ToolsProps) {
  const { camera: words } = useWords()
  const file = useRef<HTMLInputElement>(null)
  const { all, chosen, lit, choose, light } = cameras
  return (
    <div class="tools">
      {lit !== undefined && (
        <Tool icon="torch" label={lit ? words.torchOff : words.torchOn} onClick={() => light(!lit)} />
      )}
      {all.length > 1 && (
        <label class="tool">
          <Icon name="camera" />
          <span>{words.choose}</span>
          <select value={chosen ?? all[0]?.id ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
            {all.map(({ id, label }, i) => (
              <option key={id} value={id}>
                {label || words.nextCamera(String(i + 1))}
              </option>
            ))}
          </select>
        </label>
      )}
      <Tool icon="picture" label={words.picture} onClick={() => file.current?.click()} />
      <input
        ref={file}
        class="unseen"
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label={words.picture}
        onChange={({ currentTarget }) => {
          const [picture] = currentTarget.files ?? []
          currentTarget.value = '' // the same file may be chosen again
          if (picture) onPicture(picture)
        }}
      />
      {isRegisterOn && <Tool icon="people" label={words.present} onClick={() => onPanel('present')} />}
      <Tool icon="question" label={words.attention} short="?" onClick={() => onPanel('cards')} />
      <Tool icon="about" label={words.about} onClick={() => onPanel('about')} />
    </div>
  )
}

interface ToolProps {
  icon: Parameters<typeof Icon>[0]['name']
  label: string
  /** In place of a label that is too long to be written. */
  short?: string
  onClick: () => void
}

function Tool({ icon, label, short, onClick }: ToolProps) {
  return (
    <button class={`tool ${short === undefined ? '' : 'wordless'}`} type="button" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
      {short === undefined && <span>{label}</span>}
    </button>
  )
}
