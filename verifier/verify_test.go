package verifier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// gate is a verifier whose clock and lists the test sets.
type gate struct {
	*verifier.Verifier
	lists *verifiertest.Lists
	now   atomic.Pointer[time.Time]
}

func newGate(t *testing.T, change func(*verifier.Config)) *gate {
	t.Helper()
	g := &gate{lists: verifiertest.NewLists()}
	g.set(credentialtest.Now)
	g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now, revocation.Valid))
	config := verifier.Config{
		Trust:   verifiertest.Trust(t),
		Fetcher: g.lists,
		Now:     func() time.Time { return *g.now.Load() },
	}
	if change != nil {
		change(&config)
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	g.Verifier = v
	return g
}

func (g *gate) set(now time.Time) { g.now.Store(&now) }

// list is a list of this instant, newer than those made before.
func (g *gate) list(t *testing.T, status revocation.Status) string {
	t.Helper()
	return verifiertest.ListToken(t, credentialtest.ListURI, *g.now.Load(), status)
}

var onsite = verifier.Request{Access: credential.Onsite}

func (g *gate) ask(t *testing.T, presentation string, request verifier.Request) verifier.Decision {
	t.Helper()
	d := g.Verify(t.Context(), presentation, request)
	verifiertest.CheckSound(t, d)
	return d
}

func (g *gate) want(t *testing.T, presentation string, want code.Code) verifier.Decision {
	t.Helper()
	d := g.ask(t, presentation, onsite)
	if d.Code != want {
		t.Errorf("got %q (%s), want %q", d.Code, d.Detail, want)
	}
	return d
}

func present(t testing.TB) string {
	t.Helper()
	return credentialtest.MustPresent(t, credentialtest.MustIssue(t, credentialtest.Claims()), credentialtest.Now)
}

