package signal

import (
	"encoding/json"
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// mediaType is typ of a SET, and its media type without application/ (RFC 8417,
// section 2.3).
const mediaType = "secevent+jwt"

// claims are a SET's. It never has sub or exp (SSF, section 4.1).
type claims struct {
	Issuer   string                     `json:"iss"`
	ID       string                     `json:"jti"`
	IssuedAt int64                      `json:"iat"`
	Audience string                     `json:"aud"`
	Cause    string                     `json:"txn,omitempty"`
	Subject  map[string]string          `json:"sub_id"`
	Events   map[string]json.RawMessage `json:"events"`
}

// token signs a queued signal for its receiver.
func (d *Desk) token(s store.SignalStream, r store.SignalReceiver, q store.QueuedSignal) (string, error) {
	payload, err := json.Marshal(claims{
		Issuer: d.cfg.Issuer, ID: q.ID, IssuedAt: q.QueuedAt.Unix(), Audience: r.Audience, Cause: q.Cause,
		Subject: d.subjectID(s, r, q.Subject), Events: map[string]json.RawMessage{q.Type: q.Event},
	})
	if err != nil {
		return "", err
	}
	text, err := d.sign(r.Algorithm, payload)
	if err != nil {
		return "", fmt.Errorf("signal: %w", err)
	}
	return text, nil
}

// subjectID names whom an event is about; the stream if it is about nobody.
func (d *Desk) subjectID(s store.SignalStream, r store.SignalReceiver, subject string) map[string]string {
	switch {
	case subject == "":
		return map[string]string{"format": formatOpaque, "id": s.ID}
	case r.SubjectFormat == store.SignalOpaque:
		return map[string]string{"format": formatOpaque, "id": subject}
	}
	return map[string]string{"format": formatIssuer, "iss": d.cfg.Issuer, "sub": subject}
}
