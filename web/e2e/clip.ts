import { closeSync, openSync, writeSync } from 'node:fs'
import encoder from 'qrcode-generator'
import { isCode } from '../src/gatecode/index.ts'

/** What a camera sees for a while. */
export interface Shot {
  seconds: number
  /** A text in a QR code; without one, nothing. */
  code?: string
  /** The code is on its way to being another, as when a screen is caught while it changes. */
  torn?: boolean
}

const side = 640 // pixels
const picturesPerSecond = 5

/** What surrounds a phone, and its screen. */
const [background, dark, light] = [110, 20, 235]

/**
 * Writes a clip for Chromium's --use-file-for-fake-video-capture, which shows it
 * over and over. The file's name must end in .y4m.
 */
export function writeClip(file: string, shots: Shot[]): void {
  const clip = openSync(file, 'w')
  try {
    writeSync(clip, `YUV4MPEG2 W${side} H${side} F${picturesPerSecond}:1 Ip A1:1 C420jpeg\n`)
    for (const shot of shots) {
      const picture = film(shot)
      for (let i = 0; i < shot.seconds * picturesPerSecond; i++) {
        writeSync(clip, 'FRAME\n')
        writeSync(clip, picture)
      }
    }
  } finally {
    closeSync(clip)
  }
}

/** One byte of brightness for each pixel, then the two planes of colour, which there is none of. */
function film({ code, torn = false }: Shot): Uint8Array {
  const picture = new Uint8Array(side * side * 1.5).fill(background, 0, side * side).fill(128, side * side)
  if (code !== undefined) draw(picture, torn ? tearing(code) : modules(code))
  return picture
}

type Modules = boolean[][]

function modules(text: string): Modules {
  const qr = encoder(0, 'L')
  const digits = text.indexOf('#') + 1
  if (isCode(text) && digits > 1) {
    // As the phone's page draws it.
    qr.addData(text.slice(0, digits - 1).toUpperCase(), 'Alphanumeric')
    qr.addData('#', 'Byte')
    qr.addData(text.slice(digits), 'Numeric')
  } else {
    qr.addData(text, 'Byte')
  }
  qr.make()
  const size = qr.getModuleCount()
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) => qr.isDark(row, column)))
}

/** The upper half of a code and the lower half of another, as long one. */
function tearing(text: string): Modules {
  const other = modules(text.replace(/\d(?=\d*$)/g, (digit) => String(9 - Number(digit) || 1)))
  return modules(text).map((row, i) => (i < other.length / 2 ? row : (other[i] as boolean[])))
}

const quietZone = 4 // modules

function draw(picture: Uint8Array, code: Modules): void {
  const scale = Math.floor(side / (code.length + 2 * quietZone))
  if (scale < 1) throw new Error('the code does not fit the picture')
  const size = scale * (code.length + 2 * quietZone)
  const start = Math.floor((side - size) / 2)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const row = code[Math.floor(y / scale) - quietZone]
      const isDark = row?.[Math.floor(x / scale) - quietZone] ?? false
      picture[(start + y) * side + start + x] = isDark ? dark : light
    }
  }
}
