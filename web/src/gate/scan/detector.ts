/** The Barcode Detection API, as far as it is used: Chromium has it on Android, macOS and ChromeOS. */
export interface Detector {
  detect(picture: ImageBitmapSource): Promise<{ rawValue: string }[]>
}

interface Detectors {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

/** The browser's own decoder; nothing where it has none, or one that reads no QR codes. */
export async function nativeDetector(scope: object = globalThis): Promise<Detector | undefined> {
  const { BarcodeDetector } = scope as { BarcodeDetector?: Detectors }
  if (!BarcodeDetector) return undefined
  try {
    // It may be there without the service of the system that it stands on.
    const formats = await BarcodeDetector.getSupportedFormats()
    return formats.includes('qr_code') ? new BarcodeDetector({ formats: ['qr_code'] }) : undefined
  } catch {
    return undefined
  }
}
