import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Keeper } from './keeper.ts'
import { Camera, ReaderError, type Scan, type ScanTrouble } from './scan/index.ts'

export interface Cameras {
  /** For the element that shows the picture, for as long as the page lives. */
  video: (element: HTMLVideoElement | null) => void
  ready: boolean
  trouble: ScanTrouble | 'no_reader' | undefined
  all: { id: string; label: string }[]
  chosen: string | undefined
  /** Nothing where the camera has no light. */
  lit: boolean | undefined
  choose: (id: string) => void
  light: (on: boolean) => void
  retry: () => void
}

/**
 * The camera, which stays on from the first to the last scan; while it is paused,
 * nothing is read. torn is about one code, and is told to onTorn.
 */
export function useCamera(keeper: Keeper, paused: boolean, onScan: (scan: Scan) => void, onTorn: () => void): Cameras {
  const camera = useRef<Camera>(undefined)
  camera.current ??= new Camera()
  const self = camera.current
  const element = useRef<HTMLVideoElement | null>(null)
  const [ready, setReady] = useState(false)
  const [trouble, setTrouble] = useState<Cameras['trouble']>()
  const [all, setAll] = useState<Cameras['all']>([])
  const [chosen, setChosen] = useState<string>()
  const [lit, setLit] = useState<boolean>()

  self.onScan = onScan
  self.onTrouble = (told) => {
    if (told === 'torn') return onTorn()
    setTrouble(told)
    setReady(false)
  }
  self.onReady = () => {
    setTrouble(undefined)
    setReady(true)
    setLit(self.hasTorch() ? false : undefined)
    // Only now do browsers tell names.
    self.devices().then(setAll, () => setAll([]))
  }

  const start = useCallback(
    async (id: string | undefined) => {
      const video = element.current
      if (!video) return
      try {
        await self.start(video, id)
      } catch (error) {
        setReady(false)
        setTrouble(error instanceof ReaderError ? 'no_reader' : 'no_camera')
      }
    },
    [self],
  )

  const video = useCallback(
    (found: HTMLVideoElement | null) => {
      element.current = found
      if (!found) return self.stop()
      void keeper
        .preference<string>('camera')
        .catch(() => undefined)
        .then((id) => {
          setChosen(id)
          return start(id)
        })
    },
    [keeper, self, start],
  )

  useEffect(() => {
    if (paused) self.pause()
    else self.resume()
  }, [self, paused, ready])

  return {
    video,
    ready,
    trouble,
    all,
    chosen,
    lit,
    choose: (id) => {
      setChosen(id)
      void keeper.prefer('camera', id)
      void start(id)
    },
    light: (on) =>
      void self.torch(on).then(
        () => setLit(on),
        () => setLit(undefined),
      ),
    retry: () => void start(chosen),
  }
}
