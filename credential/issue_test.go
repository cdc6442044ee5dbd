package credential_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

func newIssuer(t testing.TB, change func(*credential.IssuerConfig)) *credential.Issuer {
	t.Helper()
	config := credentialtest.IssuerConfig(t.Name())
	if change != nil {
		change(&config)
	}
	issuer, err := credential.NewIssuer(config)
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func prepare(t testing.TB, issuer *credential.Issuer, claims credential.Claims) *credential.Draft {
	t.Helper()
	draft, err := issuer.Prepare(claims)
	if err != nil {
		t.Fatal(err)
	}
	return draft
}

func TestNewIssuer_ReportsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := credential.NewIssuer(credential.IssuerConfig{})
	if err == nil {
		t.Fatal("the zero configuration is taken")
	}
	for _, want := range []string{"issuer URL", "no credential type", "no key id", "no signing key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestNewIssuer_RefusesWhatWouldFailAtEverySignature(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*credential.IssuerConfig){
		"not a P-256":          func(c *credential.IssuerConfig) { c.Key = p384 },
		"not an ECDSA key":     func(c *credential.IssuerConfig) { c.Key = publicOnly{} },
		"printable ASCII":      func(c *credential.IssuerConfig) { c.KeyID = "my key" },
		"at most 128":          func(c *credential.IssuerConfig) { c.KeyID = strings.Repeat("k", 129) },
		"at most 4 are":        func(c *credential.IssuerConfig) { c.Chain = make([][]byte, 5) },
		"credential type":      func(c *credential.IssuerConfig) { c.Types = []string{credentialtest.BadgeType, ""} },
		"not an HTTPS URL":     func(c *credential.IssuerConfig) { c.URL = "http://badge.vendor.example" },
		"without credentials,": func(c *credential.IssuerConfig) { c.URL = "https://badge.vendor.example?" },
	} {
		config := credentialtest.IssuerConfig("x")
		change(&config)
		if issuer, err := credential.NewIssuer(config); err == nil || issuer != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

type publicOnly struct{ crypto.Signer }

func (publicOnly) Public() crypto.PublicKey { return "no key" }

func TestNewIssuer_TakesPlainHTTPOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for url, good := range map[string]bool{
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://[::1]:8080/x": true, "https://badge.vendor.example/tenant/1": true,
		"http://localhost.attacker.example": false, "http://127.0.0.1.example": false, "http://10.0.0.1": false, "https://": false, "https://:443/x": false, "https:badge.example": false, "//badge.example": false, "ftp://badge.example": false, "": false,
		"https://u:p@badge.example": false, "https://badge.example/#": false, "https://badge.example/?x": false, "https://badge.example/\xff": false, "https://bädge.example": false, "https://badge.example/a b": false, "https://badge.example/\u202e": false,
	} {
		config := credentialtest.IssuerConfig("x")
		config.URL = url
		if _, err := credential.NewIssuer(config); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestSign_TakesADraftOnce(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, nil)
	draft := prepare(t, issuer, credentialtest.Claims())
	if _, err := issuer.Sign(draft); err != nil {
		t.Fatal(err)
	}
	if badge, err := issuer.Sign(draft); err == nil || badge != "" {
		t.Error("a draft was signed twice")
	}
}

func TestSign_TakesADraftOnceUnderConcurrency(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Rand = nil })
	draft := prepare(t, issuer, credentialtest.Claims())
	var signed atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := issuer.Sign(draft); err == nil {
				signed.Add(1)
			}
		})
	}
	all.Wait()
	if signed.Load() != 1 {
		t.Errorf("signed %d times", signed.Load())
	}
}

func TestSign_RefusesTheDraftOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	one, other := newIssuer(t, nil), newIssuer(t, nil)
	draft := prepare(t, one, credentialtest.Claims())
	for name, d := range map[string]*credential.Draft{"another issuer's": draft, "none": nil, "made by hand": {}} {
		if badge, err := other.Sign(d); err == nil || badge != "" {
			t.Errorf("a draft was signed that is %s", name)
		}
	}
	if _, err := one.Sign(draft); err != nil {
		t.Errorf("the refusal used the draft up: %v", err)
	}
}

