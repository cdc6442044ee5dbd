package face

import "image/color"

// Where the parts are.
const (
	middle    = 0.5
	headY     = 0.54
	shoulderY = 0.89
	bottom    = float64(Height) / Width
)

// layers are the parts of the drawing, from the back to the front.
func (l look) layers() []layer {
	all := []layer{{nil, l.background}}
	all = append(all, l.behind()...)
	all = append(all, l.body()...)
	all = append(all, l.head()...)
	all = append(all, l.beards()...)
	all = append(all, l.features()...)
	return append(all, l.top()...)
}

// behind is the hair that falls behind the neck.
func (l look) behind() []layer {
	dark := shade(l.hair, 14)
	switch l.style {
	case long:
		return []layer{{either(
			ellipse(middle, headY-0.02, l.wide*1.26, l.tall*1.2),
			rectangle(middle-l.wide*1.26, headY-0.02, middle+l.wide*1.26, shoulderY+0.08),
			twice(ellipse(middle-l.wide*0.9, shoulderY+0.08, l.wide*0.36, 0.05)),
		), dark}}
	case bob:
		return []layer{{either(
			ellipse(middle, headY-0.02, l.wide*1.28, l.tall*1.16),
			both(ellipse(middle, headY+0.08, l.wide*1.36, l.tall), rectangle(0, headY-0.02, 1, headY+l.tall*0.86)),
		), dark}}
	case bun:
		return []layer{{ellipse(middle, headY-l.tall*1.22, l.wide*0.46, l.wide*0.42), dark}}
	case curls:
		var curls []shape
		for _, at := range []point{
			{-1.1, -0.1}, {-1.15, -0.45}, {-0.9, -0.8}, {-0.5, -1.05}, {0, -1.15}, {-1.0, 0.2},
		} {
			curls = append(curls, twice(ellipse(middle+at.x*l.wide, headY+at.y*l.tall, 0.075, 0.075)))
		}
		return []layer{{either(append(curls, ellipse(middle, headY-0.06, l.wide*1.2, l.tall*1.05))...), l.hair}}
	case scarf:
		return []layer{{either(
			ellipse(middle, headY-0.01, l.wide*1.3, l.tall*1.26),
			polygon(point{middle - l.wide*1.28, headY}, point{middle + l.wide*1.28, headY}, point{middle + l.wide*1.6, 0.96}, point{middle - l.wide*1.6, 0.96}),
		), l.fabric}}
	}
	return nil
}

func (l look) body() []layer {
	torso := either(
		ellipse(middle, shoulderY+0.24, 0.40, 0.235),
		rectangle(middle-0.40, shoulderY+0.24, middle+0.40, bottom),
	)
	neck := either(rectangle(middle-0.080, headY, middle+0.080, shoulderY+0.03), ellipse(middle, shoulderY+0.03, 0.080, 0.03))
	shadow := both(neck, ellipse(middle, headY+0.06, l.wide, l.tall))
	all := []layer{{torso, l.cloth}}
	if l.style == scarf {
		return append(all, layer{both(ellipse(middle, shoulderY+0.02, l.wide*1.5, 0.13), not(rectangle(0, 0, 1, headY))), shade(l.fabric, 12)})
	}
	switch l.garment {
	case shirt:
		all = append(all,
			layer{neck, l.skin}, layer{shadow, shade(l.skin, 16)},
			layer{both(rectangle(middle-0.003, shoulderY+0.06, middle+0.003, bottom), torso), shade(l.cloth, 22)},
			layer{twice(polygon(point{middle - 0.092, shoulderY - 0.02}, point{middle, shoulderY + 0.075}, point{middle - 0.055, shoulderY + 0.115}, point{middle - 0.13, shoulderY + 0.025})), shade(l.cloth, 12)})
	case jumper:
		all = append(all,
			layer{ellipse(middle, shoulderY+0.025, 0.108, 0.055), shade(l.cloth, 20)},
			layer{neck, l.skin}, layer{shadow, shade(l.skin, 16)})
	case vNeck:
		all = append(all,
			layer{polygon(point{middle - 0.115, shoulderY}, point{middle + 0.115, shoulderY}, point{middle, shoulderY + 0.17}), shade(l.cloth, 24)},
			layer{polygon(point{middle - 0.095, shoulderY}, point{middle + 0.095, shoulderY}, point{middle, shoulderY + 0.145}), l.skin},
			layer{neck, l.skin}, layer{shadow, shade(l.skin, 16)})
	case safetyVest:
		all = append(all,
			layer{both(torso, not(rectangle(middle-0.085, 0, middle+0.085, bottom))), vest},
			layer{both(torso, twice(rectangle(middle-0.235, 0, middle-0.185, bottom))), stripe},
			layer{ellipse(middle, shoulderY+0.025, 0.10, 0.05), shade(l.cloth, 20)},
			layer{neck, l.skin}, layer{shadow, shade(l.skin, 16)})
	}
	return all
}

// outline is the shape of the face.
func (l look) outline() shape {
	return either(
		both(ellipse(middle, headY, l.wide, l.tall*0.94), rectangle(0, 0, 1, headY)),
		both(ellipse(middle, headY, l.wide, l.tall), rectangle(0, headY, 1, bottom)),
	)
}

