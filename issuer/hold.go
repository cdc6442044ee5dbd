package issuer

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// AddHold makes an exception for somebody until an instant, at most store.MaxHold
// ahead: while it lasts, a lapse suspends no badge and locks nobody out, and whoever
// was suspended or locked out is restored at once. Reminders go on. No badge is
// issued to somebody who is not in good standing, and nobody who left is covered.
// The reason is kept for the office alone.
func (p *Program) AddHold(ctx context.Context, ref, reason string, until time.Time, by string) (store.Hold, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return store.Hold{}, err
	}
	now := p.config.Now()
	h := store.Hold{ID: rand.Text(), PersonID: person.ID, Reason: reason, By: by, At: now, Until: until}
	if err := p.config.Store.AddHold(ctx, h, p.judgeAt(now)); err != nil {
		return store.Hold{}, err
	}
	p.config.Logger.InfoContext(ctx, "hold added", "hold", h.ID, "person", person.ID, "until", until, "by", by)
	p.changed(1)
	return h, nil
}

// EndHold ends an exception before its time. What it kept from happening happens at
// once. It can be repeated.
func (p *Program) EndHold(ctx context.Context, id, by string) (store.Hold, error) {
	now := p.config.Now()
	h, err := p.config.Store.EndHold(ctx, store.HoldEnd{ID: id, By: by, At: now}, p.judgeAt(now))
	if err != nil {
		return store.Hold{}, err
	}
	p.config.Logger.InfoContext(ctx, "hold ended", "hold", h.ID, "person", h.PersonID, "by", by)
	p.changed(1)
	return h, nil
}

// HoldsOf returns every hold that somebody ever had, the latest first.
func (p *Program) HoldsOf(ctx context.Context, ref string) ([]store.Hold, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return nil, err
	}
	return p.config.Store.HoldsOf(ctx, person.ID)
}

// Holds returns every hold that lasts now, those that end first in front.
func (p *Program) Holds(ctx context.Context) ([]store.Hold, error) {
	return p.config.Store.Holds(ctx, p.config.Now())
}
