package server

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

func TestGate_AnEndedGateIsToldSo(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb := newGate(t, s, gate.Invitation{})
	if err := s.desk.End(t.Context(), tb.gate.ID); err != nil {
		t.Fatal(err)
	}
	for _, call := range []struct{ method, path, body string }{
		{"GET", "settings", ""}, {"GET", "bundle", ""}, {"GET", "present", ""},
		{"POST", "decisions", `{"presentation":"x"}`}, {"POST", "visits", `{"records":[]}`},
		{"GET", "pictures?url=x&integrity=y", ""},
	} {
		tb.call(t, call.method, call.path, call.body).refused(t, call.path, 403, CodeGateUnknown)
	}
	tb.ask(t, tb.nonce(t)).refused(t, "a new session", 403, CodeGateUnknown)
}

func TestGate_WithoutASessionThereIsNothing(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb := newGate(t, s, gate.Invitation{})
	session := tb.cookie
	for name, cookie := range map[string]string{
		"none":           "",
		"empty":          SessionCookie + "=",
		"made up":        SessionCookie + "=" + strings.Repeat("A", 43),
		"another name":   strings.Replace(session, "__Host-", "", 1),
		"two":            session + "; " + SessionCookie + "=" + strings.Repeat("A", 43),
		"the same twice": session + "; " + session,
	} {
		tb.cookie = cookie
		for _, call := range []struct{ method, path, body string }{
			{"GET", "settings", ""}, {"GET", "bundle", ""}, {"GET", "present", ""}, {"GET", "pictures", ""},
			{"POST", "decisions", `{"presentation":"x"}`}, {"POST", "visits", `{"records":[]}`},
		} {
			tb.call(t, call.method, call.path, call.body).refused(t, name+" "+call.path, 401, CodeGateSessionMissing)
		}
	}
	tb.cookie = session
	s.Move(gate.SessionLife - time.Millisecond)
	if r := tb.call(t, "GET", "settings", ""); r.status != 200 {
		t.Errorf("at the end of its life: %d %s", r.status, r.body)
	}
	s.Move(time.Millisecond)
	tb.call(t, "GET", "settings", "").refused(t, "after it", 401, CodeGateSessionMissing)
}

func TestGate_PairingAndSessionsAreRefusedForTheirReason(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	used := newGate(t, s, gate.Invitation{})
	code, _, err := s.desk.Invite(t.Context(), gate.Invitation{Name: "West gate", Access: credential.Onsite})
	if err != nil {
		t.Fatal(err)
	}
	used.pair(t, code).refused(t, "a key that another gate has", 403, CodePairingRefused)
	other := newTablet(t, s)
	if r := other.pair(t, code); r.status != 201 {
		t.Errorf("the code is still good: %d %s", r.status, r.body)
	}
	newTablet(t, s).pair(t, code).refused(t, "a used code", 403, CodePairingRefused)
	other.call(t, "POST", "pairing", `{"code":"x","key":{"kty":"EC","crv":"P-384"}}`).refused(t, "another curve", 400, CodeKeyInvalid)
	other.call(t, "POST", "pairing", `{"code":"x"}`).refused(t, "no key", 400, CodeKeyInvalid)

	nonce := other.nonce(t)
	stranger := newTablet(t, s)
	stranger.gate.ID = other.gate.ID
	stranger.ask(t, nonce).refused(t, "another key", 403, CodeGateProofRefused)
	if r := other.ask(t, nonce); r.status != 204 {
		t.Errorf("the nonce that a stranger tried: %d %s", r.status, r.body)
	}
	other.ask(t, nonce).refused(t, "a used nonce", 403, CodeGateProofRefused)
	stranger.gate.ID = "nobody"
	stranger.ask(t, other.nonce(t)).refused(t, "no such gate", 403, CodeGateUnknown)

	for i := range gate.MaxWrongCodes {
		r := stranger.pair(t, "00000-00000")
		if r.status == 429 {
			if i < gate.MaxWrongCodes-1 {
				t.Errorf("after %d wrong codes: %s", i, r.body)
			}
			break
		}
	}
	r := stranger.pair(t, "00000-00000")
	r.refused(t, "too many wrong codes", 429, CodeTooManyAttempts)
	if r.header.Get("Retry-After") != pairRetryAfter {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
}

func TestGate_APolicyThatIsGoneShutsTheGate(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb := newGate(t, s, gate.Invitation{Policy: "gone"})
	tb.call(t, "POST", "decisions", `{"presentation":"x"}`).refused(t, "decision", 503, CodeGatePolicyUnknown)
	tb.call(t, "GET", "settings", "").refused(t, "settings", 503, CodeGatePolicyUnknown)
	if !strings.Contains(s.log.String(), `policy \"gone\"`) {
		t.Error("the log does not say which policy")
	}
}
