package verifiertest

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
)

// damage changes one segment of a finished presentation.
type damage struct {
	// Part is "header", "payload", "signature", "disclosure" (the first),
	// "proof header", "proof payload" or "proof signature".
	Part string `json:"part"`
	// Do is what is done to it:
	//   "append", "insert" (in its middle), "set"   with Text
	//   "spare bits"  the last character gets bits that stand for nothing
	//   "flip"        one bit of the content
	//   "twin"        of a signature: n-s for s, as good a signature
	//   "DER"         of a signature: the other encoding
	//   "r", "s"      of a signature: that half becomes Text, in hexadecimal
	Do   string `json:"do"`
	Text string `json:"text"`
}

func (d damage) apply(t testing.TB, text string) string {
	t.Helper()
	components := strings.Split(text, "~")
	component, segment := 0, 0
	switch d.Part {
	case "header":
	case "payload":
		segment = 1
	case "signature":
		segment = 2
	case "disclosure":
		component = 1
	case "proof header", "proof payload", "proof signature":
		component = len(components) - 1
		segment = map[string]int{"proof header": 0, "proof payload": 1, "proof signature": 2}[d.Part]
	default:
		t.Fatalf("verifiertest: no part %q", d.Part)
	}
	segments := strings.Split(components[component], ".")
	segments[segment] = d.change(t, segments[segment])
	components[component] = strings.Join(segments, ".")
	return strings.Join(components, "~")
}

func (d damage) change(t testing.TB, text string) string {
	t.Helper()
	switch d.Do {
	case "append":
		return text + d.Text
	case "insert":
		return text[:len(text)/2] + d.Text + text[len(text)/2:]
	case "set":
		return d.Text
	case "spare bits":
		return spareBits(t, text)
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return encode(d.changeBytes(t, content))
}

func (d damage) changeBytes(t testing.TB, content []byte) []byte {
	t.Helper()
	switch d.Do {
	case "flip":
		content[len(content)/2] ^= 1
		return content
	case "twin":
		s := new(big.Int).SetBytes(content[32:])
		s.Sub(groupOrder(), s).FillBytes(content[32:])
		return content
	case "DER":
		der, err := asn1.Marshal(struct{ R, S *big.Int }{
			new(big.Int).SetBytes(content[:32]), new(big.Int).SetBytes(content[32:]),
		})
		if err != nil {
			t.Fatal(err)
		}
		return der
	case "r", "s":
		half, err := hex.DecodeString(d.Text)
		if err != nil || len(half) != 32 {
			t.Fatalf("verifiertest: %q is not 32 bytes in hexadecimal", d.Text)
		}
		if d.Do == "r" {
			return append(half, content[32:]...)
		}
		return append(content[:32:32], half...)
	}
	t.Fatalf("verifiertest: %q can't be done", d.Do)
	return nil
}

// spareBits sets the lowest bit that the last character stands for nothing with.
func spareBits(t testing.TB, text string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(text)%4 == 0 {
		t.Fatal("verifiertest: this part has no spare bits")
	}
	last := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + alphabet[last|1:][:1]
}

// groupOrder is the order of P-256.
func groupOrder() *big.Int {
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	return n
}
