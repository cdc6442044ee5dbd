/** What is told without looking: a code was seen, or what came of it. */
export type Signal = 'seen' | 'yes' | 'no' | 'unsure' | 'left'

interface Tone {
  /** Hertz. */
  pitch: number
  /** Seconds from the beginning. */
  from: number
  until: number
  shape: OscillatorType
}

/** They differ in direction, pitch and rhythm, so that they differ to every ear. */
export const tones: Record<Signal, Tone[]> = {
  seen: [{ pitch: 1320, from: 0, until: 0.05, shape: 'sine' }],
  yes: [
    { pitch: 660, from: 0, until: 0.12, shape: 'sine' },
    { pitch: 990, from: 0.12, until: 0.34, shape: 'sine' },
  ],
  no: [
    { pitch: 165, from: 0, until: 0.3, shape: 'square' },
    { pitch: 124, from: 0.36, until: 0.8, shape: 'square' },
  ],
  unsure: [0, 0.2, 0.4].map((from) => ({ pitch: 440, from, until: from + 0.1, shape: 'triangle' as const })),
  left: [
    { pitch: 990, from: 0, until: 0.12, shape: 'sine' },
    { pitch: 660, from: 0.12, until: 0.34, shape: 'sine' },
  ],
}

/** Milliseconds of vibration and rest in turn. */
export const vibrations: Record<Signal, number[]> = {
  seen: [30],
  yes: [120],
  no: [400, 120, 400],
  unsure: [90, 90, 90, 90, 90],
  left: [60, 60, 60],
}

const volume = 0.25

/** Browsers make no sound before the page was touched once: see wake. */
export class Signals {
  private context: AudioContext | undefined
  muted = false

  /** To be called when somebody touches the page. */
  wake(): void {
    if (typeof AudioContext === 'undefined') return
    this.context ??= new AudioContext()
    if (this.context.state === 'suspended') void this.context.resume().catch(() => undefined)
  }

  give(signal: Signal): void {
    if ('vibrate' in navigator && navigator.userActivation?.hasBeenActive) navigator.vibrate(vibrations[signal])
    const { context } = this
    if (this.muted || context?.state !== 'running') return
    for (const tone of tones[signal]) play(context, tone)
  }
}

function play(context: AudioContext, { pitch, from, until, shape }: Tone): void {
  const oscillator = context.createOscillator()
  const gain = context.createGain()
  const start = context.currentTime + from
  const end = context.currentTime + until
  oscillator.type = shape
  oscillator.frequency.value = pitch
  // Without a ramp, a tone begins and ends with a click.
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(volume, start + 0.01)
  gain.gain.setValueAtTime(volume, end - 0.02)
  gain.gain.linearRampToValueAtTime(0, end)
  oscillator.connect(gain).connect(context.destination)
  oscillator.start(start)
  oscillator.stop(end)
}
