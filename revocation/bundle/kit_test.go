package bundle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

const issuerURL = "https://issuer.example"

var rootKey = credentialtest.NewKey("root")

func root(t testing.TB) bundle.Fingerprint {
	t.Helper()
	f, err := bundle.FingerprintOf(rootKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func listURI(n int) string { return fmt.Sprintf("%s/status-lists/%d", issuerURL, n) }

// listToken is a signed list of size entries with so many revoked at random.
func listToken(t testing.TB, n int, size uint64, revoked int, at time.Time) bundle.List {
	t.Helper()
	list, err := revocation.NewList(size)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for range revoked {
		if err := list.Set(random.Uint64N(size), revocation.Invalid); err != nil {
			t.Fatal(err)
		}
	}
	return signed(t, n, list, at)
}

func signed(t testing.TB, n int, list *revocation.List, at time.Time) bundle.List {
	t.Helper()
	encoded, err := list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	at = at.UTC().Truncate(time.Second)
	text, err := revocation.Signer{Key: credentialtest.ListKey, KeyID: credentialtest.ListKey.KeyID()}.Sign(
		revocation.Token{URI: listURI(n), IssuedAt: at, Expires: at.Add(7 * 24 * time.Hour), TTL: time.Minute}, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return bundle.List{URI: listURI(n), IssuedAt: at, Token: text}
}

// sample is a bundle with two lists and a portrait.
func sample(t testing.TB) bundle.Bundle {
	t.Helper()
	at := credentialtest.Now
	return bundle.Bundle{
		Manifest: bundle.Manifest{
			Issuer:       issuerURL,
			Customer:     "plant-7",
			Number:       41,
			IssuedAt:     at,
			Expires:      at.Add(30 * 24 * time.Hour),
			MaxStatusAge: 7 * 24 * time.Hour,
			Trust:        json.RawMessage(`{"issuer":"` + issuerURL + `","types":["t"]}`),
		},
		Lists: []bundle.List{
			listToken(t, 1, 1<<10, 10, at),
			listToken(t, 2, 1<<10, 0, at),
		},
		Portraits: [][]byte{[]byte("a picture")},
	}
}

func seal(t testing.TB, b bundle.Bundle) string {
	t.Helper()
	text, err := bundle.Seal(rootKey, b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rules(t testing.TB) bundle.Rules {
	t.Helper()
	return bundle.Rules{Root: root(t), Customer: "plant-7", Now: credentialtest.Now}
}

// wantRefused asserts the code and, where it is given, what the detail says.
func wantRefused(t *testing.T, err error, want code.Code, says string) {
	t.Helper()
	if code.Of(err) != want || !strings.Contains(fmt.Sprint(err), says) {
		t.Errorf("error %v, want %s saying %q", err, want, says)
	}
}
