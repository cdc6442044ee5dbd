import encoder from 'qrcode-generator'

/** Modules of white around a code (ISO/IEC 18004, section 6.3.8). */
export const quietZone = 4

export interface Picture {
  /** Modules on a side, with the quiet zone. */
  size: number
  /** The dark modules as a path of SVG, one unit a module. */
  path: string
}

/**
 * Draws a gate code. The page goes into a segment of capitals and the number into
 * one of digits: as bytes the code would be several versions larger.
 */
export function draw(code: string): Picture {
  const digits = code.indexOf('#') + 1
  // Level L: modules decide how far a camera reads, and nothing covers a screen.
  const qr = encoder(0, 'L')
  // The alphanumeric mode has no '#'.
  if (digits > 1) qr.addData(code.slice(0, digits - 1), 'Alphanumeric')
  if (digits > 0) qr.addData('#', 'Byte')
  qr.addData(code.slice(digits), 'Numeric')
  return paint(qr)
}

/** Draws any other text, as bytes. */
export function drawText(text: string): Picture {
  const qr = encoder(0, 'L')
  qr.addData(text, 'Byte')
  return paint(qr)
}

function paint(qr: ReturnType<typeof encoder>): Picture {
  qr.make()
  const modules = qr.getModuleCount()
  let path = ''
  for (let row = 0; row < modules; row++) {
    for (let column = 0; column < modules; column++) {
      if (!qr.isDark(row, column)) continue
      const from = column
      while (column + 1 < modules && qr.isDark(row, column + 1)) column++
      path += `M${from + quietZone} ${row + quietZone}h${column - from + 1}v1H${from + quietZone}z`
    }
  }
  return { size: modules + 2 * quietZone, path }
}
