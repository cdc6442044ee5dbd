package signal_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/signal"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

const audience = "https://gate.customer.example"

// signalKey signs the tokens of the tests.
var signalKey = credentialtest.NewKey("signals")

// site is a verifier that hears signals.
type site struct {
	*signal.Receiver
	gate  *verifier.Verifier
	clock *clocktest.Clock
	heard []signal.Event
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{clock: clocktest.New(credentialtest.Now)}
	var err error
	s.gate, err = verifier.New(verifier.Config{Trust: verifiertest.Trust(t), Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.gate.Close() })
	s.list(t)
	s.Receiver, err = signal.New(signal.Config{
		Issuer: credentialtest.IssuerURL, Audience: []string{audience}, Keys: keys, Target: s.gate,
		Heard: func(e signal.Event) { s.heard = append(s.heard, e) }, Now: s.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// list has a list taken, a second after the last, in which every badge is valid.
func (s *site) list(t *testing.T) {
	t.Helper()
	s.clock.Move(time.Second)
	token := verifiertest.ListToken(t, credentialtest.ListURI, s.clock.Now(), revocation.Valid)
	if err := s.gate.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, token); err != nil {
		t.Fatal(err)
	}
}

func (s *site) decide(t *testing.T) verifier.Decision {
	t.Helper()
	presentation := credentialtest.MustBind(t, credentialtest.MustIssue(t, credentialtest.Claims()), credential.Proof{
		Audience: credential.GateAudience, Nonce: fmt.Sprint(s.clock.Now().UnixNano()), IssuedAt: s.clock.Now(),
	})
	s.clock.Move(time.Millisecond)
	return s.gate.Verify(t.Context(), presentation, verifier.Request{Access: credential.Onsite})
}

func keys(_ context.Context, keyID string) (*ecdsa.PublicKey, error) {
	if keyID != signalKey.KeyID() {
		return nil, signal.ErrUnknownKey
	}
	return signalKey.PublicKey(), nil
}

// object is JSON that tests change; a nil value takes a member out.
type object map[string]any

// revoked is the event of a badge that was revoked.
func revoked(at time.Time) object {
	return object{
		"credential_type": "verifiable-credential", "change_type": "revoke", "event_timestamp": at.Unix(),
		"badge": object{"status_list": credentialtest.ListURI, "index": credentialtest.Claims().Status.Index, "status": "invalid"},
	}
}

// claims are those of a good token about an event.
func (s *site) claims(kind signal.Kind, event object) object {
	return object{
		"iss": credentialtest.IssuerURL, "aud": audience, "jti": "jti-1", "iat": s.clock.Now().Unix(),
		"sub_id": object{"format": "iss_sub", "iss": credentialtest.IssuerURL, "sub": "7Q2K9"},
		"events": object{string(kind): event},
	}
}

func with(base object, changes object) object {
	changed := maps.Clone(base)
	for name, value := range changes {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

func sign(t *testing.T, key credentialtest.Key, typ string, claims object) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return credentialtest.MustSign(t, key, fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":%q}`, key.KeyID(), typ), string(payload))
}

func token(t *testing.T, claims object) string {
	t.Helper()
	return sign(t, signalKey, signal.TokenType, claims)
}
