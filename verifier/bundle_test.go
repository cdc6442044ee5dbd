package verifier_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// airGapped is a verifier that has a root key and nothing else.
func airGapped(t *testing.T, change func(*verifier.Config)) *gate {
	t.Helper()
	return newGate(t, func(c *verifier.Config) {
		c.Trust, c.Fetcher = nil, nil
		c.Roots = []verifier.Root{verifiertest.Root(t)}
		if change != nil {
			change(c)
		}
	})
}

// presentAt is a badge of that day, shown at that moment.
func presentAt(t *testing.T, at time.Time) string {
	t.Helper()
	claims := credentialtest.Claims()
	day := at.Truncate(time.Hour).Sub(claims.IssuedAt)
	claims.IssuedAt, claims.NotBefore, claims.Expires = claims.IssuedAt.Add(day), claims.NotBefore.Add(day), claims.Expires.Add(day)
	return shown(t, credentialtest.MustIssue(t, claims), at)
}

// shown is a badge as it is shown once more.
func shown(t *testing.T, badge string, at time.Time) string {
	t.Helper()
	return credentialtest.MustBind(t, badge, credential.Proof{Audience: credential.GateAudience, Nonce: rand.Text(), IssuedAt: at})
}

func use(t *testing.T, g *gate, text string) {
	t.Helper()
	if _, err := g.UseBundle(text); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, g *gate, text string, want code.Code, says string) {
	t.Helper()
	before := g.Bundles()
	held, err := g.UseBundle(text)
	if code.Of(err) != want || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v, want %s saying %q", err, want, says)
	}
	if after := g.Bundles(); len(after) != len(before) || len(after) > 0 && after[0] != before[0] || held != (verifier.HeldBundle{}) {
		t.Errorf("held %+v, before it was refused %+v", after, before)
	}
}

// renumbered makes a bundle a newer one.
func renumbered(number uint64, more func(*bundle.Bundle)) func(*bundle.Bundle) {
	return func(b *bundle.Bundle) {
		b.Number = number
		if more != nil {
			more(b)
		}
	}
}

