package face

import "image/color"

// Colours that go well together, light and dark alike often.
var (
	backgrounds = []color.RGBA{
		{214, 228, 236, 255}, {226, 232, 214, 255}, {240, 228, 210, 255}, {230, 220, 236, 255}, {214, 234, 228, 255}, {238, 222, 220, 255},
	}
	skins = []color.RGBA{
		{246, 214, 188, 255}, {236, 190, 156, 255}, {222, 170, 130, 255}, {196, 140, 100, 255},
		{164, 110, 74, 255}, {132, 86, 58, 255}, {98, 62, 44, 255},
	}
	hairs = []color.RGBA{
		{30, 26, 28, 255}, {52, 36, 28, 255}, {88, 56, 34, 255}, {128, 84, 44, 255},
		{196, 150, 84, 255}, {148, 62, 34, 255}, {150, 150, 152, 255}, {206, 204, 200, 255},
	}
	clothes = []color.RGBA{
		{38, 70, 108, 255}, {62, 88, 72, 255}, {110, 52, 58, 255}, {70, 74, 84, 255},
		{224, 224, 220, 255}, {176, 110, 48, 255}, {74, 118, 140, 255}, {96, 76, 112, 255},
	}
	fabrics = []color.RGBA{ // of scarves and turbans
		{58, 84, 118, 255}, {120, 60, 80, 255}, {54, 98, 92, 255}, {92, 84, 76, 255}, {196, 164, 120, 255},
	}
	ink       = color.RGBA{44, 36, 36, 255}
	vest      = color.RGBA{214, 222, 60, 255}
	stripe    = color.RGBA{232, 232, 228, 255}
	darkFrame = color.RGBA{52, 52, 60, 255}
	paleFrame = color.RGBA{206, 190, 150, 255}
)

// hairstyle is what a head wears.
type hairstyle int

const (
	short hairstyle = iota
	parted
	long
	bob
	bun
	curls
	crew
	bald
	scarf
	turban
	hairstyles
)

type beard int

const (
	shaven beard = iota
	moustache
	full
)

type garment int

const (
	shirt garment = iota
	jumper
	vNeck
	safetyVest
	garments
)

// look is all that makes one face differ from another.
type look struct {
	background, skin, hair, cloth, fabric, frame color.RGBA

	style   hairstyle
	beard   beard
	garment garment
	glasses bool
	wide    float64 // half the width of the head
	tall    float64 // half its height
	smile   float64
	eyes    float64 // between them, half
}

func newLook(id string) look {
	d := newDice(id)
	l := look{
		background: pick(d, backgrounds), skin: pick(d, skins), hair: pick(d, hairs),
		cloth: pick(d, clothes), fabric: pick(d, fabrics), frame: darkFrame,
		style:   hairstyle(d.below(int(hairstyles))),
		garment: garment(d.below(int(garments))),
		glasses: d.chance(30),
		wide:    0.178 + float64(d.below(5))*0.006,
		tall:    0.228 + float64(d.below(4))*0.006,
		smile:   0.020 + float64(d.below(4))*0.006,
		eyes:    0.068 + float64(d.below(3))*0.005,
	}
	if roll := d.below(10); l.mayHaveBeard() && roll < 6 {
		l.beard = []beard{moustache, full, full, full, moustache, full}[roll]
	}
	// Hair nearly as dark as the skin can't be told from it, and fair hair on dark
	// skin looks like a negative.
	contrast, fair := light(l.skin)-light(l.hair), l.hair.R > 180 && l.hair.B < 140
	if contrast > -minContrast && contrast < minContrast || fair && light(l.skin) < 160 {
		l.hair = hairs[0]
	}
	if light(l.skin) < 110 {
		l.frame = paleFrame
	}
	return l
}

// minContrast is the least difference in [light] between skin and hair.
const minContrast = 42

// light is how light a colour is, 0 to 255.
func light(c color.RGBA) int { return (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000 }

func (l look) mayHaveBeard() bool {
	return l.style == short || l.style == crew || l.style == bald || l.style == turban || l.style == parted
}
