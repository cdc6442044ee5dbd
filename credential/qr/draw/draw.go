package draw

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/skip2/go-qrcode"
)

// Level is how much of a code may be covered or damaged.
type Level int

// The levels worth having on a badge.
const (
	Low    Level = iota // L: up to 7 %
	Medium              // M: up to 15 %
)

// Limits on what is drawn.
const (
	// MaxContent bounds the text in bytes. QR codes hold at most 7,089 digits.
	MaxContent = 7089
	// MaxModulePixels bounds [Options.ModulePixels].
	MaxModulePixels = 64
	// DefaultModulePixels is used where no other number is given.
	DefaultModulePixels = 8
	// Margin is the width of the white margin on each side, in modules.
	Margin = 4
)

// Options say how to draw a code. The zero value is level L at 8 pixels a module.
type Options struct {
	Level        Level
	ModulePixels int // a module's width, 1 to MaxModulePixels; 0 means DefaultModulePixels
}

// PNG writes code as a black-and-white PNG image.
func PNG(w io.Writer, code string, options Options) error {
	bitmap, pixels, err := options.encode(code)
	if err != nil {
		return err
	}
	// go-qrcode's own image maps pixels to modules with floating point, which
	// makes some modules a pixel wider than others.
	size := len(bitmap) * pixels
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	for y := range size {
		for x, dark := range bitmap[y/pixels] {
			if dark {
				for i := range pixels {
					picture.SetColorIndex(x*pixels+i, y, 1)
				}
			}
		}
	}
	return png.Encode(w, picture)
}

// SVG writes code as an SVG image that scales to any size. Its own size is that
// of the PNG image with the same options. It holds no style and no script, so
// that it may be put into a page with a strict content security policy.
func SVG(w io.Writer, code string, options Options) error {
	bitmap, pixels, err := options.encode(code)
	if err != nil {
		return err
	}
	size := len(bitmap)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" shape-rendering="crispEdges">`,
		size*pixels, size*pixels, size, size)
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, size, size)
	for y, row := range bitmap {
		for x := 0; x < size; {
			width := run(row[x:])
			if row[x] {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, width, width)
			}
			x += width
		}
	}
	b.WriteString(`"/></svg>`)
	_, err = w.Write(b.Bytes())
	return err
}

// run returns how many modules at the start of row look like the first.
func run(row []bool) int {
	width := 1
	for width < len(row) && row[width] == row[0] {
		width++
	}
	return width
}

// Terminal writes code as text, two modules to a character, for a terminal that
// knows UTF-8 and 256 colours. It sets both colours itself, from the part of
// the palette that themes leave alone, so that the code is dark on white on a
// dark terminal, too. A line is as wide as the code: 85 characters for version
// 15. [Options.ModulePixels] means nothing here.
func Terminal(w io.Writer, code string, options Options) error {
	bitmap, _, err := options.encode(code)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for y := 0; y < len(bitmap); y += 2 {
		b.WriteString("\x1b[38;5;16;48;5;231m")
		for x := range bitmap[y] {
			b.WriteRune(halves(bitmap[y][x], y+1 < len(bitmap) && bitmap[y+1][x]))
		}
		b.WriteString("\x1b[0m\n")
	}
	_, err = w.Write(b.Bytes())
	return err
}

func halves(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	}
	return ' '
}

// Version returns the version of the QR code that code needs at a level, 1 to
// 40, and how many modules it has on a side, without the margin.
func Version(code string, level Level) (version, modules int, err error) {
	symbol, err := level.encode(code)
	if err != nil {
		return 0, 0, err
	}
	return symbol.VersionNumber, 17 + 4*symbol.VersionNumber, nil
}

// encode returns the modules, margin included: rows of true for dark.
func (o Options) encode(code string) (bitmap [][]bool, modulePixels int, err error) {
	modulePixels = o.ModulePixels
	if modulePixels == 0 {
		modulePixels = DefaultModulePixels
	}
	if modulePixels < 1 || modulePixels > MaxModulePixels {
		return nil, 0, fmt.Errorf("draw: a module of %d pixels: take 1 to %d", modulePixels, MaxModulePixels)
	}
	symbol, err := o.Level.encode(code)
	if err != nil {
		return nil, 0, err
	}
	return symbol.Bitmap(), modulePixels, nil
}

func (l Level) encode(code string) (*qrcode.QRCode, error) {
	recovery := qrcode.Low
	switch {
	case l == Medium:
		recovery = qrcode.Medium
	case l != Low:
		return nil, errors.New("draw: unknown level: take Low or Medium")
	}
	if code == "" {
		return nil, errors.New("draw: there is nothing to draw")
	}
	if len(code) > MaxContent {
		return nil, fmt.Errorf("draw: the text has %d bytes, a QR code holds at most %d", len(code), MaxContent)
	}
	symbol, err := qrcode.New(code, recovery)
	if err != nil {
		return nil, fmt.Errorf("draw: the text of %d bytes does not fit a QR code at this level: %v", len(code), err)
	}
	return symbol, nil
}
