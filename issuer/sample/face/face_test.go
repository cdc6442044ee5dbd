package face

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

func TestPNG_IsAlwaysTheSameForOneID(t *testing.T) {
	t.Parallel()
	first, err := PNG("a")
	if err != nil {
		t.Fatal(err)
	}
	again, err := PNG("a")
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("another picture, %v", err)
	}
}

func TestPNG_DiffersFromPersonToPerson(t *testing.T) {
	t.Parallel()
	looks := map[look]bool{}
	const people = 240
	for i := range people {
		looks[newLook(fmt.Sprint("person ", i))] = true
	}
	if len(looks) != people {
		t.Errorf("%d people have %d looks", people, len(looks))
	}
	one, err := PNG("a")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := PNG("b"); err != nil || bytes.Equal(one, other) {
		t.Errorf("two people have one face, %v", err)
	}
}

func TestPNG_IsTakenForAPortrait(t *testing.T) {
	t.Parallel()
	picture, err := PNG("a")
	if err != nil {
		t.Fatal(err)
	}
	made, err := portrait.Take(picture)
	if err != nil || made.Width != Width || made.Height != Height {
		t.Errorf("%d × %d, %v", made.Width, made.Height, err)
	}
}

func TestLook_EveryStyleAndGarmentComesUp(t *testing.T) {
	t.Parallel()
	styles, worn, beards := map[hairstyle]bool{}, map[garment]bool{}, map[beard]bool{}
	for i := range 240 {
		l := newLook(fmt.Sprint("person ", i))
		styles[l.style], worn[l.garment], beards[l.beard] = true, true, true
		if l.beard != shaven && !l.mayHaveBeard() {
			t.Errorf("person %d: style %d with beard %d", i, l.style, l.beard)
		}
	}
	if len(styles) != int(hairstyles) || len(worn) != int(garments) || len(beards) != 3 {
		t.Errorf("%d styles, %d garments, %d beards", len(styles), len(worn), len(beards))
	}
}