func (l look) head() []layer {
	ears := twice(ellipse(middle-l.wide-0.004, headY+0.02, 0.026, 0.042))
	all := []layer{{l.outline(), l.skin}}
	if l.style == scarf || l.style == long || l.style == bob {
		return all
	}
	return append([]layer{{ears, shade(l.skin, 8)}}, all...)
}

func (l look) beards() []layer {
	colour := shade(l.hair, 6)
	lip := ellipse(middle, headY+0.098, 0.062, 0.020)
	switch l.beard {
	case moustache:
		return []layer{{both(lip, rectangle(0, 0, 1, headY+0.108)), colour}}
	case full:
		// All of the lower face but what is around the mouth and the cheeks.
		cheeks := ellipse(middle, headY-0.005, l.wide*0.90, l.tall*0.50)
		mouth := ellipse(middle, headY+0.124, 0.052, 0.022)
		lower := both(either(l.outline(), ellipse(middle, headY+0.07, l.wide*0.93, l.tall*0.76)), rectangle(0, headY, 1, bottom))
		return []layer{{both(lower, both(not(cheeks), not(mouth))), colour}, {both(lip, not(mouth)), colour}}
	}
	return nil
}

func (l look) features() []layer {
	eyeY := headY + 0.005
	brow := shade(l.hair, 20)
	if l.hair.R > 180 {
		brow = shade(l.hair, 40)
	}
	all := []layer{
		{twice(ellipse(middle-l.eyes, eyeY, 0.0135, 0.0165)), ink},
		{twice(ellipse(middle-l.eyes+0.005, eyeY-0.006, 0.004, 0.004)), stripe},
		{twice(arc(middle-l.eyes, eyeY-0.028, 0.034, -0.014, 0.0055)), brow},
		{arc(middle, headY+0.050, 0.019, 0.012, 0.0045), shade(l.skin, 28)},
		{arc(middle, headY+0.108, 0.050, l.smile, 0.0062), shade(l.skin, 52)},
		{twice(ellipse(middle-l.eyes-0.03, headY+0.078, 0.026, 0.017)), l.blush()},
	}
	if l.beard == full {
		all = all[:len(all)-1]
	}
	if l.glasses {
		all = append(all,
			layer{twice(ring(middle-l.eyes, eyeY, 0.050, 0.042, 0.0075)), l.frame},
			layer{arc(middle, eyeY-0.004, l.eyes-0.046, -0.008, 0.004), l.frame},
			layer{twice(rectangle(middle-l.wide, eyeY-0.012, middle-l.eyes-0.046, eyeY-0.005)), l.frame})
	}
	return all
}

// blush is a warmer tone of the skin.
func (l look) blush() (c color.RGBA) {
	c = l.skin
	c.G, c.B = uint8(int(c.G)*92/100), uint8(int(c.B)*90/100)
	return c
}

// top is the hair, or what is worn, on top of the head.
func (l look) top() []layer {
	crown := ellipse(middle, headY-0.012, l.wide*1.09, l.tall*1.06)
	// What is left of the crown above a forehead is hair.
	above := func(forehead shape, line float64) shape {
		return both(both(crown, not(forehead)), rectangle(0, 0, 1, line))
	}
	switch l.style {
	case short, bun:
		return []layer{{above(ellipse(middle, headY+0.06, l.wide*0.94, l.tall*0.93), headY-0.01), l.hair}}
	case crew:
		return []layer{{above(ellipse(middle, headY+0.03, l.wide*0.97, l.tall*0.95), headY-0.04), l.hair}}
	case curls:
		return []layer{{above(ellipse(middle, headY+0.07, l.wide*0.92, l.tall*0.92), headY-0.01), l.hair}}
	case parted:
		return []layer{{above(ellipse(middle+l.wide*0.50, headY+0.12, l.wide*1.52, l.tall*1.12), headY-0.03), l.hair}}
	case long:
		return []layer{{above(either(
			ellipse(middle-l.wide*0.5, headY+0.08, l.wide*0.60, l.tall*1.02),
			ellipse(middle+l.wide*0.3, headY+0.08, l.wide*0.72, l.tall*1.10),
		), headY+0.10), l.hair}}
	case bob:
		fringe := both(crown, rectangle(0, 0, 1, headY-l.tall*0.38))
		sides := both(both(crown, not(rectangle(middle-l.wide*0.88, 0, middle+l.wide*0.88, bottom))), rectangle(0, 0, 1, headY+l.tall*0.8))
		return []layer{{either(fringe, sides), l.hair}}
	case scarf:
		opening := ellipse(middle, headY+0.015, l.wide*0.94, l.tall*0.93)
		around := ellipse(middle, headY, l.wide*1.26, l.tall*1.2)
		return []layer{{both(around, not(opening)), l.fabric},
			{both(around, both(arc(middle, headY-l.tall*0.62, l.wide*1.1, -l.tall*0.32, 0.004), not(opening))), shade(l.fabric, 18)}}
	case turban:
		return l.turban()
	}
	return nil
}

func (l look) turban() []layer {
	dome := both(
		ellipse(middle, headY-l.tall*0.72, l.wide*1.32, l.tall*0.80),
		not(ellipse(middle, headY+0.10, l.wide*1.12, l.tall*1.02)),
	)
	fold := func(y float64) layer {
		return layer{both(dome, arc(middle, headY-l.tall*y, l.wide*1.4, -l.tall*0.42, 0.005)), shade(l.fabric, 18)}
	}
	return []layer{{dome, l.fabric}, fold(0.45), fold(0.70), fold(0.95)}
}
