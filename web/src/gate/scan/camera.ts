import type { Effort, Finding } from './finding.ts'
import { cut, take } from './frame.ts'
import { createReader, type Reader } from './reader.ts'
import type { Scan, ScanTrouble } from './scan.ts'
import { Sightings } from './sightings.ts'
import { Stream, type Devices } from './stream.ts'

/** Between two looks, at least: a tablet shall last a shift. Milliseconds. */
export const lookEvery = 50

/** Without a picture for so long, a camera that says that it is live is not. Milliseconds. */
export const stalledAfter = 5_000

/** A reader that died is replaced after so long. Milliseconds. */
const revivedAfter = 1_000

/** One fruitless look of so many asks every decoder. */
export const fullEvery = 5

export interface CameraConfig {
  /** Makes a reader, and another one should it die. */
  read?: () => Promise<Reader>
  devices?: Devices
}

/**
 * Reads codes off a camera. The stream stays up from start to stop, through
 * verdicts and losses. One picture at a time is being read.
 */
export class Camera {
  /** A code came into view. */
  onScan: (scan: Scan) => void = () => undefined
  onTrouble: (trouble: ScanTrouble) => void = () => undefined
  /** Pictures come; after a trouble of the camera, come again. */
  onReady: () => void = () => undefined

  private readonly read: () => Promise<Reader>
  private readonly devicesOf: Devices
  private readonly sightings = new Sightings()
  private watch: Watch | undefined
  private reader: Promise<Reader> | undefined
  private paused = false
  private looking = false
  private looks = 0
  private fruitless = 0
  private lastLook = -Infinity

  constructor({ read = createReader, devices = navigator }: CameraConfig = {}) {
    this.read = read
    this.devicesOf = devices
  }

  /**
   * Starts reading off a camera, the one that looks away from the user if none is
   * named. It settles when there are pictures or onTrouble was told why there are
   * none, and fails with ReaderError if this browser can't read codes. Called
   * again, it changes the camera, or asks anew for one that was refused.
   */
  async start(video: HTMLVideoElement, deviceId?: string): Promise<void> {
    this.watch?.close()
    const listener = { onReady: () => this.onReady(), onTrouble: (trouble: ScanTrouble) => this.onTrouble(trouble) }
    const watch = new Watch(video, new Stream(video, deviceId, listener, this.devicesOf), () => void this.look(watch))
    this.watch = watch
    try {
      // The camera wakes while the decoder loads.
      await Promise.all([this.currentReader(), watch.stream.open()])
    } catch (error) {
      if (watch === this.watch) this.stop()
      throw error
    }
  }

  /** The cameras that there are. Browsers tell their names once one is in use. */
  async devices(): Promise<{ id: string; label: string }[]> {
    const all = (await this.devicesOf.mediaDevices?.enumerateDevices()) ?? []
    return all.filter(({ kind }) => kind === 'videoinput').map(({ deviceId: id, label }) => ({ id, label }))
  }

  hasTorch(): boolean {
    return this.watch?.stream.hasTorch() ?? false
  }

  /** Fails where the camera has none. It stays on when the camera is lost and found. */
  async torch(on: boolean): Promise<void> {
    await this.watch?.stream.torch(on)
  }

  /** Reads nothing until resume. What is being read is dropped. */
  pause(): void {
    this.paused = true
  }

  /**
   * Reads on. A code that was in view before the pause is news only after it left
   * the view, so that a verdict that went away by itself is not followed by the
   * same one; with again, it is news at once.
   */
  resume({ again = false } = {}): void {
    this.paused = false
    if (again) this.sightings.forget()
    else this.sightings.resume(performance.now())
  }

  /** Gives the camera and the decoder back. */
  stop(): void {
    this.watch?.close()
    this.watch = undefined
    this.dropReader()
    this.sightings.forget()
    this.paused = false
  }

  private async look(watch: Watch): Promise<void> {
    const now = performance.now()
    if (this.paused || this.looking || now - this.lastLook < lookEvery) return
    this.looking = true
    this.lastLook = now
    try {
      const effort: Effort = this.fruitless % fullEvery === fullEvery - 1 ? 'full' : 'quick'
      const finding = await this.readOff(watch.video, effort)
      if (watch === this.watch && !this.paused) this.tell(finding)
    } finally {
      this.looking = false
    }
  }

  private async readOff(video: HTMLVideoElement, effort: Effort): Promise<Finding> {
    const picture = await take(video)
    if (!picture) return { kind: 'nothing' }
    const part = cut(video.videoWidth, video.videoHeight, this.looks++)
    try {
      return await (await this.currentReader()).read(picture, part, effort)
    } catch {
      picture.close()
      this.dropReader()
      this.lastLook = performance.now() + revivedAfter
      return { kind: 'nothing' }
    }
  }

  private tell(finding: Finding): void {
    const now = performance.now()
    this.fruitless = finding.kind === 'code' ? 0 : this.fruitless + 1
    if (finding.kind === 'code' && this.sightings.isNews(finding.text, now)) this.onScan({ text: finding.text, source: 'camera' })
    if (finding.kind === 'torn' && this.sightings.isTorn(now)) this.onTrouble('torn')
  }

  private currentReader(): Promise<Reader> {
    this.reader ??= this.read()
    return this.reader
  }

  private dropReader(): void {
    this.reader?.then((reader) => reader.close()).catch(() => undefined)
    this.reader = undefined
  }
}

/** Calls for each picture of a video, and sees to it that they keep coming. */
class Watch {
  private readonly timer = setInterval(() => this.check(), 1_000)
  private lastPicture = performance.now()
  private lastTime = -1
  private closed = false

  constructor(
    readonly video: HTMLVideoElement,
    readonly stream: Stream,
    private readonly onPicture: () => void,
  ) {
    video.ownerDocument.addEventListener('visibilitychange', this.onVisibility)
    this.await()
  }

  close(): void {
    this.closed = true
    clearInterval(this.timer)
    this.video.ownerDocument.removeEventListener('visibilitychange', this.onVisibility)
    this.stream.close()
  }

  private await(): void {
    const { video } = this
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(this.seen)
    else requestAnimationFrame(this.painted)
  }

  private readonly seen = () => {
    if (this.closed) return
    this.await()
    this.lastPicture = performance.now()
    this.onPicture()
  }

  /** Where the browser does not tell of a video's pictures, its time does. */
  private readonly painted = () => {
    if (this.closed) return
    const { currentTime } = this.video as HTMLVideoElement
    if (currentTime === this.lastTime) return this.await()
    this.lastTime = currentTime
    this.seen()
  }

  private readonly onVisibility = () => {
    this.lastPicture = performance.now()
    if (!this.video.ownerDocument.hidden) this.stream.wake()
  }

  private check(): void {
    // Behind another window there are no pictures, and none are missed.
    if (this.video.ownerDocument.hidden || !this.stream.live) this.lastPicture = performance.now()
    if (performance.now() - this.lastPicture >= stalledAfter) this.stream.lose()
  }
}
