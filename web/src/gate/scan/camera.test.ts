import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Camera, fullEvery, lookEvery, stalledAfter } from './camera.ts'
import type { Effort, Finding } from './finding.ts'
import { awayAfter } from './sightings.ts'
import { retries, type Devices } from './stream.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('createImageBitmap', async () => ({ close: () => undefined }))
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A camera's track that can do what it is told it can. */
class Track extends EventTarget {
  readyState = 'live'
  readonly applied: object[] = []

  constructor(private readonly capabilities: object) {
    super()
  }

  getCapabilities = () => this.capabilities
  applyConstraints = async (constraints: { advanced: object[] }) => void this.applied.push(...constraints.advanced)
  stop = () => void (this.readyState = 'ended')

  /** The cable is pulled. */
  pull(): void {
    this.stop()
    this.dispatchEvent(new Event('ended'))
  }
}

/** The machine's cameras: what asking for one leads to, and what was asked for. */
class Media extends EventTarget {
  failure: string | undefined
  readonly asked: MediaTrackConstraints[] = []
  readonly tracks: Track[] = []

  constructor(private readonly capabilities: object = {}) {
    super()
  }

  getUserMedia = async ({ video }: { video: MediaTrackConstraints }) => {
    this.asked.push(video)
    if (this.failure !== undefined) throw new DOMException('', this.failure)
    const track = new Track(this.capabilities)
    this.tracks.push(track)
    return { getVideoTracks: () => [track] }
  }

  enumerateDevices = async () => [
    { kind: 'audioinput', deviceId: 'm', label: 'Microphone' },
    { kind: 'videoinput', deviceId: 'c', label: 'Camera' },
  ]

  get track(): Track {
    return this.tracks.at(-1) as Track
  }
}

class Video {
  videoWidth = 1280
  videoHeight = 720
  srcObject: unknown = null
  readonly ownerDocument = Object.assign(new EventTarget(), { hidden: false })
  private callback: (() => void) | undefined

  play = async () => undefined
  requestVideoFrameCallback = (callback: () => void) => {
    this.callback = callback
    return 1
  }

  picture(): void {
    this.callback?.()
  }
}

class Eyes {
  sees: Finding | Error = { kind: 'nothing' }
  made = 0
  readonly efforts: Effort[] = []
  /** What is being read waits for this. */
  patience: Promise<void> | undefined

  make = async () => {
    this.made++
    return {
      read: async (_: unknown, __: unknown, effort: Effort) => {
        this.efforts.push(effort)
        const sees = this.sees
        await this.patience
        if (sees instanceof Error) throw sees
        return sees
      },
      close: () => undefined,
    }
  }
}

function setUp({ capabilities = {}, permissions }: { capabilities?: object; permissions?: object } = {}) {
  const [media, video, eyes] = [new Media(capabilities), new Video(), new Eyes()]
  const told: string[] = []
  const camera = new Camera({ read: eyes.make, devices: { mediaDevices: media, permissions } as unknown as Devices })
  camera.onScan = ({ text, source }) => void told.push(`${source}: ${text}`)
  camera.onTrouble = (trouble) => void told.push(trouble)
  camera.onReady = () => void told.push('ready')
  const start = (id?: string) => camera.start(video as unknown as HTMLVideoElement, id)
  /** Lets the camera see this for so long, 20 pictures a second. */
  const show = async (sees: Finding | Error, milliseconds = lookEvery) => {
    eyes.sees = sees
    for (let time = 0; time < milliseconds; time += lookEvery) {
      video.picture()
      await vi.advanceTimersByTimeAsync(lookEvery)
    }
  }
  return { media, video, eyes, camera, told, start, show }
}

const code = (text: string): Finding => ({ kind: 'code', text })
const nothing: Finding = { kind: 'nothing' }
const torn: Finding = { kind: 'torn' }

