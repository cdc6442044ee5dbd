/** What the tests of this folder share. */
import encoder from 'qrcode-generator'

/** A QR code on paper, drawn by itself in a grey picture. */
export interface Drawing {
  width?: number
  height?: number
  /** Pixels of a module. */
  scale?: number
  ink?: number
  paper?: number
  /** Whether the module is painted over. */
  covered?: (row: number, column: number, size: number) => boolean
}

export function draw(text: string, { width = 1280, height = 720, scale = 4, ink = 0, paper = 255, covered = () => false }: Drawing = {}): ImageData {
  const qr = encoder(0, 'L')
  const digits = text.indexOf('#') + 1
  if (digits > 1) {
    qr.addData(text.slice(0, digits - 1), 'Alphanumeric')
    qr.addData('#', 'Byte')
    qr.addData(text.slice(digits), 'Numeric')
  } else {
    qr.addData(text, 'Byte')
  }
  qr.make()
  const size = qr.getModuleCount()
  const [left, top] = [(width - size * scale) >> 1, (height - size * scale) >> 1]
  const inCode = (module: number) => module >= 0 && module < size
  const inPaper = (module: number) => module >= -4 && module < size + 4
  return picture(width, height, (x, y) => {
    const [row, column] = [Math.floor((y - top) / scale), Math.floor((x - left) / scale)]
    if (inCode(row) && inCode(column)) return qr.isDark(row, column) && !covered(row, column, size) ? ink : paper
    return inPaper(row) && inPaper(column) ? paper : 120
  })
}

/** A picture in grey; node has no ImageData. */
export function picture(width: number, height: number, grey: (x: number, y: number) => number): ImageData {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.fill(grey(x, y), 4 * (y * width + x), 4 * (y * width + x) + 3)
  }
  return { width, height, data, colorSpace: 'srgb' } as ImageData
}
