package face

import (
	"image/color"
	"math"
)

// point is a place in the drawing: x from 0 on the left to 1 on the right, y from 0
// at the top to Height/Width at the bottom.
type point struct{ x, y float64 }

// shape reports whether a point is in it.
type shape func(point) bool

type layer struct {
	shape  shape
	colour color.RGBA
}

func ellipse(x, y, radiusX, radiusY float64) shape {
	return func(at point) bool {
		dx, dy := (at.x-x)/radiusX, (at.y-y)/radiusY
		return dx*dx+dy*dy < 1
	}
}

func rectangle(left, top, right, bottom float64) shape {
	return func(at point) bool { return at.x >= left && at.x < right && at.y >= top && at.y < bottom }
}

// polygon is convex, its corners in either order.
func polygon(corners ...point) shape {
	return func(at point) bool {
		left, right := false, false
		for i, a := range corners {
			b := corners[(i+1)%len(corners)]
			side := (b.x-a.x)*(at.y-a.y) - (b.y-a.y)*(at.x-a.x)
			left, right = left || side > 0, right || side < 0
		}
		return !left || !right
	}
}

// arc is the lower or, with a negative height, the upper half of an ellipse's line.
func arc(x, y, radius, height, thickness float64) shape {
	return func(at point) bool {
		dx := (at.x - x) / radius
		if dx*dx > 1 {
			return false
		}
		line := y + height*math.Sqrt(1-dx*dx)
		return math.Abs(at.y-line) < thickness
	}
}

func ring(x, y, radiusX, radiusY, thickness float64) shape {
	return both(ellipse(x, y, radiusX, radiusY), not(ellipse(x, y, radiusX-thickness, radiusY-thickness)))
}

func both(a, b shape) shape { return func(at point) bool { return a(at) && b(at) } }

func either(all ...shape) shape {
	return func(at point) bool {
		for _, s := range all {
			if s(at) {
				return true
			}
		}
		return false
	}
}

func not(s shape) shape { return func(at point) bool { return !s(at) } }

// twice is a shape and its mirror image, about the middle of the drawing.
func twice(s shape) shape {
	return func(at point) bool { return s(at) || s(point{1 - at.x, at.y}) }
}

// shade makes a colour darker: by nothing at 0, to black at 100.
func shade(c color.RGBA, percent int) color.RGBA {
	darker := func(v uint8) uint8 { return uint8(int(v) * (100 - percent) / 100) }
	return color.RGBA{darker(c.R), darker(c.G), darker(c.B), 255}
}