describe('tells of a code', () => {
  test('once, as long as it is in view', async () => {
    const { told, start, show } = setUp()
    await start()
    await show(code('a'), 3 * awayAfter)
    expect(told).toEqual(['ready', 'camera: a'])
  })

  test('again, when it was away', async () => {
    const { told, start, show } = setUp()
    await start()
    await show(code('a'))
    await show(nothing, awayAfter - 3 * lookEvery)
    await show(code('a'))
    await show(nothing, awayAfter)
    await show(code('a'))
    expect(told).toEqual(['ready', 'camera: a', 'camera: a'])
  })

  test('not after a verdict on it, while it stays', async () => {
    const { camera, told, start, show } = setUp()
    await start()
    await show(code('a'))
    camera.pause()
    await show(code('b'), 3 * awayAfter)
    camera.resume()
    await show(code('a'), awayAfter)
    expect(told).toEqual(['ready', 'camera: a'])
  })

  test('after a verdict on it when it is wanted again', async () => {
    const { camera, told, start, show } = setUp()
    await start()
    await show(code('a'))
    camera.pause()
    camera.resume({ again: true })
    await show(code('a'))
    expect(told).toEqual(['ready', 'camera: a', 'camera: a'])
  })

  test('not when it was read as the pause began', async () => {
    const { camera, eyes, told, start, show } = setUp()
    await start()
    let read = () => {}
    eyes.patience = new Promise((resolve) => (read = resolve))
    await show(code('a'))
    camera.pause()
    read()
    await show(nothing)
    expect(told).toEqual(['ready'])
  })
})

describe('looks', () => {
  test('at one picture at a time, and no more often than a tablet’s battery bears', async () => {
    const { video, eyes, start } = setUp()
    await start()
    await vi.advanceTimersByTimeAsync(lookEvery)
    for (let i = 0; i < 5; i++) video.picture()
    await vi.advanceTimersByTimeAsync(lookEvery - 1)
    video.picture()
    expect(eyes.efforts).toHaveLength(1)
    eyes.patience = new Promise(() => undefined)
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(lookEvery)
      video.picture()
    }
    await vi.advanceTimersByTimeAsync(0)
    expect(eyes.efforts).toHaveLength(2)
  })

  test('harder now and then while it finds nothing', async () => {
    const { eyes, start, show } = setUp()
    await start()
    await show(nothing, 2 * fullEvery * lookEvery)
    await show(code('a'), fullEvery * lookEvery)
    const found = Array<Effort>(fullEvery).fill('quick')
    const missed: Effort[] = [...Array<Effort>(fullEvery - 1).fill('quick'), 'full']
    expect(eyes.efforts).toEqual([...missed, ...missed, ...found])
  })

  test('on with another reader when one has died', async () => {
    const { eyes, told, start, show } = setUp()
    await start()
    await show(new Error('out of memory'), 2_000)
    expect(eyes.made).toBe(2)
    await show(code('a'), 2_000)
    expect(eyes.made).toBe(3)
    expect(told).toEqual(['ready', 'camera: a'])
  })
})

test('has a word for codes that stay torn', async () => {
  const { told, start, show } = setUp()
  await start()
  await show(torn, 2 * lookEvery)
  expect(told).toEqual(['ready'])
  await show(torn, 2_000)
  expect(told).toEqual(['ready', 'torn'])
})

describe('the camera', () => {
  test('is the one that looks away, as sharp as it can', async () => {
    const { media, start } = setUp({ capabilities: { focusMode: ['continuous'] } })
    await start()
    expect(media.asked).toEqual([{ width: { ideal: 1920 }, height: { ideal: 1080 }, facingMode: { ideal: 'environment' } }])
    expect(media.track.applied).toEqual([{ focusMode: 'continuous' }])
  })

  test('is the chosen one, and any other when that is gone', async () => {
    const { media, start } = setUp()
    await start('c')
    expect(media.asked.at(-1)).toMatchObject({ deviceId: { exact: 'c' } })
    media.failure = 'OverconstrainedError'
    await start('gone')
    expect(media.asked.slice(-2)).toMatchObject([{ deviceId: { exact: 'gone' } }, { facingMode: { ideal: 'environment' } }])
  })

  test('is changed without two being on', async () => {
    const { media, start } = setUp()
    await start()
    await start('c')
    expect(media.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'live'])
  })

  test('is listed', async () => {
    expect(await setUp().camera.devices()).toEqual([{ id: 'c', label: 'Camera' }])
  })

  test('is given back', async () => {
    const { camera, media, video, start } = setUp()
    await start()
    camera.stop()
    expect(media.track.readyState).toBe('ended')
    expect(video.srcObject).toBeNull()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(media.asked).toHaveLength(1)
  })

  test('is given back when no code can be read', async () => {
    const { eyes, media, start } = setUp()
    eyes.make = () => Promise.reject(new Error('no WebAssembly'))
    const camera = new Camera({ read: eyes.make, devices: { mediaDevices: media } as unknown as Devices })
    await expect(camera.start(new Video() as unknown as HTMLVideoElement)).rejects.toThrow('no WebAssembly')
    await vi.advanceTimersByTimeAsync(0)
    expect(media.tracks.every(({ readyState }) => readyState === 'ended')).toBe(true)
    await expect(start()).resolves.toBeUndefined()
  })
})

