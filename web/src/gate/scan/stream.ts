import type { ScanTrouble } from './scan.ts'
import { troubleOf } from './trouble.ts'

/** Between attempts to get a camera that is not to be had; the last repeats. Milliseconds. */
export const retries = [1_000, 2_000, 5_000, 10_000] as const

/** As much of navigator as is used. */
export interface Devices {
  /** Missing where the page was not loaded over a secure connection. */
  readonly mediaDevices?: Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices' | 'addEventListener' | 'removeEventListener'>
  readonly permissions?: Pick<Permissions, 'query'>
}

export interface Listener {
  /** Pictures come, or come again. */
  onReady(): void
  /** None come. It is told once for as long as the reason is the same. */
  onTrouble(trouble: ScanTrouble): void
}

/** What not every browser has, and lib.dom therefore leaves out. */
interface Abilities extends MediaTrackCapabilities {
  torch?: boolean
  focusMode?: string[]
}

/**
 * Keeps a camera's pictures coming in a video element until it is closed. A camera
 * that is lost is asked for again; one that was refused only after the user has
 * changed their mind, since asking would ask the user.
 */
export class Stream {
  private track: MediaStreamTrack | undefined
  private trouble: ScanTrouble | undefined
  private opening = false
  private closed = false
  private lit = false
  private attempts = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private permission: PermissionStatus | undefined

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly deviceId: string | undefined,
    private readonly listener: Listener,
    private readonly devices: Devices,
  ) {
    devices.mediaDevices?.addEventListener('devicechange', this.onDeviceChange)
  }

  get live(): boolean {
    return this.track?.readyState === 'live'
  }

  /** Settles when pictures come, or when it was told why none do. */
  async open(): Promise<void> {
    if (this.opening || this.closed || this.live) return
    this.opening = true
    try {
      await this.show(await this.request())
    } catch (error) {
      this.fail(troubleOf(error))
    } finally {
      this.opening = false
    }
  }

  /** The pictures have stopped, whatever the track says. */
  lose(): void {
    if (this.closed || !this.track) return
    this.release()
    this.fail('camera_lost')
  }

  /** After the page was in the background, where some browsers halt its videos. */
  wake(): void {
    void this.video.play().catch(() => undefined)
  }

  hasTorch(): boolean {
    return abilities(this.track).torch === true
  }

  async torch(on: boolean): Promise<void> {
    await this.adjust({ torch: on })
    this.lit = on
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.devices.mediaDevices?.removeEventListener('devicechange', this.onDeviceChange)
    this.permission?.removeEventListener('change', this.onPermission)
    this.release()
  }

  private readonly onEnded = () => this.lose()

  private readonly onDeviceChange = () => {
    if (this.trouble !== 'camera_refused') void this.open()
  }

  private readonly onPermission = () => {
    if (this.permission?.state === 'granted') void this.open()
  }

  private async request(): Promise<MediaStream> {
    const media = this.devices.mediaDevices
    if (!media) throw new TypeError('no camera without a secure connection')
    try {
      return await media.getUserMedia({ audio: false, video: wanted(this.deviceId) })
    } catch (error) {
      // The chosen camera is gone: another one is better than none.
      const gone = error instanceof Error && /^(OverconstrainedError|NotFoundError)$/.test(error.name)
      if (this.deviceId === undefined || !gone) throw error
      return media.getUserMedia({ audio: false, video: wanted(undefined) })
    }
  }

  private async show(stream: MediaStream): Promise<void> {
    this.track = stream.getVideoTracks()[0]
    if (this.closed) return this.release()
    this.track?.addEventListener('ended', this.onEnded)
    this.video.muted = true
    this.video.playsInline = true // or an iPhone would show it alone, on the whole screen
    this.video.srcObject = stream
    // It fails when another picture takes its place, which is no trouble.
    await this.video.play().catch(() => undefined)
    if (this.closed || !this.live) return
    this.trouble = undefined
    this.attempts = 0
    this.listener.onReady()
    if (abilities(this.track).focusMode?.includes('continuous')) await this.adjust({ focusMode: 'continuous' }).catch(() => undefined)
    if (this.lit && this.hasTorch()) await this.adjust({ torch: true }).catch(() => undefined)
  }

  private fail(trouble: ScanTrouble): void {
    if (this.closed) return
    const told = this.trouble === trouble
    this.trouble = trouble
    clearTimeout(this.timer)
    if (trouble === 'camera_refused') void this.awaitPermission()
    else this.timer = setTimeout(() => void this.open(), this.pause())
    if (!told) this.listener.onTrouble(trouble)
  }

  private pause(): number {
    return retries[Math.min(this.attempts++, retries.length - 1)] as number
  }

  /** Where the browser can't tell, the user has to start the camera by hand. */
  private async awaitPermission(): Promise<void> {
    if (this.permission) return
    this.permission = await this.devices.permissions?.query({ name: 'camera' as PermissionName }).catch(() => undefined)
    if (!this.closed) this.permission?.addEventListener('change', this.onPermission)
  }

  private async adjust(change: object): Promise<void> {
    await this.track?.applyConstraints({ advanced: [change] })
  }

  private release(): void {
    this.track?.removeEventListener('ended', this.onEnded)
    this.track?.stop()
    this.track = undefined
    this.video.srcObject = null
  }
}

/** The resolution decides how far away a code can be. A webcam has no 'environment' and is taken all the same. */
function wanted(deviceId: string | undefined): MediaTrackConstraints {
  const size = { width: { ideal: 1920 }, height: { ideal: 1080 } }
  return deviceId === undefined ? { ...size, facingMode: { ideal: 'environment' } } : { ...size, deviceId: { exact: deviceId } }
}

const abilities = (track: MediaStreamTrack | undefined): Abilities => track?.getCapabilities?.() ?? {}
