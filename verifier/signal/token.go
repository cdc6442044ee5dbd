package signal

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// TokenType is the typ header of a security event token (RFC 8417, section 2.3).
// MediaType is what it is pushed as.
const (
	TokenType = "secevent+jwt"
	MediaType = "application/" + TokenType
)

// Bounds on a token.
const (
	MaxToken = 64 << 10    // bytes
	MaxAhead = time.Minute // how far ahead of this clock a token may be issued
	maxID    = 256         // bytes of jti: they are remembered
)

// Kind is the URI of a kind of event.
type Kind string

// The kinds that are understood.
const (
	CredentialChange       Kind = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
	DeviceComplianceChange Kind = "https://schemas.openid.net/secevent/caep/event-type/device-compliance-change"
	SessionRevoked         Kind = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	Verification           Kind = "https://schemas.openid.net/secevent/ssf/event-type/verification"
	StreamUpdated          Kind = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated"
)

// Event is what a token says.
type Event struct {
	ID      string // jti
	Kind    Kind   // any, not only those above
	At      time.Time
	Subject string // of an iss_sub identifier: the badge's sub; empty for others
	// ChangeType is of a credential-change: "revoke", "update", "delete", "create".
	ChangeType string
	// Badge is the badge that the event is about, if it names one in its member
	// badge, and Denied what becomes of it: Invalid, Suspended, or Valid if nothing
	// that denies it.
	Badge  credential.StatusRef
	Denied revocation.Status
	State  string // of a verification
	Status string // of stream-updated: "enabled", "paused", "disabled"
}

// Keys returns the key of that id with which the issuer signs tokens. The id is
// not verified yet, so it is good for nothing but choosing among trusted keys.
type Keys func(ctx context.Context, keyID string) (*ecdsa.PublicKey, error)

// Refusal is why a token was not taken, as RFC 8935, section 2.4, writes it.
type Refusal struct {
	Err         string `json:"err"` // see the constants
	Description string `json:"description"`
}

// The values of [Refusal].Err. The last is the framework's own.
const (
	InvalidRequest       = "invalid_request"
	InvalidKey           = "invalid_key"
	InvalidIssuer        = "invalid_issuer"
	InvalidAudience      = "invalid_audience"
	AuthenticationFailed = "authentication_failed"
	InvalidState         = "invalid_state"
)

// Error implements the error interface.
func (r *Refusal) Error() string { return "verifier/signal: " + r.Err + ": " + r.Description }

func refuse(err, format string, args ...any) error {
	return &Refusal{err, fmt.Sprintf(format, args...)}
}

// open verifies a token and reads its one event. What is wrong with the token is a
// *[Refusal]; other errors are of the keys, and may pass.
func (r *Receiver) open(ctx context.Context, text string) (Event, error) {
	compact, err := jose.ParseCompact(strings.TrimSpace(text), MaxToken, jose.HeaderPolicy{Type: TokenType})
	if err != nil {
		return Event{}, refuse(InvalidRequest, "%v", err)
	}
	key, err := r.config.Keys(ctx, compact.Header.KeyID)
	if errors.Is(err, ErrUnknownKey) {
		return Event{}, refuse(InvalidKey, "%v", err)
	}
	if err != nil {
		return Event{}, err
	}
	if err := compact.Verify(key); err != nil {
		return Event{}, refuse(AuthenticationFailed, "%v", err)
	}
	claims, err := strictjson.Parse(compact.Payload)
	if err != nil {
		return Event{}, refuse(InvalidRequest, "%s: %v", code.Of(err), err)
	}
	if err := r.checkClaims(claims); err != nil {
		return Event{}, err
	}
	return readEvent(claims)
}

func (r *Receiver) checkClaims(claims strictjson.Value) error {
	if issuer := text(claims, "iss"); issuer != r.config.Issuer {
		return refuse(InvalidIssuer, "iss is %.100q", issuer)
	}
	if !slices.ContainsFunc(audiences(claims), func(a string) bool { return slices.Contains(r.config.Audience, a) }) {
		return refuse(InvalidAudience, "aud does not name this receiver")
	}
	for _, name := range []string{"sub", "exp"} {
		if _, present := claims.Member(name); present {
			return refuse(InvalidRequest, "a security event token has no %s", name)
		}
	}
	issued, ok := seconds(claims, "iat")
	if !ok || issued.After(r.config.Now().Add(MaxAhead)) {
		return refuse(InvalidRequest, "iat is missing or ahead")
	}
	if id := text(claims, "jti"); id == "" || len(id) > maxID {
		return refuse(InvalidRequest, "jti is not 1 to %d bytes long", maxID)
	}
	if subject, _ := claims.Member("sub_id"); subject.Kind != strictjson.Object {
		return refuse(InvalidRequest, "no sub_id")
	}
	return nil
}

func readEvent(claims strictjson.Value) (Event, error) {
	events, _ := claims.Member("events")
	if events.Kind != strictjson.Object || len(events.Members) != 1 || events.Members[0].Value.Kind != strictjson.Object {
		return Event{}, refuse(InvalidRequest, "events does not hold exactly one event")
	}
	said := events.Members[0].Value
	subject, _ := claims.Member("sub_id")
	if user, complex := subject.Member("user"); complex {
		subject = user
	}
	e := Event{
		ID:         text(claims, "jti"),
		Kind:       Kind(events.Members[0].Name),
		ChangeType: text(said, "change_type"),
		State:      text(said, "state"),
		Status:     text(said, "status"),
	}
	if text(subject, "format") == "iss_sub" {
		e.Subject = text(subject, "sub")
	}
	e.At, _ = seconds(claims, "iat")
	if at, ok := seconds(said, "event_timestamp"); ok {
		e.At = at
	}
	return e, e.readBadge(said)
}

// readBadge reads badge, the one member of our own: where the status of the badge is
// written, and what is written there from this change on.
func (e *Event) readBadge(said strictjson.Value) error {
	badge, present := said.Member("badge")
	if !present {
		return nil
	}
	index, _ := badge.Member("index")
	n, ok := index.Integer()
	if uri := text(badge, "status_list"); uri == "" || !ok || n < 0 {
		return refuse(InvalidRequest, "badge does not name one by status_list and index")
	}
	e.Badge = credential.StatusRef{URI: text(badge, "status_list"), Index: uint64(n)}
	switch status := text(badge, "status"); {
	case status == "suspended":
		e.Denied = revocation.Suspended
	case status == "invalid", status == "" && (e.ChangeType == "revoke" || e.ChangeType == "delete"):
		e.Denied = revocation.Invalid
	case status != "valid" && status != "":
		return refuse(InvalidRequest, "badge has the status %.40q, not valid, suspended or invalid", status)
	}
	return nil
}

// audiences reads aud: a string or several (RFC 7519, section 4.1.3).
func audiences(claims strictjson.Value) []string {
	aud, _ := claims.Member("aud")
	if aud.Kind == strictjson.String {
		return []string{aud.Text}
	}
	var several []string
	for _, e := range aud.Elements {
		if e.Kind == strictjson.String {
			several = append(several, e.Text)
		}
	}
	return several
}

func text(v strictjson.Value, name string) string {
	m, _ := v.Member(name)
	if m.Kind != strictjson.String {
		return ""
	}
	return m.Text
}

func seconds(v strictjson.Value, name string) (time.Time, bool) {
	m, _ := v.Member(name)
	n, ok := m.Integer()
	return time.Unix(n, 0).UTC(), ok && n > 0
}
