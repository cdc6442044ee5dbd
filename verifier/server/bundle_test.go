package server

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	sealed "github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// startAirGapped runs a service with gates whose verifier has a root key and nothing
// else.
func startAirGapped(t *testing.T) (*site, *verifier.Verifier) {
	t.Helper()
	var v *verifier.Verifier
	s := startGates(t, func(c *Config) {
		made, err := verifier.New(verifier.Config{Roots: []verifier.Root{verifiertest.Root(t)}, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { made.Close() })
		c.Verifier, v = made, made
	})
	return s, v
}

// freshAt is a badge of that hour, shown at that moment.
func freshAt(t *testing.T, nonce string, at time.Time) string {
	t.Helper()
	claims := credentialtest.Claims()
	passed := at.Truncate(time.Hour).Sub(claims.IssuedAt)
	claims.IssuedAt, claims.NotBefore, claims.Expires = claims.IssuedAt.Add(passed), claims.NotBefore.Add(passed), claims.Expires.Add(passed)
	return credentialtest.MustBind(t, credentialtest.MustIssue(t, claims), credential.Proof{
		Audience: credential.GateAudience, Nonce: nonce, IssuedAt: at,
	})
}

func useBundle(t *testing.T, v *verifier.Verifier, text string) {
	t.Helper()
	if _, err := v.UseBundle(text); err != nil {
		t.Fatal(err)
	}
}

func TestGate_WorksFromABundleAlone(t *testing.T) {
	t.Parallel()
	s, v := startAirGapped(t)
	tb := newGate(t, s, gate.Invitation{})
	if d := tb.decide(t, fresh(t, "before any bundle")); d.Code != code.IssuerUntrusted {
		t.Errorf("before any bundle: %s", d.Code)
	}
	useBundle(t, v, verifiertest.Bundle(t, revocation.Valid, nil))
	s.Move(2 * time.Hour)
	d := tb.decide(t, freshAt(t, "with one", s.Now()))
	if !d.Allow || d.Bundle == nil || d.Bundle.Number != 41 || d.Bundle.AgeSeconds != 7200 {
		t.Fatalf("%s %s, bundle %+v", d.Code, d.Detail, d.Bundle)
	}
	settings := tb.call(t, "GET", "settings", "")
	if !strings.Contains(string(settings.body), `"max_status_age_seconds":604800,`) {
		t.Errorf("settings: %s", settings.body)
	}

	// What a tablet keeps is enough for it to end when the bundle does.
	kept := tb.call(t, "GET", "bundle", "", "Accept-Encoding", "identity")
	var got bundle
	if err := json.Unmarshal(kept.body, &got); err != nil || len(got.Roots) != 1 || len(got.Lists) != 1 {
		t.Fatalf("%v: %s", err, kept.body)
	}
	root := got.Roots[0]
	if root.Number != 41 || root.Issuer != credentialtest.IssuerURL || !root.Expires.Equal(credentialtest.Now.Add(verifiertest.BundleLife)) {
		t.Errorf("root %+v", root)
	}
	offline := s.tablet(t, got)
	presented := func(at time.Time) string { return freshAt(t, at.String(), at) }
	s.Move(verifiertest.BundleMaxAge - 2*time.Hour)
	if d := offline.Verify(t.Context(), presented(s.Now()), verifier.Request{Access: credential.Onsite}); !d.Allow {
		t.Errorf("at the limit of its lists: %s %s", d.Code, d.Detail)
	}
	s.Move(time.Second)
	if d := offline.Verify(t.Context(), presented(s.Now()), verifier.Request{Access: credential.Onsite}); d.Code != code.StatusStale {
		t.Errorf("beyond it: %s", d.Code)
	}
	s.Move(verifiertest.BundleLife - verifiertest.BundleMaxAge)
	if d := offline.Verify(t.Context(), presented(s.Now()), verifier.Request{Access: credential.Onsite}); d.Code != code.BundleStale {
		t.Errorf("after the bundle's time: %s", d.Code)
	}
}

// tablet is the verifier that a page makes of what it keeps.
func (s *site) tablet(t *testing.T, kept bundle) *verifier.Verifier {
	t.Helper()
	pin, err := sealed.ParseFingerprint(kept.Roots[0].Root)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(verifier.Config{Roots: []verifier.Root{{Key: pin, Customer: kept.Roots[0].Customer}}, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	if _, err := v.UseManifest(kept.Roots[0].Manifest); err != nil {
		t.Fatal(err)
	}
	for _, list := range kept.Lists {
		if err := v.LoadList(list.Issuer, list.URI, list.Token); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestGate_AnotherBundleIsKeptAnew(t *testing.T) {
	t.Parallel()
	s, v := startAirGapped(t)
	tb := newGate(t, s, gate.Invitation{})
	useBundle(t, v, verifiertest.Bundle(t, revocation.Valid, nil))
	first := tb.call(t, "GET", "bundle", "")
	if again := tb.call(t, "GET", "bundle", "", "If-None-Match", first.header.Get("Etag")); again.status != 304 {
		t.Errorf("the same: %d", again.status)
	}
	useBundle(t, v, verifiertest.Bundle(t, revocation.Valid, func(b *sealed.Bundle) { b.Number++ }))
	if next := tb.call(t, "GET", "bundle", "", "If-None-Match", first.header.Get("Etag")); next.status != 200 {
		t.Errorf("another: %d", next.status)
	}
}

func TestMetrics_SayWhichBundleAndUntilWhen(t *testing.T) {
	t.Parallel()
	s, v := startAirGapped(t)
	if got := strings.Join(s.scrape(t), "\n"); strings.Contains(got, "cyberbadge_verifier_bundle") {
		t.Error("a bundle before there is one")
	}
	useBundle(t, v, verifiertest.Bundle(t, revocation.Valid, nil))
	got := s.scrape(t)
	for _, want := range []string{
		`cyberbadge_verifier_bundle_number{issuer="https://badge.vendor.example"} 41`,
		`cyberbadge_verifier_bundle_issued_timestamp_seconds{issuer="https://badge.vendor.example"} 1.7954208e+09`,
		`cyberbadge_verifier_bundle_expiry_timestamp_seconds{issuer="https://badge.vendor.example"} 1.7980128e+09`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}
