package credential_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// keyFunc is a key source of a test.
type keyFunc func(credential.KeyHint) (*ecdsa.PublicKey, error)

func (f keyFunc) BadgeKey(hint credential.KeyHint) (*ecdsa.PublicKey, error) { return f(hint) }

func TestOpen_ReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	want := credentialtest.Claims()
	badge, err := credential.Opener{Keys: credentialtest.Keys{}}.Open(credentialtest.MustIssue(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := asJSON(t, credentialtest.NewVectorClaims(badge.Claims)), asJSON(t, credentialtest.NewVectorClaims(want)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !badge.HolderKey.Equal(credentialtest.HolderKey.PublicKey()) || badge.KeyID != credentialtest.IssuerKey.ID() {
		t.Errorf("bound to %v, signed by %q", badge.HolderKey, badge.KeyID)
	}
	if !badge.Grants(credential.Onsite) || !badge.Grants(credential.Remote) || badge.Grants("admin") {
		t.Errorf("access %v", badge.Access)
	}
}

func TestOpen_RefusesAPresentationAndAnUnboundBadge(t *testing.T) {
	t.Parallel()
	opener := credential.Opener{Keys: credentialtest.Keys{}}
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	if b, err := opener.Open(credentialtest.MustPresent(t, badge, credentialtest.Now)); code.Of(err) != code.TokenMalformed || b != nil {
		t.Errorf("a presentation: %v", err)
	}
	header, payload, disclosures, _ := credentialtest.Parts(t, badge)
	payload = strings.Replace(payload, `"cnf"`, `"no_cnf"`, 1)
	unbound := credentialtest.Join(credentialtest.MustSign(t, credentialtest.IssuerKey, header, payload), disclosures, "")
	if b, err := opener.Open(unbound); code.Of(err) != code.ProofKeyMissing || b != nil {
		t.Errorf("a badge bound to no key: %v", err)
	}
	p, err := opener.OpenPresentation(unbound)
	if err != nil || p.HolderKey != nil || p.HasProof() {
		t.Errorf("the same as a presentation: %v", err)
	}
}

func TestOpener_TrustsNobodyWithoutKeys(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	if b, err := (credential.Opener{}).Open(badge); code.Of(err) != code.Internal || b != nil {
		t.Errorf("%v", err)
	}
	nothing := keyFunc(func(credential.KeyHint) (*ecdsa.PublicKey, error) { return nil, nil })
	if b, err := (credential.Opener{Keys: nothing}).Open(badge); code.Of(err) != code.KeyUnknown || b != nil {
		t.Errorf("a source that returns no key: %v", err)
	}
	broken := errors.New("store closed")
	failing := keyFunc(func(credential.KeyHint) (*ecdsa.PublicKey, error) {
		return credentialtest.IssuerKey.PublicKey(), broken
	})
	if b, err := (credential.Opener{Keys: failing}).Open(badge); !errors.Is(err, broken) || b != nil {
		t.Errorf("a source that fails: %v", err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := keyFunc(func(credential.KeyHint) (*ecdsa.PublicKey, error) { return &p384.PublicKey, nil })
	for _, memory := range []credential.Memory{nil, &memory{}} {
		if b, err := (credential.Opener{Keys: other, Memory: memory}).Open(badge); code.Of(err) != code.KeyTypeMismatch || b != nil {
			t.Errorf("a source with keys on another curve: %v", err)
		}
	}
}

func TestOpener_AsksForTheKeyOnceAndOnlyForStrictTokens(t *testing.T) {
	t.Parallel()
	var hints []credential.KeyHint
	opener := credential.Opener{Keys: keyFunc(func(hint credential.KeyHint) (*ecdsa.PublicKey, error) {
		hints = append(hints, hint)
		return credentialtest.IssuerKey.PublicKey(), nil
	})}
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	for _, text := range []string{badge[1:], "x~", badge + "~", strings.Replace(badge, ".", "..", 1)} {
		if _, err := opener.Open(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if len(hints) != 0 {
		t.Fatalf("asked for the key of a malformed token: %+v", hints)
	}
	if _, err := opener.Open(badge); err != nil {
		t.Fatal(err)
	}
	want := credential.KeyHint{Issuer: credentialtest.IssuerURL, Type: credentialtest.BadgeType, KeyID: credentialtest.IssuerKey.ID()}
	if len(hints) != 1 || hints[0].Issuer != want.Issuer || hints[0].Type != want.Type || hints[0].KeyID != want.KeyID || hints[0].Chain != nil {
		t.Errorf("asked %+v", hints)
	}
}

// memory is a credential.Memory that never forgets.
type memory struct {
	badges map[[sha256.Size]byte]*credential.Opened
	lookup int
}

func newMemory() *memory {
	return &memory{badges: make(map[[sha256.Size]byte]*credential.Opened)}
}

func (m *memory) Recall(id [sha256.Size]byte) (*credential.Opened, bool) {
	m.lookup++
	opened, known := m.badges[id]
	return opened, known
}

func (m *memory) Remember(id [sha256.Size]byte, opened *credential.Opened) { m.badges[id] = opened }

func TestOpener_RemembersOnlyWhatWasGoodUnderThatKey(t *testing.T) {
	t.Parallel()
	m := newMemory()
	key := credentialtest.IssuerKey.PublicKey()
	opener := credential.Opener{Memory: m, Keys: keyFunc(func(credential.KeyHint) (*ecdsa.PublicKey, error) { return key, nil })}
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	for range 3 {
		if _, err := opener.Open(badge); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.badges) != 1 || m.lookup != 3 {
		t.Errorf("remembered %d badges in %d look-ups", len(m.badges), m.lookup)
	}
	header, payload, disclosures, _ := credentialtest.Parts(t, badge)
	forged := credentialtest.Join(credentialtest.MustSign(t, credentialtest.OtherKey, header, payload), disclosures, "")
	for range 2 {
		if _, err := opener.Open(forged); code.Of(err) != code.SignatureInvalid {
			t.Errorf("a forged twin of a remembered badge: %v", err)
		}
	}
	if len(m.badges) != 1 {
		t.Error("remembered a badge with a bad signature")
	}
	key = credentialtest.OtherKey.PublicKey()
	if _, err := opener.Open(badge); code.Of(err) != code.SignatureInvalid {
		t.Errorf("a remembered badge whose key is no longer the issuer's: %v", err)
	}
}

func TestOpener_WhatACallerChangesIsNotRemembered(t *testing.T) {
	t.Parallel()
	opener := credential.Opener{Memory: newMemory(), Keys: credentialtest.Keys{}}
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	for range 2 {
		opened, err := opener.Open(badge)
		if err != nil {
			t.Fatal(err)
		}
		if want := credentialtest.Claims(); !reflect.DeepEqual(opened.Claims, want) {
			t.Fatalf("got %+v, want %+v", opened.Claims, want)
		}
		opened.Access[0], opened.Training[0].Course, opened.Equipment.Compliant = "any", "any", false
		*opened.HolderKey = *credentialtest.OtherKey.PublicKey()
	}
}

func TestOpener_ChecksDisclosuresOfRememberedBadges(t *testing.T) {
	t.Parallel()
	opener := credential.Opener{Memory: newMemory(), Keys: credentialtest.Keys{}}
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	if _, err := opener.Open(badge); err != nil {
		t.Fatal(err)
	}
	if _, err := opener.Open(badge + credentialtest.Disclosure(`["c2FsdA","role","chief"]`) + "~"); code.Of(err) != code.SDDisclosureUnreferenced {
		t.Errorf("%v", err)
	}
}

func TestCheckTime_HoldsItsBounds(t *testing.T) {
	t.Parallel()
	issued := credentialtest.Now
	badge := credential.Badge{Claims: credential.Claims{IssuedAt: issued, NotBefore: issued.Add(time.Hour), Expires: issued.Add(24 * time.Hour)}}
	const leeway, life = time.Minute, 24 * time.Hour
	for name, c := range map[string]struct {
		now  time.Time
		life time.Duration
		want code.Code
	}{
		"at nbf":                  {badge.NotBefore, life, ""},
		"leeway before nbf":       {badge.NotBefore.Add(-leeway), life, ""},
		"beyond leeway":           {badge.NotBefore.Add(-leeway - 1), life, code.BadgeNotYetValid},
		"a moment before exp":     {badge.Expires.Add(-1), life, ""},
		"at exp":                  {badge.Expires, life, code.BadgeExpired},
		"leeway does not help":    {badge.Expires.Add(leeway), life, code.BadgeExpired},
		"life at the bound":       {badge.NotBefore, life, ""},
		"life beyond the bound":   {badge.NotBefore, life - 1, code.BadgeLifetimeExceeded},
		"no life allowed at all":  {badge.NotBefore, 0, code.BadgeLifetimeExceeded},
		"a clock that was never":  {time.Time{}, life, code.BadgeNotYetValid},
		"a clock of another time": {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), life, code.BadgeExpired},
	} {
		if err := badge.CheckTime(c.now, leeway, c.life); code.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	late := badge
	late.IssuedAt, late.NotBefore = issued.Add(2*time.Hour), issued
	if err := late.CheckTime(issued.Add(2*time.Hour-leeway), leeway, life); err != nil {
		t.Errorf("iat ahead by the leeway: %v", err)
	}
	if err := late.CheckTime(issued.Add(2*time.Hour-leeway-1), leeway, life); code.Of(err) != code.BadgeNotYetValid {
		t.Errorf("iat ahead by more: %v", err)
	}
}
