package verifier_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// TestADenialUsesNothingUp denies a code for each of the reasons that come with a
// good proof, takes the reason away and shows the code again.
func TestADenialUsesNothingUp(t *testing.T) {
	t.Parallel()
	presentation := present(t)
	for name, test := range map[string]struct {
		want    code.Code
		wrong   func(*gate) verifier.Request
		correct func(*gate)
	}{
		"expired": {
			code.BadgeExpired,
			func(g *gate) verifier.Request { g.set(credentialtest.Claims().Expires); return onsite },
			func(g *gate) { g.set(credentialtest.Now) },
		},
		"too old": {
			code.ProofTime,
			func(g *gate) verifier.Request { g.set(credentialtest.Now.Add(time.Hour)); return onsite },
			func(g *gate) { g.set(credentialtest.Now) },
		},
		"revoked": {
			code.StatusSuspended,
			func(g *gate) verifier.Request {
				g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now, revocation.Suspended))
				return onsite
			},
			func(g *gate) {
				if err := g.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, g.list(t, revocation.Valid)); err != nil {
					t.Error(err)
				}
			},
		},
		"no list": {
			code.StatusUnavailable,
			func(g *gate) verifier.Request {
				g.lists.Fail(credentialtest.ListURI, errors.New("out of order"))
				return onsite
			},
			func(g *gate) {
				if err := g.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, g.list(t, revocation.Valid)); err != nil {
					t.Error(err)
				}
			},
		},
		"access": {
			code.AccessNotGranted,
			func(*gate) verifier.Request { return verifier.Request{Access: "admin"} },
			func(*gate) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, nil)
			request := test.wrong(g)
			for range 2 {
				if d := g.ask(t, presentation, request); d.Code != test.want {
					t.Errorf("got %q (%s), want %q", d.Code, d.Detail, test.want)
				}
			}
			test.correct(g)
			g.want(t, presentation, "")
			g.want(t, presentation, code.ProofReplayed)
		})
	}
}

func TestOneCodeOpensOnceUnderContention(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	presentation := present(t)
	var allowed, replayed atomic.Int32
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			switch d := g.Verify(context.Background(), presentation, onsite); d.Reason {
			case verifier.OK:
				allowed.Add(1)
			case verifier.Replayed:
				replayed.Add(1)
			default:
				t.Errorf("got %s %s", d.Code, d.Detail)
			}
		})
	}
	all.Wait()
	if allowed.Load() != 1 || replayed.Load() != 999 {
		t.Errorf("%d allowed, %d replayed", allowed.Load(), replayed.Load())
	}
}

func TestAProofIsGoodWithinItsWindowOnly(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	for age, want := range map[time.Duration]code.Code{
		-verifier.MaxProofAhead - 1: code.ProofTime,
		-verifier.MaxProofAhead:     "",
		0:                           "",
		verifier.MaxProofAge:        "",
		verifier.MaxProofAge + 1:    code.ProofTime,
	} {
		g := newGate(t, nil)
		presentation := credentialtest.MustPresent(t, badge, credentialtest.Now)
		g.set(credentialtest.Now.Add(age))
		if d := g.ask(t, presentation, onsite); d.Code != want {
			t.Errorf("at %v: got %q (%s)", age, d.Code, d.Detail)
		}
	}
}

func TestAReplayAtTheLastInstantIsStillOne(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	phone := credentialtest.Now.Add(verifier.MaxProofAhead)
	presentation := credentialtest.MustPresent(t, badge, phone)
	g.want(t, presentation, "")
	g.set(phone.Add(verifier.MaxProofAge))
	g.want(t, presentation, code.ProofReplayed)
	g.set(phone.Add(verifier.MaxProofAge + 1))
	g.want(t, presentation, code.ProofTime)
}

func TestAClockThatGoesBackReopensNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	bind := func(nonce string, at time.Time) string {
		return credentialtest.MustBind(t, badge, credential.Proof{Audience: credential.GateAudience, Nonce: nonce, IssuedAt: at})
	}
	first := bind("first", credentialtest.Now)
	g.want(t, first, "")
	g.set(credentialtest.Now.Add(-30 * time.Second))
	g.want(t, first, code.ProofReplayed)

	// Ahead, so that the first is forgotten, and back.
	ahead := credentialtest.Now.Add(10 * time.Minute)
	g.set(ahead)
	g.want(t, bind("ahead", ahead), "")
	g.set(credentialtest.Now)
	g.want(t, first, code.ProofReplayed)
}

func TestANonceThatWasSentMustComeBack(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	bind := func(audience, nonce string) string {
		return credentialtest.MustBind(t, badge, credential.Proof{Audience: audience, Nonce: nonce, IssuedAt: credentialtest.Now})
	}
	const me, sent = "https://jump.customer.example", "a nonce"
	for _, test := range []struct {
		name, presentation string
		nonce, audience    string
		want               code.Code
	}{
		{"good", bind(me, sent), sent, me, ""},
		{"another nonce", bind(me, "another"), sent, me, code.ProofNonce},
		{"another audience", bind("https://other.example", sent), sent, me, code.ProofAudience},
		{"for a gate", bind(credential.GateAudience, sent), sent, me, code.ProofAudience},
		{"for a verifier at a gate", bind(me, sent), "", "", code.ProofAudience},
		{"no proof", badge, sent, me, code.ProofMissing},
		{"nonce only", bind(me, sent), sent, "", code.Internal},
		{"audience only", bind(me, sent), "", me, code.Internal},
	} {
		for _, allowUnbound := range []bool{false, true} {
			g := newGate(t, func(config *verifier.Config) { config.AllowUnbound = allowUnbound })
			d := g.ask(t, test.presentation, verifier.Request{Access: credential.Onsite, Nonce: test.nonce, Audience: test.audience})
			if d.Code != test.want {
				t.Errorf("%s: got %q (%s)", test.name, d.Code, d.Detail)
			}
		}
	}
}

func TestAllowUnboundTakesABadgeButNoBadProof(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	unbound := func(config *verifier.Config) { config.AllowUnbound = true }
	newGate(t, nil).want(t, badge, code.ProofMissing)
	g := newGate(t, unbound)
	for range 2 {
		if d := g.want(t, badge, ""); d.Badge == nil {
			t.Error("no badge is shown")
		}
	}
	old := credentialtest.MustPresent(t, badge, credentialtest.Now.Add(-time.Hour))
	g.want(t, old, code.ProofTime)
	good := present(t)
	g.want(t, good, "")
	g.want(t, good, code.ProofReplayed)
}

// TestAReplayIsSeenAfterAFailure: a copy of a code must not show whose badge it is,
// even where something else is wrong, too.
func TestAReplayIsSeenAfterAFailure(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	claims := credentialtest.Claims()
	claims.Expires = credentialtest.Now.Add(credential.TimeGranularity)
	last := claims.Expires.Add(-time.Second)
	presentation := credentialtest.MustPresent(t, credentialtest.MustIssue(t, claims), last)
	g.set(last)
	g.want(t, presentation, "")
	g.set(claims.Expires)
	d := g.want(t, presentation, code.BadgeExpired)
	if got := resultOf(d, verifier.CheckHolder); got != verifier.Failed || d.Badge != nil {
		t.Errorf("holder %s, badge %+v", got, d.Badge)
	}
}
