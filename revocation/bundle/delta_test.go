package bundle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// later is the sample a day later: one list changed, one did not, one is new, and
// the portraits are others.
func later(t testing.TB) bundle.Bundle {
	t.Helper()
	b := sample(t)
	at := b.IssuedAt.Add(24 * time.Hour)
	b.Number, b.IssuedAt, b.Expires = 44, at, at.Add(30*24*time.Hour)
	b.Lists = []bundle.List{
		b.Lists[1],
		listToken(t, 1, 1<<10, 11, at),
		listToken(t, 3, 1<<10, 0, at),
	}
	b.Portraits = [][]byte{[]byte("another picture"), []byte("a picture")}
	return b
}

func TestApply_MakesTheNewBundle(t *testing.T) {
	t.Parallel()
	old, next := seal(t, sample(t)), seal(t, later(t))
	delta, err := bundle.Delta(old, next)
	if err != nil {
		t.Fatal(err)
	}
	if !bundle.IsDelta(delta) || bundle.IsDelta(next) {
		t.Error("a delta is not told from a bundle")
	}
	if base, err := bundle.DeltaBase(delta); err != nil || base != 41 {
		t.Errorf("it builds on %d, %v", base, err)
	}
	got, err := bundle.Apply(delta, old)
	if err != nil {
		t.Fatal(err)
	}
	if got != next {
		t.Error("another bundle came out")
	}
	if !strings.Contains(delta, "\n=3\n") || !strings.Contains(delta, "\n=4\n") {
		t.Errorf("what did not change is not left out:\n%s", delta)
	}
}

// TestApply_IsExactForAnyTwoBundles is the property that sites rely on.
func TestApply_IsExactForAnyTwoBundles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		old := seal(t, drawn(t, r, "old", 41))
		next := seal(t, drawn(t, r, "new", 42))
		delta, err := bundle.Delta(old, next)
		if err != nil {
			r.Fatal(err)
		}
		if got, err := bundle.Apply(delta, old); err != nil || got != next {
			r.Fatalf("applied: %v", err)
		}
	})
}

// drawn is any bundle of that number.
func drawn(t testing.TB, r *rapid.T, name string, number uint64) bundle.Bundle {
	b := sample(t)
	b.Number = number
	b.Trust = json.RawMessage(fmt.Sprintf(`{"issuer":%q,"name":%s}`, issuerURL, quoted(t, rapid.StringN(0, 40, -1).Draw(r, name+" trust"))))
	b.Lists, b.Portraits = nil, nil
	for n := range rapid.IntRange(1, 4).Draw(r, name+" lists") {
		list, err := revocation.NewList(1 << 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range rapid.SliceOfN(rapid.Uint64Range(0, 1<<9-1), 0, 30).Draw(r, name+" revoked") {
			if err := list.Set(index, revocation.Invalid); err != nil {
				t.Fatal(err)
			}
		}
		at := credentialtest.Now.Add(time.Duration(rapid.IntRange(0, 1).Draw(r, name+" at")) * time.Hour)
		b.Lists = append(b.Lists, signed(t, n, list, at))
	}
	b.Portraits = rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 1, 40), 0, 3,
		func(p []byte) string { return string(p) }).Draw(r, name+" portraits")
	return b
}