func TestBundle_IsAllThatAVerifierNeeds(t *testing.T) {
	t.Parallel()
	g := airGapped(t, nil)
	g.want(t, present(t), code.IssuerUntrusted)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	g.set(credentialtest.Now.Add(50 * time.Hour))
	d := g.want(t, presentAt(t, credentialtest.Now.Add(50*time.Hour)), "")
	if !d.Allow || d.Status == nil || d.Status.AgeSeconds != 50*3600 {
		t.Errorf("allow %v, status %+v", d.Allow, d.Status)
	}
	text, err := json.Marshal(d.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"number":41,"issued_at":"2026-11-23T08:00:00Z","age_seconds":180000,"expires_at":"2026-12-23T08:00:00Z"}`; string(text) != want {
		t.Errorf("bundle %s, want %s", text, want)
	}
}

func TestBundle_RevokesAndNeverUnrevokes(t *testing.T) {
	t.Parallel()
	g := airGapped(t, nil)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	g.want(t, present(t), "")
	later := credentialtest.Now.Add(time.Hour)
	revoked := verifiertest.Bundle(t, revocation.Invalid, renumbered(42, func(b *bundle.Bundle) {
		b.IssuedAt = later
		b.Lists = []bundle.List{verifiertest.BundleList(t, later, verifiertest.List(t, revocation.Invalid))}
	}))
	g.set(later)
	use(t, g, revoked)
	g.want(t, presentAt(t, later), code.StatusRevoked)
	refused(t, g, verifiertest.Bundle(t, revocation.Valid, nil), code.BundleRollback, "bundle 41 is older than bundle 42")
	g.want(t, presentAt(t, later), code.StatusRevoked)
	use(t, g, revoked) // the same one again
}

func TestBundle_IsRefusedUnlessItIsOurs(t *testing.T) {
	t.Parallel()
	other := credentialtest.NewKey("other root")
	foreign := func(change func(*bundle.Bundle)) string {
		b, err := bundle.Inspect(verifiertest.Bundle(t, revocation.Valid, change))
		if err != nil {
			t.Fatal(err)
		}
		text, err := bundle.Seal(other, *b)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := verifiertest.Bundle(t, revocation.Valid, nil)
	strayKey := credentialtest.NewKey("stray")
	for name, c := range map[string]struct {
		text string
		want code.Code
		says string
	}{
		"another root":     {foreign(nil), code.BundleInvalid, "which is not pinned"},
		"another customer": {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.Customer = "plant-8" }), code.BundleNotForUs, "plant-8"},
		"past its time":    {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.IssuedAt, b.Expires = b.IssuedAt.Add(-verifiertest.BundleLife), b.IssuedAt }), code.BundleStale, "expired at"},
		"no bundle":        {"hello", code.BundleInvalid, "not three segments"},
		"cut off":          {good[:len(good)-5], code.BundleInvalid, "part 1 is cut off"},
		"a list by a stray": {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) {
			b.Lists[0].Token = verifiertest.SignListFor(t, strayKey, credentialtest.ListURI, b.IssuedAt, time.Hour, verifiertest.List(t, revocation.Valid))
		}), code.BundleInvalid, "status_signature_invalid"},
		"a list elsewhere": {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.Lists[0].URI = "https://evil.example/status-lists/1" }), code.BundleInvalid, "status_uri_not_allowed"},
		"no trust list":    {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.Trust = verifiertest.Entry(t, map[string]any{"lists": 1}) }), code.BundleInvalid, "its trust list"},
		"a key that is twice": {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) {
			key := verifiertest.JWK(t, credentialtest.IssuerKey)
			b.Trust = verifiertest.Entry(t, map[string]any{"keys": []any{key, key}})
		}), code.BundleInvalid, "key_ambiguous"},
		"a key for encrypting": {verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) {
			var key map[string]any
			if err := json.Unmarshal(verifiertest.JWK(t, credentialtest.IssuerKey), &key); err != nil {
				t.Fatal(err)
			}
			key["use"] = "enc"
			b.Trust = verifiertest.Entry(t, map[string]any{"keys": []any{key}})
		}), code.BundleInvalid, "key_type_mismatch"},
		"a delta": {"delta 40 AA\n", code.BundleInvalid, "it is a delta"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, airGapped(t, nil), c.text, c.want, c.says)
		})
	}
}

func TestBundle_IsTheOneBundleOfItsNumber(t *testing.T) {
	t.Parallel()
	g := airGapped(t, nil)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	refused(t, g, verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.Customer = "" }), code.BundleRollback, "another bundle 41 is held")
}

func TestBundle_FloorOutlivesTheVerifier(t *testing.T) {
	t.Parallel()
	text := verifiertest.Bundle(t, revocation.Valid, nil)
	for floor, want := range map[uint64]code.Code{41: "", 42: code.BundleRollback} {
		g := airGapped(t, func(c *verifier.Config) { c.Roots[0].Floor = floor })
		if _, err := g.UseBundle(text); code.Of(err) != want {
			t.Errorf("floor %d: %v, want %q", floor, err, want)
		}
	}
}

// TestBundle_EndsInTime has the limits of a bundle and one moment beyond: how old its
// lists may be, and its own time.
func TestBundle_EndsInTime(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		after time.Duration
		site  time.Duration
		want  code.Code
	}{
		"lists at the bundle's limit":     {verifiertest.BundleMaxAge, 0, ""},
		"lists beyond it":                 {verifiertest.BundleMaxAge + time.Second, 0, code.StatusStale},
		"at the site's stricter limit":    {day, day, ""},
		"beyond the site's":               {day + time.Second, day, code.StatusStale},
		"the site's is no looser":         {verifiertest.BundleMaxAge + time.Second, 20 * day, code.StatusStale},
		"the bundle's last second":        {verifiertest.BundleLife - time.Second, 0, code.StatusStale},
		"past the bundle's time":          {verifiertest.BundleLife, 0, code.BundleStale},
		"a clock a minute behind it":      {-revocation.MaxClockBehind, 0, ""},
		"a clock more than that behind":   {-revocation.MaxClockBehind - time.Second, 0, code.ClockUntrusted},
		"a clock of a year before bundle": {-365 * day, 0, code.ClockUntrusted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := credentialtest.Now.Add(c.after)
			text := verifiertest.Bundle(t, revocation.Valid, nil)
			var held string
			if c.after >= verifiertest.BundleLife {
				held = text // it was taken in its time
			}
			g := newGate(t, func(config *verifier.Config) {
				config.Trust, config.Fetcher = nil, nil
				config.Roots = []verifier.Root{verifiertest.Root(t)}
				config.Roots[0].Held = held
				config.MaxStatusAge = c.site
				config.Now = func() time.Time { return at }
			})
			if held == "" {
				use(t, g, text)
			}
			d := g.want(t, presentAt(t, at), c.want)
			if d.Bundle == nil || d.Bundle.Number != 41 || d.Bundle.AgeSeconds != int64(c.after/time.Second) {
				t.Errorf("bundle %+v", d.Bundle)
			}
			if c.want == code.BundleStale && d.Reason != verifier.StatusStale {
				t.Errorf("reason %s", d.Reason)
			}
		})
	}
}

func TestBundle_SaysItsAgeInEveryDecision(t *testing.T) {
	t.Parallel()
	g := airGapped(t, nil)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	for _, presented := range []string{"", "junk", present(t) + "x"} {
		if d := g.ask(t, presented, onsite); d.Allow || d.Bundle == nil || d.Bundle.Number != 41 {
			t.Errorf("%.10q: %+v", presented, d.Bundle)
		}
	}
	// Of who is trusted by other means a bundle says nothing.
	both := newGate(t, func(c *verifier.Config) {
		c.Roots = []verifier.Root{{Key: verifiertest.Fingerprint(t, verifiertest.RootKey)}}
	})
	if d := both.want(t, present(t), ""); d.Bundle != nil {
		t.Errorf("bundle %+v", d.Bundle)
	}
}

// TestBundle_WithoutListsServesWhoFetchesThem: a trust bundle changes the keys of a
// connected verifier, whose limit is the site's.
func TestBundle_WithoutListsServesWhoFetchesThem(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *verifier.Config) { c.Trust, c.Roots = nil, []verifier.Root{verifiertest.Root(t)} })
	use(t, g, verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.Lists, b.MaxStatusAge = nil, 0 }))
	if d := g.want(t, present(t), ""); d.Bundle == nil || d.Status.AgeSeconds != 0 {
		t.Errorf("bundle %+v, status %+v", d.Bundle, d.Status)
	}
	if got := g.MaxStatusAge(); got != revocation.DefaultMaxAge {
		t.Errorf("limit %v", got)
	}
	held := g.Bundles()[0]
	if held.Lists != 0 || held.MaxStatusAge != 0 || held.Customer != verifiertest.Customer {
		t.Errorf("held %+v", held)
	}
}

func TestBundle_NewerListsOfAConnectionStay(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *verifier.Config) { c.Trust, c.Roots = nil, []verifier.Root{verifiertest.Root(t)} })
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	later := credentialtest.Now.Add(5 * time.Minute)
	g.set(later)
	if err := g.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, later, revocation.Invalid)); err != nil {
		t.Fatal(err)
	}
	use(t, g, verifiertest.Bundle(t, revocation.Valid, renumbered(42, nil)))
	g.want(t, presentAt(t, later), code.StatusRevoked)
}

func TestUseManifest_TakesTheFirstLine(t *testing.T) {
	t.Parallel()
	text := verifiertest.Bundle(t, revocation.Valid, nil)
	whole := airGapped(t, nil)
	use(t, whole, text)
	g := airGapped(t, nil)
	held, err := g.UseManifest(whole.Bundles()[0].Manifest)
	if err != nil || held.Number != 41 {
		t.Fatal(held, err)
	}
	g.want(t, present(t), code.StatusUnavailable)
	if err := g.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, strings.Split(text, "\n")[1]); err != nil {
		t.Fatal(err)
	}
	g.set(credentialtest.Now.Add(verifiertest.BundleMaxAge))
	g.want(t, presentAt(t, credentialtest.Now.Add(verifiertest.BundleMaxAge)), "")
}

func TestNew_RefusesRootsBetweenWhichABundleCouldChoose(t *testing.T) {
	t.Parallel()
	one, two := verifiertest.Root(t), verifier.Root{Key: verifiertest.Fingerprint(t, credentialtest.NewKey("two")), Issuer: "https://two.example"}
	named := one
	named.Issuer = credentialtest.IssuerURL
	claims := two
	claims.Issuer = named.Issuer
	broken := one
	broken.Held = "junk"
	long := one
	long.Customer = strings.Repeat("c", bundle.MaxCustomer+1)
	for name, c := range map[string]struct {
		trust *verifier.Trust
		roots []verifier.Root
		says  string // empty: it is taken
	}{
		"none":              {nil, nil, "no trusted issuer"},
		"one":               {nil, []verifier.Root{one}, ""},
		"two":               {nil, []verifier.Root{named, two}, ""},
		"one of two is not": {nil, []verifier.Root{one, two}, "root 1: say whose badges it vouches for"},
		"one key twice":     {nil, []verifier.Root{named, named}, "root 2: the key of another root"},
		"no key":            {nil, []verifier.Root{{}}, "root 1 has no key"},
		"one issuer twice":  {nil, []verifier.Root{named, claims}, `root 2: issuer "https://badge.vendor.example" is trusted by other means`},
		"in the trust list": {verifiertest.Trust(t), []verifier.Root{named}, "is trusted by other means"},
		"held is no bundle": {nil, []verifier.Root{broken}, "the bundle that was held: bundle_invalid"},
		"too long a name":   {nil, []verifier.Root{long}, "at most 128 are taken"},
	} {
		_, err := verifier.New(verifier.Config{Trust: c.trust, Roots: c.roots})
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
	// Where the issuer is not named before, its bundle finds out.
	g := newGate(t, func(c *verifier.Config) { c.Roots = []verifier.Root{one} })
	refused(t, g, verifiertest.Bundle(t, revocation.Valid, nil), code.BundleInvalid, "trusted by other means already")
}

// TestUseBundle_WhileDecisionsAreMade: each decision has one bundle's keys and
// number.
func TestUseBundle_WhileDecisionsAreMade(t *testing.T) {
	t.Parallel()
	g := airGapped(t, nil)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	stopped := map[string]any{"stopped": []any{credentialtest.BadgeType}}
	var texts []string
	for n := range uint64(20) {
		texts = append(texts, verifiertest.Bundle(t, revocation.Valid, renumbered(42+n, func(b *bundle.Bundle) {
			if n%2 == 0 { // the even ones stop the type
				b.Trust = verifiertest.Entry(t, stopped)
			}
		})))
	}
	var deciding sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		deciding.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				d := g.Verify(t.Context(), shown(t, badge, credentialtest.Now), onsite)
				if wantStop := d.Bundle.Number%2 == 0; wantStop != (d.Code == code.TypeStopped) || !wantStop && !d.Allow {
					t.Errorf("under bundle %d: %q %s", d.Bundle.Number, d.Code, d.Detail)
				}
			}
		})
	}
	for _, text := range texts {
		use(t, g, text)
	}
	close(done)
	deciding.Wait()
}
