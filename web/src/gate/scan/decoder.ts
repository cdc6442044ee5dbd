import { prepareZXingModule, purgeZXingModule, readBarcodes, type ReaderOptions, type ZXingModuleOverrides } from 'zxing-wasm/reader'
import type { Finding } from './finding.ts'

const options: ReaderOptions = {
  // Without the micro and the rectangular kind, which are no gate code's.
  formats: ['QRCodeModel2'],
  tryHarder: true,
  tryInvert: true, // some phones darken every page
  tryDownscale: true,
  maxNumberOfSymbols: 1,
  // The characters as they are: no interpretation by content.
  textMode: 'Plain',
}

/** Reads QR codes by ZXing, compiled to WebAssembly. */
export class Decoder {
  /** The overrides must say where the WebAssembly is: by itself ZXing loads it from another origin. */
  constructor(private readonly overrides: ZXingModuleOverrides) {}

  async prepare(): Promise<void> {
    try {
      await prepareZXingModule({ overrides: this.overrides, fireImmediately: true })
    } catch (error) {
      purgeZXingModule() // a failed load is remembered otherwise
      throw error
    }
  }

  /** Decodes a picture. It tells a torn code from nothing when it is asked to, in twice the time. */
  async decode(picture: ImageData, tellTorn: boolean): Promise<Finding> {
    await this.prepare()
    try {
      const [code] = await readBarcodes(picture, options)
      if (code?.isValid) return { kind: 'code', text: code.text }
      return tellTorn && (await isTorn(picture)) ? { kind: 'torn' } : { kind: 'nothing' }
    } catch (error) {
      purgeZXingModule() // after it ran out of memory nothing in it is sound
      throw error
    }
  }
}

/*
 * A pass of its own: with errors asked for, a damaged reading counts as the one
 * symbol, and the scaled picture in which it might be whole is not looked at.
 */
async function isTorn(picture: ImageData): Promise<boolean> {
  const [code] = await readBarcodes(picture, { ...options, returnErrors: true })
  return code !== undefined && !code.isValid
}
