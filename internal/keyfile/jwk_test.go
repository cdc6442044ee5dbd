package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestPublicJWK(t *testing.T) {
	t.Parallel()
	// The key of RFC 7517, appendix A.1.
	point := []byte("\x04" +
		"\x30\xa0\x42\x4c\xd2\x1c\x29\x44\x83\x8a\x2d\x75\xc9\x2b\x37\xe7\x6e\xa2\x0d\x9f\x00\x89\x3a\x3b\x4e\xee\x8a\x3c\x0a\xaf\xec\x3e" +
		"\xe0\x4b\x65\xe9\x24\x56\xd9\x88\x8b\x52\xb3\x79\xbd\xfb\xd5\x1e\xe8\x69\xef\x1f\x0f\xc6\x5b\x66\x59\x69\x5b\x6c\xce\x08\x17\x23")
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	got, err := PublicJWK(public, "1")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",` +
		`"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1","use":"sig","alg":"ES256"}`
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got, _ := PublicJWK(public, ""); !json.Valid(got) || strings.Contains(string(got), "kid") {
		t.Errorf("without a kid: %s", got)
	}
}

func TestPublicJWKRefusesOtherKeys(t *testing.T) {
	t.Parallel()
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	for _, key := range []crypto.PublicKey{nil, (*ecdsa.PublicKey)(nil), &ecdsa.PublicKey{}, p384.Public(), ed, newKey(t)} {
		if _, err := PublicJWK(key, "1"); !errors.Is(err, ErrUnsupportedKey) {
			t.Errorf("%T: %v", key, err)
		}
	}
}