func quoted(t testing.TB, text string) []byte {
	t.Helper()
	name, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestApply_RefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	old, next := seal(t, sample(t)), seal(t, later(t))
	delta, err := bundle.Delta(old, next)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(delta, "\n")
	other, err := bundle.Seal(credentialtest.NewKey("other root"), later(t))
	if err != nil {
		t.Fatal(err)
	}
	foreign, _, _ := strings.Cut(other, "\n")
	put := func(at int, line string) string {
		changed := append([]string{}, lines...)
		changed[at] = line
		return strings.Join(changed, "")
	}
	for name, c := range map[string]struct{ delta, old, says string }{
		"another base":     {delta, next, "the delta builds on bundle 41, and another one is held"},
		"no delta":         {next, old, "it is no delta"},
		"cut off":          {strings.TrimSuffix(delta, "\n"), old, "it is cut off"},
		"no manifest":      {lines[0], old, "it is cut off"},
		"one more":         {delta + "x\n", old, "2 bytes behind the last part"},
		"no such line":     {put(2, "=9\n"), old, `the old bundle has no line "9"`},
		"line 0":           {put(2, "=0\n"), old, `no line "0"`},
		"another line":     {put(2, "=2\n"), old, "part 1"},
		"changes portrait": {put(2, "~4 AA\n"), old, "it changes line 4"},
		"no operations":    {put(2, "~3 *\n"), old, "the operations"},
		"damaged":          {put(2, "~3 gA\n"), old, "an operation is damaged"},
		"copies outside":   {put(2, "~3 CP__Aw\n"), old, "outside the old bytes"},
		"inserts nothing":  {put(2, "~3 Cw\n"), old, "more bytes than there are"},
		"no count":         {put(2, "~3 AQ\n"), old, "make more than"},
		"no list at all":   {put(2, "^4 AA\n"), old, "it changes line 4"},
		"too many bytes":   {put(2, "~3 _____w8\n"), old, "make more than"},
		"manifest of old":  {put(1, "=1\n"), old, "part 1"},
		"another root":     {put(1, foreign+"\n"), old, "another root key signed it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, err := bundle.Apply(c.delta, c.old)
			wantRefused(t, err, code.BundleInvalid, c.says)
			if err != nil && !strings.HasSuffix(err.Error(), "; get the whole bundle") {
				t.Errorf("it does not say what to do: %v", err)
			}
			if whole != "" {
				t.Error("something came out with the error")
			}
		})
	}
}

// TestApply_OfADamagedDeltaMakesNothingElse: whichever byte is flipped on the way, the
// new bundle comes out or none.
func TestApply_OfADamagedDeltaMakesNothingElse(t *testing.T) {
	t.Parallel()
	old, next := seal(t, sample(t)), seal(t, later(t))
	delta, err := bundle.Delta(old, next)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range delta {
		changed := []byte(delta)
		changed[i] ^= 1
		got, err := bundle.Apply(string(changed), old)
		if err != nil {
			refused++
			continue
		}
		// The number in the first line tells people which base is meant, nothing else.
		if got != next {
			t.Fatalf("byte %d (%q) changed to %q: another bundle came out", i, delta[i], changed[i])
		}
	}
	if refused < len(delta)-3 {
		t.Errorf("of %d damaged deltas %d were refused", len(delta), refused)
	}
}

func TestDelta_GoesForwardAndStaysWithOneIssuer(t *testing.T) {
	t.Parallel()
	old, next := seal(t, sample(t)), seal(t, later(t))
	_, err := bundle.Delta(next, old)
	wantRefused(t, err, code.BundleInvalid, "bundle 41 of https://issuer.example is not newer than bundle 44")
	_, err = bundle.Delta(old, old)
	wantRefused(t, err, code.BundleInvalid, "is not newer")
	other := later(t)
	other.Issuer, other.Trust = "https://other.example", json.RawMessage(`{"issuer":"https://other.example"}`)
	_, err = bundle.Delta(old, seal(t, other))
	wantRefused(t, err, code.BundleInvalid, "of https://other.example is not newer")
	_, err = bundle.Delta("x", next)
	wantRefused(t, err, code.BundleInvalid, "the old bundle")
}

// TestDelta_OfAFewRevocationsIsSmall: that is what it is for.
func TestDelta_OfAFewRevocationsIsSmall(t *testing.T) {
	t.Parallel()
	old, next := hundredThousand(t)
	delta, err := bundle.Delta(old, next)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("bundle %d bytes, delta after 100 revocations %d bytes", len(next), len(delta))
	if len(delta) > len(next)/4 {
		t.Errorf("the delta has %d bytes, the bundle %d", len(delta), len(next))
	}
}

// hundredThousand are bundles for a hundred thousand badges, one in a hundred of them
// revoked, before and after a hundred revocations more.
func hundredThousand(t testing.TB) (old, next string) {
	t.Helper()
	const badges, size = 100_000, 1 << 20
	list, err := revocation.NewList(size)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	revoke := func(n int) {
		for range n {
			if err := list.Set(random.Uint64N(size), revocation.Invalid); err != nil {
				t.Fatal(err)
			}
		}
	}
	made := func(number uint64, at time.Time) string {
		b := sample(t)
		b.Number, b.IssuedAt, b.Expires = number, at, at.Add(30*24*time.Hour)
		b.Lists, b.Portraits = []bundle.List{signed(t, 1, list, at)}, nil
		return seal(t, b)
	}
	revoke(badges / 100)
	old = made(41, credentialtest.Now)
	revoke(100)
	return old, made(42, credentialtest.Now.Add(time.Hour))
}
