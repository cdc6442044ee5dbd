// Package draw draws gate codes as QR codes: PNG and SVG for screens, letters
// and paper, half blocks for terminals.
//
// Every drawing is dark on white with a white margin of 4 modules (ISO/IEC
// 18004 section 9.1), whatever the surroundings: cameras read no code without a
// margin and few that are inverted. A module is a whole number of pixels, so
// that no edge is blurred.
//
// Level L is the default. At the same number of pixels a module, a camera reads
// levels L and M alike; a higher level makes more and therefore smaller
// modules, and buys only tolerance for what covers the code. Take M where the
// code may be scratched, such as on paper or a cracked screen.
//
// It imports go-qrcode, so that package qr need not: programs that only read
// gate codes do not import this package.
package draw
