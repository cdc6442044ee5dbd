package face

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/png"
)

// The size of a drawing in pixels.
const (
	Width  = 240
	Height = 300
)

// samples is the number of points looked at along each side of a pixel, which
// makes edges smooth.
const samples = 3

// PNG draws the person with this id as a PNG file of some 10 KB.
func PNG(id string) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, Draw(id)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Draw draws the person with this id.
func Draw(id string) image.Image {
	layers := newLook(id).layers()
	m := image.NewRGBA(image.Rect(0, 0, Width, Height))
	for y := range Height {
		for x := range Width {
			m.SetRGBA(x, y, average(layers, x, y))
		}
	}
	return m
}

// average is the colour of a pixel.
func average(layers []layer, x, y int) color.RGBA {
	var r, g, b int
	for i := range samples * samples {
		at := point{
			x: (float64(x) + (float64(i%samples)+0.5)/samples) / Width,
			y: (float64(y) + (float64(i/samples)+0.5)/samples) / Width,
		}
		c := topmost(layers, at)
		r, g, b = r+int(c.R), g+int(c.G), b+int(c.B)
	}
	const n = samples * samples
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

// topmost is the colour of the last layer that covers a point. The first covers
// everything.
func topmost(layers []layer, at point) color.RGBA {
	for i := len(layers) - 1; i > 0; i-- {
		if layers[i].shape(at) {
			return layers[i].colour
		}
	}
	return layers[0].colour
}

// dice is where a look comes from: each throw takes a byte of the id's hash.
type dice struct{ left []byte }

func newDice(id string) *dice {
	sum := sha256.Sum256([]byte("face:" + id))
	return &dice{sum[:]}
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int {
	thrown := int(d.left[0])
	d.left = d.left[1:]
	return thrown % n
}

// chance reports true in so many of 100 throws.
func (d *dice) chance(percent int) bool { return d.below(256) < percent*256/100 }

func pick[T any](d *dice, from []T) T { return from[d.below(len(from))] }
