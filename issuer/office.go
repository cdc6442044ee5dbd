package issuer

import (
	"context"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// SuspendedByOffice is the reason of somebody who is in good standing and gets no
// badge all the same: an officer decided so, or a customer's concern is being looked
// into. No policy gives it.
const SuspendedByOffice policy.Kind = "suspended-by-office"

// SuspendPerson suspends every live badge of somebody and issues no more, because an
// officer says so (store.ByOffice). It returns the badges that changed, and can be
// repeated. The reason is kept in the record of events for good: no names.
func (p *Program) SuspendPerson(ctx context.Context, ref, reason, by string) ([]store.Badge, error) {
	return p.setPerson(ctx, ref, store.Suspended, reason, by)
}

// ReinstatePerson ends what SuspendPerson began. Badges that have another cause stay
// suspended: the standing is for the evidence to mend, and a customer's concern for
// its case ([Program.ReinstateOn]), which would go on saying that it suspends. It can
// be repeated.
func (p *Program) ReinstatePerson(ctx context.Context, ref, reason, by string) ([]store.Badge, error) {
	return p.setPerson(ctx, ref, store.Valid, reason, by)
}

func (p *Program) setPerson(ctx context.Context, ref string, to store.Status, reason, by string) ([]store.Badge, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return nil, err
	}
	changed, err := p.config.Store.SetStatusOfPerson(ctx, store.PersonStatusChange{
		PersonID: person.ID, To: to, Cause: store.ByOffice, Reason: reason, By: by, At: p.config.Now(),
	})
	if err != nil {
		return nil, err
	}
	p.config.Logger.InfoContext(ctx, "status of a person", "person", person.ID, "status", to, "badges", len(changed), "by", by)
	return changed, nil
}

// SuspensionsOf returns why somebody gets no badge; none for somebody who does.
func (p *Program) SuspensionsOf(ctx context.Context, ref string) ([]store.Suspension, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return nil, err
	}
	return p.config.Store.SuspensionsOf(ctx, person.ID)
}

// Record returns how somebody stands, as it was last judged, and where on the
// ladder. The error is store.ErrNotFound for an unknown person and for one who was
// never judged.
func (p *Program) Record(ctx context.Context, ref string) (store.Record, Progress, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return store.Record{}, Progress{}, err
	}
	record, err := p.config.Store.Record(ctx, person.ID)
	if err != nil {
		return store.Record{}, Progress{}, err
	}
	progress, err := readProgress(record)
	return record, progress, err
}

// Messages returns a page of what was queued, and what became of it.
func (p *Program) Messages(ctx context.Context, q store.MessageQuery) ([]store.QueuedMessage, error) {
	return p.config.Store.Messages(ctx, q)
}

// Message returns one message, or store.ErrNotFound.
func (p *Program) Message(ctx context.Context, id string) (store.QueuedMessage, error) {
	return p.config.Store.Message(ctx, id)
}

// Resend has a message that is dead or held delivered again. For a lock-out that
// was held, by is the officer who confirms it.
func (p *Program) Resend(ctx context.Context, id, by string) (store.QueuedMessage, error) {
	m, err := p.config.Store.Resend(ctx, id, by, p.config.Now())
	if err == nil {
		p.config.Logger.InfoContext(ctx, "message sent again", "message", id, "by", by)
		p.config.Queued()
	}
	return m, err
}

// Events returns a page of the record of who did what.
func (p *Program) Events(ctx context.Context, after int64, limit int) ([]store.Event, error) {
	return p.config.Store.Events(ctx, after, limit)
}

// VerifyEvents works out the chain of events; see store.EventReader.
func (p *Program) VerifyEvents(ctx context.Context, known ...store.Head) (store.Head, error) {
	return p.config.Store.VerifyEvents(ctx, known...)
}