func TestTheZeroDecisionDenies(t *testing.T) {
	t.Parallel()
	var d verifier.Decision
	if d.Allow || d.Reason == verifier.OK {
		t.Error("it allows")
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"allow":false`) {
		t.Errorf("its JSON does not deny: %s", text)
	}
}

func TestNewRefusesWhatWouldBeNoVerifier(t *testing.T) {
	t.Parallel()
	trust := verifiertest.Trust(t)
	for name, test := range map[string]struct {
		config verifier.Config
		want   []string
	}{
		"zero":       {verifier.Config{}, []string{"no trusted issuer"}},
		"zero Trust": {verifier.Config{Trust: &verifier.Trust{}}, []string{"no trusted issuer"}},
		"several": {
			verifier.Config{MaxStatusAge: -1, Policy: verifier.Policy{Roles: []string{""}, Organizations: []string{"a", ""}, Courses: []string{""}}},
			[]string{"no trusted issuer", "MaxStatusAge", "Roles", "Organizations", "Courses"},
		},
		"an empty role": {verifier.Config{Trust: trust, Policy: verifier.Policy{Roles: []string{"guard", ""}}}, []string{"Roles"}},
	} {
		v, err := verifier.New(test.config)
		if v != nil || err == nil {
			t.Errorf("%s: got %v, %v", name, v, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not name %s", name, err, want)
			}
		}
	}
}

func TestADecisionShowsTheVerifiedBadge(t *testing.T) {
	t.Parallel()
	d := newGate(t, nil).want(t, present(t), "")
	want := credentialtest.Claims()
	if !d.Allow || d.Reason != verifier.OK || d.Badge == nil {
		t.Fatalf("got %+v", d)
	}
	if d.Badge.GivenName != want.GivenName || d.Badge.Subject != want.Subject || d.Badge.Index != want.Status.Index ||
		len(d.Badge.Training) != 3 || d.Badge.Equipment == nil || !d.Badge.Expires.Equal(want.Expires) {
		t.Errorf("got %+v", d.Badge)
	}
	if d.ID == "" || !d.At.Equal(credentialtest.Now) || d.Access != credential.Onsite {
		t.Errorf("got %+v", d)
	}
}

func TestDecisionsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	seen := make(map[string]bool)
	for range 100 {
		seen[g.ask(t, "nonsense", onsite).ID] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d names for 100 decisions", len(seen))
	}
}

func TestAGateCodeGetsTheSameDecisionAsItsPresentation(t *testing.T) {
	t.Parallel()
	presentation := present(t)
	packed, err := qr.Pack(credentialtest.IssuerURL, presentation)
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []revocation.Status{revocation.Valid, revocation.Invalid} {
		decide := func(text string) verifier.Decision {
			g := newGate(t, nil)
			g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now, status))
			d := g.ask(t, text, onsite)
			d.ID = ""
			return d
		}
		if one, other := decide(presentation), decide(packed); !reflect.DeepEqual(one, other) {
			t.Errorf("got\n%+v\nand\n%+v", one, other)
		}
	}
}

func TestTheAgeOfTheStatusIsStated(t *testing.T) {
	t.Parallel()
	for _, age := range []time.Duration{0, 42 * time.Second, verifier.MaxProofAge} {
		g := newGate(t, nil)
		issued := credentialtest.Now.Add(-age)
		g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, issued, revocation.Valid))
		d := g.want(t, present(t), "")
		want := &verifier.Status{List: credentialtest.ListURI, IssuedAt: issued, AgeSeconds: int64(age / time.Second)}
		if !reflect.DeepEqual(d.Status, want) {
			t.Errorf("got %+v, want %+v", d.Status, want)
		}
	}
	stale := newGate(t, nil)
	stale.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now.Add(-time.Hour), revocation.Valid))
	if d := stale.want(t, present(t), code.StatusStale); d.Status == nil || d.Status.AgeSeconds != 3600 {
		t.Errorf("of a stale list: %+v", d.Status)
	}
	if d := newGate(t, nil).want(t, "nonsense", code.FrameMalformed); d.Status != nil {
		t.Errorf("of no list: %+v", d.Status)
	}
}

// TestChecksAfterAFailure looks at the list of an expired badge of somebody who
// wants what it does not grant, at a site that wants more.
func TestChecksAfterAFailure(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(config *verifier.Config) { config.Policy.Roles = []string{"auditor"} })
	claims := credentialtest.Claims()
	claims.Access = []credential.Access{credential.Remote}
	badge := credentialtest.MustIssue(t, claims)
	g.set(claims.Expires)
	d := g.want(t, credentialtest.MustPresent(t, badge, claims.Expires), code.BadgeExpired)
	want := []verifier.Check{
		{Name: verifier.CheckBadge, Result: verifier.Passed},
		{Name: verifier.CheckTime, Result: verifier.Failed, Code: code.BadgeExpired},
		{Name: verifier.CheckHolder, Result: verifier.Passed},
		{Name: verifier.CheckStatus, Result: verifier.NotMade},
		{Name: verifier.CheckAccess, Result: verifier.Failed, Code: code.AccessNotGranted},
		{Name: verifier.CheckPolicy, Result: verifier.Failed, Code: code.ClaimPolicy},
	}
	if !reflect.DeepEqual(d.Checks, want) {
		t.Errorf("got %+v", d.Checks)
	}
	if d.Badge == nil {
		t.Error("the holder was proven, and the guard is not told who it is")
	}
	if n := g.lists.Fetches(); n != 0 {
		t.Errorf("%d fetches", n)
	}
}

func TestWithoutABadgeNothingElseIsChecked(t *testing.T) {
	t.Parallel()
	d := newGate(t, nil).want(t, "nonsense", code.FrameMalformed)
	for n, check := range d.Checks {
		want := verifier.NotMade
		if n == 0 {
			want = verifier.Failed
		}
		if check.Result != want {
			t.Errorf("%s: %s", check.Name, check.Result)
		}
	}
	if len(d.Checks) != 6 {
		t.Errorf("%d checks", len(d.Checks))
	}
}

func TestARememberedSignatureIsOfThatTextOnly(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	g.want(t, credentialtest.MustPresent(t, badge, credentialtest.Now), "")
	header, payload, disclosures, _ := credentialtest.Parts(t, badge)
	changed := strings.Replace(payload, `"access":["onsite","remote"]`, `"access":["remote","onsite"]`, 1)
	signature := strings.SplitN(strings.SplitN(badge, "~", 2)[0], ".", 3)[2]
	forged := strings.Join([]string{credentialtest.Disclosure(header), credentialtest.Disclosure(changed), signature}, ".")
	g.want(t, credentialtest.MustPresent(t, credentialtest.Join(forged, disclosures, ""), credentialtest.Now), code.SignatureInvalid)
}

func TestTheContextBoundsTheWaitForAList(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	g := newGate(t, func(config *verifier.Config) {
		config.Fetcher = waitingFetcher{asked}
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if d := g.Verify(ctx, present(t), onsite); d.Code != code.StatusUnavailable {
		t.Errorf("got %q (%s)", d.Code, d.Detail)
	}
}

type waitingFetcher struct{ asked chan struct{} }

func (f waitingFetcher) Fetch(ctx context.Context, _ string) (string, error) {
	close(f.asked)
	<-ctx.Done()
	return "", ctx.Err()
}

func TestRefreshListLearnsOfARevocationAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	bind := func(nonce string) string {
		return credentialtest.MustBind(t, badge, credential.Proof{
			Audience: credential.GateAudience, Nonce: nonce, IssuedAt: *g.now.Load(),
		})
	}
	g.want(t, bind("1"), "")
	g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now, revocation.Invalid))
	g.set(credentialtest.Now.Add(revocation.MinRefresh))
	g.want(t, bind("2"), "")
	if err := g.RefreshList(credentialtest.IssuerURL, credentialtest.ListURI); err != nil {
		t.Fatal(err)
	}
	g.want(t, bind("3"), code.StatusRevoked)
}

func TestTheLogHasTheDecisionAndNobodysData(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	g := newGate(t, func(config *verifier.Config) { config.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	allowed := g.want(t, present(t), "")
	denied := g.want(t, present(t), code.ProofReplayed)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), &log)
	}
	for n, d := range []verifier.Decision{allowed, denied} {
		var line struct {
			Decision string          `json:"decision"`
			Allow    bool            `json:"allow"`
			Reason   verifier.Reason `json:"reason"`
			Code     code.Code       `json:"code"`
		}
		if err := json.Unmarshal([]byte(lines[n]), &line); err != nil {
			t.Fatal(err)
		}
		if line.Decision != d.ID || line.Allow != d.Allow || line.Reason != d.Reason || line.Code != d.Code {
			t.Errorf("got %+v", line)
		}
	}
	person := credentialtest.Claims()
	for _, secret := range []string{person.Subject, person.GivenName, person.FamilyName, person.EmployeeNumber, credentialtest.Nonce, "eyJ"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q: %s", secret, &log)
		}
	}
}

func TestADetailIsNeverLong(t *testing.T) {
	t.Parallel()
	claims := credentialtest.Claims()
	_, payload, disclosures, _ := credentialtest.Parts(t, credentialtest.MustIssue(t, claims))
	long := strings.Replace(payload, claims.Issuer, "https://"+strings.Repeat("ö", 1500), 1)
	jwt := credentialtest.MustSign(t, credentialtest.OtherKey, credentialtest.Header(), long)
	d := newGate(t, nil).want(t, credentialtest.Join(jwt, disclosures, ""), code.IssuerUntrusted)
	if len(d.Detail) > 520 || d.Detail == "" {
		t.Errorf("%d bytes", len(d.Detail))
	}
}
