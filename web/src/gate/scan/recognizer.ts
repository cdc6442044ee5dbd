import type { Decoder } from './decoder.ts'
import type { Detector } from './detector.ts'
import type { Develop } from './develop.ts'
import type { Effort, Finding } from './finding.ts'
import type { Cut, Picture } from './frame.ts'

/** Looks for one code in a picture, with whatever this browser has. */
export class Recognizer {
  constructor(
    private detector: Detector | undefined,
    private readonly decoder: Pick<Decoder, 'decode'>,
    private readonly develop: Develop,
  ) {}

  async look(picture: Picture, part: Cut, effort: Effort): Promise<Finding> {
    const text = await this.detect(picture)
    if (text !== undefined) return { kind: 'code', text }
    if (this.detector && effort === 'quick') return { kind: 'nothing' }
    return this.decoder.decode(await this.develop(picture, part), effort === 'full')
  }

  private async detect(picture: Picture): Promise<string | undefined> {
    try {
      const codes = await this.detector?.detect(picture)
      return codes?.find(({ rawValue }) => rawValue !== '')?.rawValue
    } catch {
      // Its service can be updated, or taken away, while the page is open.
      this.detector = undefined
      return undefined
    }
  }
}
