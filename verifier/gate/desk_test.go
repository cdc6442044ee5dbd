package gate_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/sqlite"
)

// fixture is a desk over a real database, with a clock that only tests move.
type fixture struct {
	*gate.Desk
	*clocktest.Clock
	store *sqlite.Store
	path  string
}

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{path: filepath.Join(t.TempDir(), "gates.db"), Clock: clocktest.New(start)}
	f.store = openStore(t, f.path)
	f.Desk = f.desk(t, "contractors")
	return f
}

func openStore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// desk is one more desk over the same database, as after a restart.
func (f *fixture) desk(t *testing.T, policies ...string) *gate.Desk {
	t.Helper()
	desk, err := gate.NewDesk(gate.Config{Store: f.store, Policies: policies, Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

var north = gate.Invitation{
	Name: "North", Site: "plant 7", Access: credential.Onsite, Policy: "contractors", By: "Olga Officer",
}

func (f *fixture) invite(t *testing.T) string {
	t.Helper()
	code, _, err := f.Invite(t.Context(), north)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (f *fixture) pair(t *testing.T, key credentialtest.Key) gate.Gate {
	t.Helper()
	g, err := f.Pair(t.Context(), f.invite(t), key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var key = credentialtest.NewKey("gate")

// fails asserts an error.
func fails(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestNewDesk_NamesAllProblems(t *testing.T) {
	t.Parallel()
	_, err := gate.NewDesk(gate.Config{Policies: []string{"", strings.Repeat("p", gate.MaxText+1)}})
	for _, want := range []string{"no Store", "0 bytes", "65 bytes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestInvite_Bounds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("n", gate.MaxText)
	for name, c := range map[string]struct {
		change  func(*gate.Invitation)
		problem string
	}{
		"as it is":         {func(*gate.Invitation) {}, ""},
		"longest name":     {func(i *gate.Invitation) { i.Name = long }, ""},
		"no site":          {func(i *gate.Invitation) { i.Site = "" }, ""},
		"own policy":       {func(i *gate.Invitation) { i.Policy = "" }, ""},
		"remote":           {func(i *gate.Invitation) { i.Access = credential.Remote }, ""},
		"no name":          {func(i *gate.Invitation) { i.Name = "" }, "the name has 0 bytes"},
		"long name":        {func(i *gate.Invitation) { i.Name = long + "n" }, "the name has 65 bytes"},
		"long site":        {func(i *gate.Invitation) { i.Site = long + "n" }, "the site has 65 bytes"},
		"long by":          {func(i *gate.Invitation) { i.By = long + "n" }, "who invites has 65 bytes"},
		"line break":       {func(i *gate.Invitation) { i.Name = "North\nSouth" }, "cannot be shown"},
		"text turned":      {func(i *gate.Invitation) { i.Name = "North\u202e" }, "cannot be shown"},
		"no UTF-8":         {func(i *gate.Invitation) { i.Site = "\xff" }, "cannot be shown"},
		"space at the end": {func(i *gate.Invitation) { i.Name = "North " }, "begins or ends with a space"},
		"no access":        {func(i *gate.Invitation) { i.Access = "" }, "say onsite or remote"},
		"unknown policy":   {func(i *gate.Invitation) { i.Policy = "nobody's" }, `which has ["contractors"]`},
	} {
		invitation := north
		c.change(&invitation)
		_, _, err := f.Invite(t.Context(), invitation)
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %q", name, err, c.problem)
		}
	}
	_, _, err := f.Invite(t.Context(), gate.Invitation{Policy: "nobody's"})
	for _, want := range []string{"the name", "access", "policy"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestInvite_CodeIsReadableAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, expires, err := f.Invite(t.Context(), north)
	if err != nil {
		t.Fatal(err)
	}
	if form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$`); !form.MatchString(code) {
		t.Errorf("code %q", code)
	}
	if want := start.Add(15 * time.Minute); !expires.Equal(want) {
		t.Errorf("expires %v, want %v", expires, want)
	}
	f.keepsNowhere(t, code, strings.ReplaceAll(code, "-", ""))
}

// keepsNowhere looks for texts in all files of the database.
func (f *fixture) keepsNowhere(t *testing.T, texts ...string) {
	t.Helper()
	names, err := filepath.Glob(f.path + "*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s has %q in it", filepath.Base(name), text)
			}
		}
	}
}

func TestPair_GateIsWhatWasInvited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code := f.invite(t)
	f.Move(time.Minute)
	g, err := f.Pair(t.Context(), code, key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if g.ID == "" || g.Name != north.Name || g.Site != north.Site || g.Access != north.Access || g.Policy != north.Policy || g.InvitedBy != north.By {
		t.Errorf("gate %+v", g)
	}
	if !g.PairedAt.Equal(start.Add(time.Minute)) || !g.SeenAt.IsZero() || !g.EndedAt.IsZero() {
		t.Errorf("times of gate %+v", g)
	}
	gates, err := f.Gates(t.Context())
	if err != nil || len(gates) != 1 || gates[0].ID != g.ID || !gates[0].Key.Equal(key.PublicKey()) || gates[0].PairedAt != g.PairedAt {
		t.Errorf("gates %+v, %v", gates, err)
	}
}

func TestPair_CodeIsReadAsItWasMeant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, spell := range []func(string) string{
		strings.ToLower,
		func(code string) string { return strings.ReplaceAll(code, "-", "") },
		func(code string) string { return " " + strings.ReplaceAll(code, "-", " ") + " " },
		func(code string) string { return strings.ReplaceAll(code, "0", "O") },
		func(code string) string { return strings.ReplaceAll(code, "1", "l") },
	} {
		code := spell(f.invite(t))
		if _, err := f.Pair(t.Context(), code, credentialtest.NewKey(fmt.Sprint(i)).PublicKey()); err != nil {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestPair_UnknownExpiredAndUsedCodesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	used := f.invite(t)
	if _, err := f.Pair(t.Context(), used, key.PublicKey()); err != nil {
		t.Fatal(err)
	}
	atTheBound, beyond := f.invite(t), f.invite(t)
	f.Move(gate.InvitationLife - time.Millisecond)
	if _, err := f.Pair(t.Context(), atTheBound, credentialtest.NewKey("last").PublicKey()); err != nil {
		t.Errorf("a millisecond before the end: %v", err)
	}
	f.Move(time.Millisecond)
	other := credentialtest.NewKey("other").PublicKey()
	for name, code := range map[string]string{
		"used": used, "expired": beyond, "unknown": "AAAAA-AAAAA",
		"empty": "", "short": "AAAA", "long": strings.Repeat("A", 1000), "letter outside": "UUUUU-UUUUU",
	} {
		if _, err := f.Pair(t.Context(), code, other); err != gate.ErrPairingRefused {
			t.Errorf("%s: %v, want exactly %v", name, err, gate.ErrPairingRefused)
		}
	}
}

func TestPair_OneCodePairsOneGate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code := f.invite(t)
	// Half of them over a connection of its own, as another process would.
	second, err := gate.NewDesk(gate.Config{Store: openStore(t, f.path), Policies: []string{"contractors"}, Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	desks := []*gate.Desk{f.Desk, second}
	const callers = 100
	errs := make([]error, callers)
	begin := make(chan struct{})
	var done sync.WaitGroup
	for i := range callers {
		key := credentialtest.NewKey(fmt.Sprint(i)).PublicKey()
		done.Go(func() {
			<-begin
			_, errs[i] = desks[i%2].Pair(t.Context(), code, key)
		})
	}
	close(begin)
	done.Wait()
	paired := 0
	for _, err := range errs {
		switch {
		case err == nil:
			paired++
		case !errors.Is(err, gate.ErrPairingRefused) && !errors.Is(err, gate.ErrTooManyAttempts):
			t.Errorf("a redemption failed with %v", err)
		}
	}
	gates, err := f.Gates(t.Context())
	if paired != 1 || len(gates) != 1 || err != nil {
		t.Errorf("%d redemptions succeeded, %d gates, %v; want 1 of each", paired, len(gates), err)
	}
}

func TestPair_WrongCodesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := f.invite(t)
	for range gate.MaxWrongCodes - 1 {
		_, err := f.Pair(t.Context(), "AAAAA-AAAAA", key.PublicKey())
		fails(t, "wrong code", err, gate.ErrPairingRefused)
	}
	if _, err := f.Pair(t.Context(), good, key.PublicKey()); err != nil {
		t.Errorf("a good code after the last but one attempt: %v", err)
	}
	good = f.invite(t)
	_, err := f.Pair(t.Context(), "AAAAA-AAAAA", key.PublicKey())
	fails(t, "the last attempt, which the good code did not use up", err, gate.ErrPairingRefused)
	f.Move(gate.AttemptWindow - time.Millisecond)
	for _, code := range []string{"AAAAA-AAAAA", good} {
		_, err := f.Pair(t.Context(), code, key.PublicKey())
		fails(t, "beyond the last attempt", err, gate.ErrTooManyAttempts)
	}
	f.Move(time.Millisecond)
	if _, err := f.Pair(t.Context(), f.invite(t), credentialtest.NewKey("later").PublicKey()); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestPair_WrongCodesAreBoundedWhenTheyComeAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var mu sync.Mutex
	answers := map[error]int{}
	var done sync.WaitGroup
	for range 3 * gate.MaxWrongCodes {
		done.Go(func() {
			_, err := f.Pair(t.Context(), "AAAAA-AAAAA", key.PublicKey())
			mu.Lock()
			defer mu.Unlock()
			answers[err]++
		})
	}
	done.Wait()
	if answers[gate.ErrPairingRefused] != gate.MaxWrongCodes || answers[gate.ErrTooManyAttempts] != 2*gate.MaxWrongCodes {
		t.Errorf("answers %v", answers)
	}
}

func TestPair_KeysAreOnP256AndOfOneLivingGate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.pair(t, key)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	code := f.invite(t)
	for name, refused := range map[string]*ecdsa.PublicKey{
		"none": nil, "empty": {}, "P-384": &p384.PublicKey, "of another gate": key.PublicKey(),
	} {
		_, err := f.Pair(t.Context(), code, refused)
		fails(t, name, err, gate.ErrKeyRefused)
		fails(t, name, err, gate.ErrPairingRefused)
	}
	if err := f.End(t.Context(), g.ID); err != nil {
		t.Fatal(err)
	}
	again, err := f.Pair(t.Context(), code, key.PublicKey())
	if err != nil || again.ID == g.ID {
		t.Errorf("the key of an ended gate, with the code that was refused before: %+v, %v", again, err)
	}
}

func TestEnd_IsForGood(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.pair(t, key)
	fails(t, "a gate that never was", f.End(t.Context(), "nobody"), gate.ErrUnknownGate)
	for range 2 {
		if err := f.End(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
		f.Move(time.Hour)
	}
	gates, err := f.Gates(t.Context())
	if err != nil || len(gates) != 1 || !gates[0].EndedAt.Equal(start) {
		t.Errorf("gates %+v, %v", gates, err)
	}
}
