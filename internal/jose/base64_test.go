package jose_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

func TestDecodeSegment_TakesOneSpellingOfEveryValue(t *testing.T) {
	t.Parallel()
	for size := range 70 {
		want := bytes.Repeat([]byte{0xfb, 0xef, 0xbe, 0x07}, 18)[:size]
		text := base64.RawURLEncoding.EncodeToString(want)
		got, err := jose.DecodeSegment(text)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %x (%v)", size, got, err)
		}
	}
}

// Every text of up to three characters is read by at most one rule: it decodes
// to what encodes to it again, or is refused.
func TestDecodeSegment_ReadsOnlyWhatTheEncoderWrites(t *testing.T) {
	t.Parallel()
	taken := 0
	check := func(text string) {
		decoded, err := jose.DecodeSegment(text)
		if err != nil {
			if code.Of(err) != code.TokenMalformed || decoded != nil {
				t.Fatalf("%q is %x, %v", text, decoded, err)
			}
			return
		}
		taken++
		if base64.RawURLEncoding.EncodeToString(decoded) != text {
			t.Fatalf("%q is another spelling of %x", text, decoded)
		}
	}
	for a := range 256 {
		check(string([]byte{byte(a)}))
		for b := range 256 {
			check(string([]byte{byte(a), byte(b)}))
			check(string([]byte{byte(a), byte(b), 'A'}))
			check(string([]byte{'A', byte(a), byte(b)}))
		}
	}
	if want := 256 + 64*64 + 64*16; taken != want { // of 2, of 3 with A at the end, of 3 with A in front
		t.Errorf("%d texts taken, want %d", taken, want)
	}
}

func TestDecodeSegment_RefusesOtherSpellings(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"padding": "AA==", "one padding": "AAA=", "spare bits": "AB", "spare bits of three": "AAB", "one letter": "A", "five letters": "AAAAA",
		"line break inside": "AA\nAA", "line break behind": "AAAA\n", "carriage return": "AAAA\r\n", "space": "AA AA", "tab": "AAAA\t", "plus": "AA+A", "slash": "AA/A", "dot": "AAA.", "tilde": "AAA~", "NUL": "AAA\x00", "not ASCII": "AAÄ",
	} {
		if _, err := jose.DecodeSegment(text); code.Of(err) != code.TokenMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