func TestSign_SignsWhatWasPreparedWhateverTheCallerChangesAfterwards(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, nil)
	key := *credentialtest.HolderKey.PublicKey()
	claims := credentialtest.Claims()
	claims.HolderKey = &key
	draft := prepare(t, issuer, claims)
	want := asJSON(t, credentialtest.NewVectorClaims(draft.Claims()))
	for _, c := range []credential.Claims{claims, draft.Claims()} {
		c.Access[0] = "everything"
		c.Training[0].Course = "x"
		c.Equipment.Compliant = false
		*c.HolderKey = *credentialtest.OtherKey.PublicKey()
	}
	badge, err := issuer.Sign(draft)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := credential.Opener{Keys: credentialtest.Keys{}}.Open(badge)
	if err != nil {
		t.Fatal(err)
	}
	if got := asJSON(t, credentialtest.NewVectorClaims(opened.Claims)); got != want {
		t.Errorf("signed %s\nprepared %s", got, want)
	}
	if !opened.HolderKey.Equal(credentialtest.HolderKey.PublicKey()) {
		t.Error("signed for another key")
	}
}

// store is a key store whose answers are not what was asked for.
type store struct {
	crypto.Signer
	sign func(digest []byte) ([]byte, error)
}

func (s store) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.sign(digest)
}

func TestSign_ReturnsNoBadgeWhenTheKeyStoreIsFaulty(t *testing.T) {
	t.Parallel()
	wide, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).Lsh(big.NewInt(1), 300), big.NewInt(1)})
	if err != nil {
		t.Fatal(err)
	}
	for name, sign := range map[string]func([]byte) ([]byte, error){
		"failing":        func([]byte) ([]byte, error) { return nil, errors.New("token removed") },
		"empty":          func([]byte) ([]byte, error) { return nil, nil },
		"raw":            func([]byte) ([]byte, error) { return make([]byte, 64), nil },
		"too wide":       func([]byte) ([]byte, error) { return wide, nil },
		"of another key": func(d []byte) ([]byte, error) { return credentialtest.OtherKey.Sign(nil, d, crypto.SHA256) },
		"of another text": func(d []byte) ([]byte, error) {
			return credentialtest.IssuerKey.Sign(nil, bytes.Repeat([]byte{1}, len(d)), crypto.SHA256)
		},
	} {
		issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Key = store{c.Key, sign} })
		if badge, err := issuer.Sign(prepare(t, issuer, credentialtest.Claims())); err == nil || badge != "" {
			t.Errorf("%s: %q", name, badge)
		}
	}
}

func TestSign_ReturnsNoBadgeWithoutGoodSalts(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]io.Reader{"empty": strings.NewReader(""), "short": strings.NewReader("sixteen bytes or so"), "stuck": stuck{}} {
		issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Rand = source })
		if badge, err := issuer.Sign(prepare(t, issuer, credentialtest.Claims())); err == nil || badge != "" {
			t.Errorf("%s: %q", name, badge)
		}
	}
}

type stuck struct{}

func (stuck) Read(p []byte) (int, error) { return len(p), nil }

func TestPrepare_RoundsTheTimesDown(t *testing.T) {
	t.Parallel()
	claims := credentialtest.Claims()
	paris := time.FixedZone("", 3600)
	claims.IssuedAt = time.Date(2026, 11, 23, 8, 4, 59, 999, paris)
	claims.NotBefore = time.Date(2026, 11, 23, 7, 5, 0, 1, time.UTC)
	claims.Expires = time.Date(2026, 11, 23, 20, 19, 59, 0, paris)
	draft := prepare(t, newIssuer(t, nil), claims)
	for name, times := range map[string][2]time.Time{
		"iat": {draft.Claims().IssuedAt, time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)},
		"nbf": {draft.Claims().NotBefore, time.Date(2026, 11, 23, 7, 5, 0, 0, time.UTC)},
		"exp": {draft.Claims().Expires, time.Date(2026, 11, 23, 19, 15, 0, 0, time.UTC)},
	} {
		if times[0] != times[1] {
			t.Errorf("%s is %v, want %v", name, times[0], times[1])
		}
	}
}

func TestSign_TakesWhatAClockReturns(t *testing.T) {
	t.Parallel()
	claims := credentialtest.Claims()
	now := time.Now() // with a monotonic reading and a zone, as callers have it
	claims.IssuedAt, claims.NotBefore, claims.Expires = now, now, now.Add(time.Hour)
	claims.Equipment.CheckedAt = now
	claims.Training[0].ValidUntil = now
	issuer := newIssuer(t, nil)
	if _, err := issuer.Sign(prepare(t, issuer, claims)); err != nil {
		t.Fatal(err)
	}
}

