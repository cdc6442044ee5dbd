package signal_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/signal"
)

func TestASignalDeniesTheBadgeUntilAListIsNewer(t *testing.T) {
	t.Parallel()
	for status, reason := range map[string]verifier.Reason{"invalid": verifier.Revoked, "suspended": verifier.Suspended} {
		s := newSite(t)
		if d := s.decide(t); !d.Allow {
			t.Fatalf("denied before: %s", d.Code)
		}
		event := revoked(s.clock.Now())
		event["badge"].(object)["status"] = status
		if err := s.Take(t.Context(), token(t, s.claims(signal.CredentialChange, event))); err != nil {
			t.Fatal(err)
		}
		if d := s.decide(t); d.Reason != reason || d.Code != code.StatusSignalled {
			t.Errorf("%s: reason %s, code %s", status, d.Reason, d.Code)
		}
		s.list(t)
		if d := s.decide(t); !d.Allow {
			t.Errorf("%s: the newer list does not count: %s", status, d.Code)
		}
	}
}

// TestWhatASignalLeavesOpenTheListsSay: it never allows, and what it does not name is
// looked up.
func TestWhatASignalLeavesOpenTheListsSay(t *testing.T) {
	t.Parallel()
	badge := func(status string) object {
		b := revoked(credentialtest.Now)["badge"].(object)
		return with(b, object{"status": status})
	}
	for name, c := range map[string]struct {
		kind  signal.Kind
		event object
	}{
		"a badge that is good again": {signal.CredentialChange, object{"change_type": "update", "badge": badge("valid")}},
		"a change of no badge":       {signal.CredentialChange, object{"change_type": "revoke"}},
		"a device":                   {signal.DeviceComplianceChange, object{"previous_status": "compliant", "current_status": "not-compliant"}},
		"a session":                  {signal.SessionRevoked, object{}},
		"a kind to come":             {"https://example.org/another", object{}},
		"a verification":             {signal.Verification, object{"state": "x"}},
	} {
		s := newSite(t)
		if err := s.Take(t.Context(), token(t, s.claims(c.kind, c.event))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := s.decide(t); !d.Allow {
			t.Errorf("%s: denied with %s", name, d.Code)
		}
		if len(s.heard) != 1 || s.heard[0].Kind != c.kind || s.heard[0].Subject != "7Q2K9" {
			t.Errorf("%s: heard %+v", name, s.heard)
		}
	}
}

func TestATokenThatComesAgainIsNothingNew(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text := token(t, s.claims(signal.CredentialChange, revoked(s.clock.Now())))
	for range 2 {
		if err := s.Take(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.heard) != 1 {
		t.Errorf("heard it %d times", len(s.heard))
	}
}

// TestAnOldEventChangesNothing: events come in any order, and what counts is their
// own time.
func TestAnOldEventChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	event := revoked(s.clock.Now().Add(-time.Minute))
	if err := s.Take(t.Context(), token(t, s.claims(signal.CredentialChange, event))); err != nil {
		t.Fatal(err)
	}
	if d := s.decide(t); !d.Allow {
		t.Errorf("denied with %s although the list is newer than the event", d.Code)
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := s.claims(signal.CredentialChange, revoked(s.clock.Now()))
	event := func(changes object) object {
		return object{"events": object{string(signal.CredentialChange): with(revoked(s.clock.Now()), changes)}}
	}
	stranger := credentialtest.NewKey("stranger")
	now := s.clock.Now().Unix()
	for name, c := range map[string]struct{ token, err, description string }{
		"no token":                 {"x", signal.InvalidRequest, "token_malformed"},
		"too long":                 {strings.Repeat("a", signal.MaxToken+1), signal.InvalidRequest, "token_too_large"},
		"a badge":                  {sign(t, signalKey, "dc+sd-jwt", good), signal.InvalidRequest, "jose_typ_mismatch"},
		"a list":                   {sign(t, signalKey, "statuslist+jwt", good), signal.InvalidRequest, "jose_typ_mismatch"},
		"an unknown key":           {sign(t, stranger, signal.TokenType, good), signal.InvalidKey, ""},
		"another key's signature":  {credentialtest.MustSign(t, stranger, fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"secevent+jwt"}`, signalKey.KeyID()), `{}`), signal.AuthenticationFailed, "signature_invalid"},
		"another issuer":           {token(t, with(good, object{"iss": "https://other.example"})), signal.InvalidIssuer, ""},
		"another audience":         {token(t, with(good, object{"aud": []string{"https://other.example"}})), signal.InvalidAudience, ""},
		"no audience":              {token(t, with(good, object{"aud": nil})), signal.InvalidAudience, ""},
		"sub":                      {token(t, with(good, object{"sub": "x"})), signal.InvalidRequest, "no sub"},
		"exp":                      {token(t, with(good, object{"exp": now + 60})), signal.InvalidRequest, "no exp"},
		"no iat":                   {token(t, with(good, object{"iat": nil})), signal.InvalidRequest, "iat"},
		"from ahead":               {token(t, with(good, object{"iat": now + 61})), signal.InvalidRequest, "iat"},
		"no jti":                   {token(t, with(good, object{"jti": nil})), signal.InvalidRequest, "jti"},
		"a jti of 257 bytes":       {token(t, with(good, object{"jti": strings.Repeat("j", 257)})), signal.InvalidRequest, "jti"},
		"no sub_id":                {token(t, with(good, object{"sub_id": nil})), signal.InvalidRequest, "no sub_id"},
		"no event":                 {token(t, with(good, object{"events": object{}})), signal.InvalidRequest, "exactly one event"},
		"two events":               {token(t, with(good, object{"events": object{"a": object{}, "b": object{}}})), signal.InvalidRequest, "exactly one event"},
		"an event of no object":    {token(t, with(good, object{"events": object{"a": 1}})), signal.InvalidRequest, "exactly one event"},
		"a badge without index":    {token(t, with(good, event(object{"badge": object{"status_list": credentialtest.ListURI}}))), signal.InvalidRequest, "by status_list and index"},
		"a badge below zero":       {token(t, with(good, event(object{"badge": object{"status_list": credentialtest.ListURI, "index": -1}}))), signal.InvalidRequest, "by status_list and index"},
		"a status of another kind": {token(t, with(good, event(object{"badge": object{"status_list": credentialtest.ListURI, "index": 1, "status": "odd"}}))), signal.InvalidRequest, `status "odd"`},
		"a list of somebody else":  {token(t, with(good, event(object{"badge": object{"status_list": "https://other.example/1", "index": 1}}))), signal.InvalidRequest, "status_uri_not_allowed"},
	} {
		err := s.Take(t.Context(), c.token)
		var refusal *signal.Refusal
		if !errors.As(err, &refusal) || refusal.Err != c.err || !strings.Contains(refusal.Description, c.description) {
			t.Errorf("%s: %v, want %s: %s", name, err, c.err, c.description)
		}
	}
	if d := s.decide(t); !d.Allow || len(s.heard) != 0 {
		t.Errorf("what was refused had an effect: %s, heard %v", d.Code, s.heard)
	}
}

func TestTokensAtTheBounds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := s.claims(signal.CredentialChange, revoked(s.clock.Now()))
	for name, changes := range map[string]object{
		"a minute ahead":     {"iat": s.clock.Now().Add(signal.MaxAhead).Unix(), "jti": "a"},
		"a jti of 256 bytes": {"jti": strings.Repeat("j", 256)},
		"several audiences":  {"aud": []string{"https://other.example", audience}, "jti": "b"},
		"a complex subject":  {"sub_id": object{"format": "complex", "user": good["sub_id"]}, "jti": "c"},
	} {
		if err := s.Take(t.Context(), token(t, with(good, changes))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeysThatCannotBeHadNowAreNoRefusal: the token is to come again.
func TestKeysThatCannotBeHadNowAreNoRefusal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	down := errors.New("no network")
	receiver, err := signal.New(signal.Config{
		Issuer: credentialtest.IssuerURL, Audience: []string{audience}, Target: s.gate, Now: s.clock.Now,
		Keys: func(context.Context, string) (*ecdsa.PublicKey, error) { return nil, down },
	})
	if err != nil {
		t.Fatal(err)
	}
	err = receiver.Take(t.Context(), token(t, s.claims(signal.SessionRevoked, object{})))
	var refusal *signal.Refusal
	if !errors.Is(err, down) || errors.As(err, &refusal) {
		t.Errorf("%v, want %v", err, down)
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := signal.New(signal.Config{})
	for _, part := range []string{"no Issuer", "no Audience", "no Keys", "no Target"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %q", err, part)
		}
	}
}