describe('a lost camera', () => {
  test('is told of and asked for again', async () => {
    const { media, told, start, show } = setUp()
    await start()
    media.track.pull()
    expect(told).toEqual(['ready', 'camera_lost'])
    await vi.advanceTimersByTimeAsync(retries[0])
    await show(code('a'))
    expect(told).toEqual(['ready', 'camera_lost', 'ready', 'camera: a'])
  })

  test('is asked for ever less often, and told of once for each reason', async () => {
    const { media, told, start } = setUp()
    await start()
    media.failure = 'NotFoundError'
    media.track.pull()
    await vi.advanceTimersByTimeAsync(retries[0] + retries[1] + retries[2] + 2 * retries[3])
    expect(told).toEqual(['ready', 'camera_lost', 'no_camera'])
    expect(media.asked).toHaveLength(1 + 5)
  })

  test('is there at once when it is plugged in', async () => {
    const { media, told, start } = setUp()
    media.failure = 'NotFoundError'
    await start()
    media.failure = undefined
    media.dispatchEvent(new Event('devicechange'))
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual(['no_camera', 'ready'])
  })

  test('is one that sends no pictures', async () => {
    const { told, start, show } = setUp()
    await start()
    await show(nothing, 2 * stalledAfter)
    expect(told).toEqual(['ready'])
    await vi.advanceTimersByTimeAsync(stalledAfter + retries[0] / 2)
    expect(told).toEqual(['ready', 'camera_lost'])
  })

  test('is none that sends no pictures to a page in the background', async () => {
    const { video, told, start } = setUp()
    await start()
    video.ownerDocument.hidden = true
    await vi.advanceTimersByTimeAsync(10 * stalledAfter)
    expect(told).toEqual(['ready'])
  })

  test('has its light on again when it is found', async () => {
    const { camera, media, start } = setUp({ capabilities: { torch: true } })
    await start()
    expect(camera.hasTorch()).toBe(true)
    await camera.torch(true)
    media.track.pull()
    await vi.advanceTimersByTimeAsync(retries[0])
    expect(media.tracks).toHaveLength(2)
    expect(media.track.applied).toEqual([{ torch: true }])
  })
})

describe('a refused camera', () => {
  const permissions = () => {
    const status = Object.assign(new EventTarget(), { state: 'denied' })
    return { query: async () => status, status }
  }

  test('is not asked for again', async () => {
    const { media, told, start } = setUp()
    media.failure = 'NotAllowedError'
    await start()
    media.dispatchEvent(new Event('devicechange'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual(['camera_refused'])
    expect(media.asked).toHaveLength(1)
  })

  test('is, once it is allowed', async () => {
    const allowed = permissions()
    const { media, told, start } = setUp({ permissions: allowed })
    media.failure = 'NotAllowedError'
    await start()
    await vi.advanceTimersByTimeAsync(0)
    media.failure = undefined
    allowed.status.state = 'granted'
    allowed.status.dispatchEvent(new Event('change'))
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual(['camera_refused', 'ready'])
  })
})

test('there is no camera without a secure connection', async () => {
  const told: string[] = []
  const camera = new Camera({ read: new Eyes().make, devices: {} })
  camera.onTrouble = (trouble) => void told.push(trouble)
  await camera.start(new Video() as unknown as HTMLVideoElement)
  expect(told).toEqual(['no_camera'])
  expect(camera.hasTorch()).toBe(false)
  camera.stop()
})