func TestSign_TakesClaimsThatAreNotThere(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, nil)
	c := credentialtest.Claims()
	bare := credential.Claims{
		Type: c.Type, Subject: c.Subject, IssuedAt: c.IssuedAt, NotBefore: c.NotBefore, Expires: c.Expires, Access: c.Access, HolderKey: c.HolderKey, Status: c.Status,
		Training: []credential.Training{},
	}
	badge, err := issuer.Sign(prepare(t, issuer, bare))
	if err != nil {
		t.Fatal(err)
	}
	_, payload, disclosures, _ := credentialtest.Parts(t, badge)
	if len(disclosures) != 0 || strings.Contains(payload, "_sd") {
		t.Errorf("something is disclosed: %s %v", payload, disclosures)
	}
	if !strings.Contains(payload, `"iss":"`+credentialtest.IssuerURL+`"`) {
		t.Errorf("the issuer is not filled in: %s", payload)
	}
}

func TestSign_KeepsTextByteForByte(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"محمد بن عبد الله", "Zoë", "Zoe\u0308", "李小龙", "O'Brien-<Smith> & \"Söhne\" \\ /", "ñ", "𝒜", "Ελένη", "नरेन्द्र", "علی\u200cرضا", "क्\u200dष"} {
		claims := credentialtest.Claims()
		claims.FamilyName = name
		issuer := newIssuer(t, nil)
		badge, err := issuer.Sign(prepare(t, issuer, claims))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		opened, err := credential.Opener{Keys: credentialtest.Keys{}}.Open(badge)
		if err != nil || opened.FamilyName != name {
			t.Errorf("%+q became %+q (%v)", name, opened.FamilyName, err)
		}
	}
}

