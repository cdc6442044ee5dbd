package portrait

import (
	"image"
	"image/color"
	"image/draw"
)

// channels are red, green and blue.
const channels = 3

// shrink averages a picture down to width × height, neither of them more than it
// has. Each pixel is the mean of the area that it stands for, in which pixels at
// the edge count in part; all in integers, since floating point differs between
// processors. What is transparent is put on white.
func shrink(from image.Image, width, height int) *image.RGBA {
	bounds := from.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	row := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), 1))
	line := make([]uint64, width*channels) // a row of the picture, averaged
	sums := make([]uint64, width*channels) // of the rows that y stands for
	area := uint64(bounds.Dx()) * uint64(bounds.Dy())
	for fromY := range bounds.Dy() {
		draw.Draw(row, row.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(row, row.Bounds(), from, bounds.Min.Add(image.Pt(0, fromY)), draw.Over)
		narrow(line, row, width)
		share(fromY, bounds.Dy(), height, func(y, weight int, last bool) {
			for i, value := range line {
				sums[i] += value * uint64(weight)
			}
			if last {
				write(to, y, sums, area)
				clear(sums)
			}
		})
	}
	return to
}

// narrow sums a row up to width pixels, each of which has the row's whole width as
// its weight.
func narrow(line []uint64, row *image.RGBA, width int) {
	clear(line)
	rowWidth := row.Bounds().Dx()
	for fromX := range rowWidth {
		pixel := row.Pix[4*fromX:]
		share(fromX, rowWidth, width, func(x, weight int, _ bool) {
			for c := range channels {
				line[channels*x+c] += uint64(pixel[c]) * uint64(weight)
			}
		})
	}
}

// share says into which of fewer places the place at goes, and with what weight:
// the weights of each of those places add up to many. last is true for the last
// share that a place gets.
func share(at, many, few int, visit func(place, weight int, last bool)) {
	// In units of 1/few of a place: at covers few of them, a place covers many.
	for start, end := at*few, (at+1)*few; start < end; {
		place := start / many
		stop := min(end, (place+1)*many)
		visit(place, stop-start, stop == (place+1)*many)
		start = stop
	}
}

func write(to *image.RGBA, y int, sums []uint64, area uint64) {
	for x := range to.Bounds().Dx() {
		pixel := to.Pix[to.PixOffset(x, y):]
		for c := range channels {
			pixel[c] = uint8((sums[channels*x+c] + area/2) / area)
		}
		pixel[channels] = 0xff
	}
}
