package gate

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// sessionBytes is the size of a session; its text is base64url.
const sessionBytes = 32

// seenEvery is how often a gate that works is noted as seen: a write waits for
// the disk, so not with every call.
const seenEvery = time.Minute

// Nonce returns a nonce for one proof, good for [NonceLife]. Nothing is kept of it
// until it is used, so anybody may ask.
func (d *Desk) Nonce() string { return d.nonces.make(d.now()) }

// Open opens a session for the gate whose proof it is, and returns the session's
// text, a secret. The error is [ErrUnknownGate], [ErrProofRefused],
// [ErrPolicyUnknown] or the store's.
func (d *Desk) Open(ctx context.Context, proof string) (session string, g Gate, err error) {
	now := d.now()
	if g, err = d.prove(ctx, proof, now); err != nil {
		return "", Gate{}, err
	}
	session = newSession()
	err = d.config.Store.OpenSession(ctx, Session{sessionHash(session), g.ID, now, now.Add(SessionLife)}, MaxSessions)
	if err != nil {
		return "", Gate{}, err
	}
	g.SeenAt = now
	d.config.Logger.InfoContext(ctx, "gate session opened", "gate", g.ID)
	return session, g, nil
}

// Authenticate returns the gate whose session it is. The error is [ErrNoSession],
// [ErrUnknownGate] when the gate has ended, [ErrPolicyUnknown] or the store's.
func (d *Desk) Authenticate(ctx context.Context, session string) (Gate, error) {
	if !isSession(session) {
		return Gate{}, ErrNoSession
	}
	now := d.now()
	g, err := d.config.Store.GateOfSession(ctx, sessionHash(session), now)
	if err != nil {
		return Gate{}, err
	}
	if err := d.fit(g); err != nil {
		return Gate{}, err
	}
	if now.Sub(g.SeenAt) >= seenEvery {
		d.see(ctx, &g, now)
	}
	return g, nil
}

// see notes that a gate works. A full disk is no reason to shut the gate.
func (d *Desk) see(ctx context.Context, g *Gate, now time.Time) {
	if err := d.config.Store.SeeGate(ctx, g.ID, now); err != nil {
		d.config.Logger.ErrorContext(ctx, "gate not noted as seen", "gate", g.ID, "error", err)
		return
	}
	g.SeenAt = now
}

// fit refuses gates that must not work, whatever they prove.
func (d *Desk) fit(g Gate) error {
	if !g.EndedAt.IsZero() {
		return ErrUnknownGate
	}
	if !d.configured(g.Policy) {
		return ErrPolicyUnknown
	}
	return nil
}

// newSession returns the text of 32 random bytes. rand.Read never fails.
func newSession() string {
	var b [sessionBytes]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func isSession(text string) bool {
	b, err := jose.DecodeSegment(text)
	return err == nil && len(b) == sessionBytes
}