func TestPrepare_RefusesWhatTheIssuerMayNotSign(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*credential.Claims)
		want   code.Code
	}{
		"another issuer":         {func(c *credential.Claims) { c.Issuer = otherIssuerURL }, code.ClaimValueInvalid},
		"another type":           {func(c *credential.Claims) { c.Type = otherIssuerURL }, code.TypeNotAccepted},
		"no type":                {func(c *credential.Claims) { c.Type = "" }, code.TypeNotAccepted},
		"no subject":             {func(c *credential.Claims) { c.Subject = "" }, code.ClaimValueInvalid},
		"a name for subject":     {func(c *credential.Claims) { c.Subject = "a.person@vendor.example" }, code.ClaimValueInvalid},
		"no access":              {func(c *credential.Claims) { c.Access = nil }, code.ClaimMissing},
		"unknown access":         {func(c *credential.Claims) { c.Access = []credential.Access{"admin"} }, code.ClaimValueInvalid},
		"access twice":           {func(c *credential.Claims) { c.Access = []credential.Access{"onsite", "onsite"} }, code.ClaimValueInvalid},
		"no key":                 {func(c *credential.Claims) { c.HolderKey = nil }, code.KeyTypeMismatch},
		"key on another curve":   {func(c *credential.Claims) { c.HolderKey = &p384.PublicKey }, code.KeyTypeMismatch},
		"no status list":         {func(c *credential.Claims) { c.Status.URI = "" }, code.ClaimMissing},
		"status list over HTTP":  {func(c *credential.Claims) { c.Status.URI = "http://badge.vendor.example/1" }, code.ClaimValueInvalid},
		"status list with query": {func(c *credential.Claims) { c.Status.URI += "?badge=1" }, code.ClaimValueInvalid},
		"picture over HTTP":      {func(c *credential.Claims) { c.Picture = "http://badge.vendor.example/p" }, code.ClaimValueInvalid},
		"picture as data":        {func(c *credential.Claims) { c.Picture = "data:image/png;base64,AAAA" }, code.ClaimValueInvalid},
		"picture alone":          {func(c *credential.Claims) { c.PictureIntegrity = "" }, code.ClaimMissing},
		"integrity alone":        {func(c *credential.Claims) { c.Picture = "" }, code.ClaimMissing},
		"integrity of SHA-1":     {func(c *credential.Claims) { c.PictureIntegrity = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }, code.ClaimValueInvalid},
		"integrity not base64": {func(c *credential.Claims) {
			c.PictureIntegrity = "sha256-" + strings.Repeat("\u202e", 11) + strings.Repeat(" ", 11)
		}, code.ClaimValueInvalid},
		"integrity of 33 bytes": {func(c *credential.Claims) { c.PictureIntegrity = "sha256-" + strings.Repeat("A", 44) }, code.ClaimValueInvalid},
		"nbf before iat":        {func(c *credential.Claims) { c.NotBefore = c.IssuedAt.Add(-time.Second) }, code.ClaimTimeInvalid},
		"no nbf":                {func(c *credential.Claims) { c.NotBefore = time.Time{} }, code.ClaimTimeInvalid},
		"no iat":                {func(c *credential.Claims) { c.IssuedAt = time.Time{} }, code.ClaimTimeInvalid},
		"no times":              {func(c *credential.Claims) { c.IssuedAt, c.NotBefore, c.Expires = time.Time{}, time.Time{}, time.Time{} }, code.ClaimTimeInvalid},
		"no life":               {func(c *credential.Claims) { c.Expires = c.NotBefore }, code.ClaimTimeInvalid},
		"no life once rounded":  {func(c *credential.Claims) { c.Expires = c.NotBefore.Add(4*time.Minute + 59*time.Second) }, code.ClaimTimeInvalid},
		"life of centuries":     {func(c *credential.Claims) { c.Expires = c.IssuedAt.AddDate(500, 0, 0) }, code.BadgeLifetimeExceeded},
		"course without code":   {func(c *credential.Claims) { c.Training[1].Course = "" }, code.ClaimMissing},
		"course without end":    {func(c *credential.Claims) { c.Training[1].ValidUntil = time.Time{} }, code.ClaimTimeInvalid},
		"equipment never looked at": {func(c *credential.Claims) { c.Equipment = &credential.Equipment{Compliant: true} },
			code.ClaimTimeInvalid},
	} {
		claims := credentialtest.Claims()
		c.change(&claims)
		if draft, err := newIssuer(t, nil).Prepare(claims); code.Of(err) != c.want || draft != nil {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestPrepare_RefusesTextThatIsNotWhatItSeems(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not UTF-8": "a\xff", "NUL": "a\x00", "line break": "a\nb", "tab": "a\tb", "escape": "\x1b[31m", "delete": "a\x7f", "right-to-left override": "a\u202eb", "isolate": "a\u2066b", "left-to-right mark": "a\u200e", "zero-width space": "a\u200bb", "zero-width joiner": "a\u200d", "soft hyphen": "a\u00adb",
		"joiner first": "\u200cعلی", "joiner last": "علی\u200c", "two joiners": "علی\u200c\u200cرضا", "joiners of two kinds": "علی\u200d\u200cرضا", "joiner before a space": "علی\u200c رضا", "joiner between scripts": "علی\u200ca", "joiner alone": "\u200d",
		"byte order mark": "\ufeffa", "line separator": "a\u2028b", "paragraph separator": "a\u2029b", "private use": "a\ue000", "tag": "a\U000e0041", "hangul filler": "a\u3164", "half-width filler": "a\uffa0", "grapheme joiner": "a\u034f", "interlinear": "a\ufff9",
	} {
		for field, set := range map[string]func(*credential.Claims){
			"given_name": func(c *credential.Claims) { c.GivenName = text }, "family_name": func(c *credential.Claims) { c.FamilyName = text }, "employee_number": func(c *credential.Claims) { c.EmployeeNumber = text },
			"organization": func(c *credential.Claims) { c.Organization = text }, "role": func(c *credential.Claims) { c.Role = text }, "course": func(c *credential.Claims) { c.Training[0].Course = text }, "standard": func(c *credential.Claims) { c.Training[2].Standard = text },
		} {
			claims := credentialtest.Claims()
			set(&claims)
			if _, err := newIssuer(t, nil).Prepare(claims); code.Of(err) != code.ClaimValueInvalid {
				t.Errorf("%s in %s: %v", name, field, err)
			}
		}
	}
}

func TestKeyID_IsHalfOfTheThumbprint(t *testing.T) {
	t.Parallel()
	thumbprint, err := credential.Thumbprint(credentialtest.IssuerKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	id, err := credential.KeyID(credentialtest.IssuerKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := base64.RawURLEncoding.DecodeString(thumbprint)
	half, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || !bytes.Equal(half, whole[:16]) {
		t.Errorf("%q of %q: %v", id, thumbprint, err)
	}
	if _, err := credential.KeyID(nil); err == nil {
		t.Error("no key has an id")
	}
}
