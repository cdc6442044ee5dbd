//go:build pages

package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// rootKey signs the issuer's bundles.
var rootKey = credentialtest.NewKey("root")

// atAirGap adds a customer's site that works from bundles alone.
func (f *fixture) atAirGap(t *testing.T) *fixture {
	t.Helper()
	// Before the first badge there is no status list.
	if _, err := f.both(t.Context()); err != nil {
		t.Fatal(err)
	}
	pin, err := bundle.FingerprintOf(rootKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	f.sticks = t.TempDir()
	f.customer = &customer{newService(t, "verifier"), freeAddress(t)}
	f.customer.must(t, "verifier", "init", "--site", "Plant 7", "--listen", f.customer.address, "--gates",
		"--root", pin.String(), "--customer", "plant-7")
	return f
}

func TestPages_BundleInChromium(t *testing.T) { start(t).atAirGap(t).inChromium(t, "bundle.e2e") }

// exportBundle writes a bundle to a file, as for a stick.
func (f *fixture) exportBundle(r *http.Request) (any, error) {
	life, err := time.ParseDuration(cmp.Or(r.URL.Query().Get("life"), "720h"))
	if err != nil {
		return nil, err
	}
	made, err := f.program.Bundle(r.Context(), issuer.BundleRequest{Customer: r.URL.Query().Get("for"), Life: life, By: "test"})
	if err != nil {
		return nil, err
	}
	text, err := bundle.Seal(rootKey, made)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(f.sticks, fmt.Sprintf("%d.bundle", made.Number))
	return map[string]any{"path": path, "number": made.Number}, os.WriteFile(path, []byte(text), 0o600)
}

func (f *fixture) importBundle(r *http.Request) (any, error) {
	_, err := f.customer.run(r.Context(), "bundle", "import", r.URL.Query().Get("path"))
	return nil, err
}
