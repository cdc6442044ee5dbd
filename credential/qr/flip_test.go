package qr

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"

	codes "github.com/cyberbadge/cyberbadge/credential/code"
)

// Every bit of a frame, flipped: the code is refused or restores something of a
// compact SD-JWT's shape, which is for signatures to refuse.
func TestUnpack_DamagedFrames(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct{ Name, Presentation, Code string }
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden[:2] {
		issuer, digits, err := cut(g.Code)
		if err != nil {
			t.Fatal(err)
		}
		original := fromDigits(digits)
		refused, same, other := 0, 0, 0
		for bit := range 8 * len(original) {
			damaged := bytes.Clone(original)
			damaged[bit/8] ^= 1 << (bit % 8)
			if damaged[0] == 0 {
				continue // no number has a leading zero
			}
			text, err := Unpack("https://" + issuer[len("https://"):] + "/C#" + toDigits(damaged))
			var e *codes.Error
			switch {
			case errors.As(err, &e) && text == "":
				refused++
			case err != nil:
				t.Fatalf("%s, bit %d: %q with %v", g.Name, bit, text, err)
			case text == g.Presentation:
				same++
			default:
				other++
				if _, err := split(text); err != nil {
					t.Errorf("%s, bit %d: restored no SD-JWT: %v", g.Name, bit, err)
				}
			}
		}
		t.Logf("%s: %d refused, %d restore another text, %d the same", g.Name, refused, other, same)
		if refused == 0 || other == 0 || same > 7 {
			t.Errorf("%s: unlikely: %d refused, %d other, %d same", g.Name, refused, other, same)
		}
	}
}
