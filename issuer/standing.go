package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Standing is the policy's answer for one person.
type Standing struct {
	Person evidence.Person
	policy.Standing
}

// Person finds somebody by id or by external id, in this order. The error is
// store.ErrNotFound when there is nobody.
func (p *Program) Person(ctx context.Context, ref string) (evidence.Person, error) {
	person, err := p.config.Store.Person(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		person, err = p.config.Store.PersonByExternalID(ctx, ref)
	}
	if errors.Is(err, store.ErrNotFound) {
		return evidence.Person{}, fmt.Errorf("issuer: no person with the id or external id %q: %w", ref, store.ErrNotFound)
	}
	return person, err
}

// Standing answers for one person, found as [Program.Person] does, at an
// instant, by the policy in force then; the zero instant is now.
func (p *Program) Standing(ctx context.Context, ref string, at time.Time) (Standing, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return Standing{}, err
	}
	training, devices, err := p.config.Store.EvidenceOf(ctx, person.ID)
	if err != nil {
		return Standing{}, err
	}
	at = p.orNow(at)
	return Standing{person, p.PolicyAt(at).Standing(person, training, devices, at)}, nil
}

// Standings visits everybody in the order of their external ids. An error from
// visit ends it and is returned.
func (p *Program) Standings(ctx context.Context, at time.Time, visit func(Standing) error) error {
	at = p.orNow(at)
	rules := p.PolicyAt(at)
	return p.config.Store.AllEvidence(ctx, func(person evidence.Person, training []evidence.Training, devices []evidence.Device) error {
		return visit(Standing{person, rules.Standing(person, training, devices, at)})
	})
}

// People returns a page of people in the order of their external ids, beginning
// behind the external id after.
func (p *Program) People(ctx context.Context, after string, limit int) ([]evidence.Person, error) {
	return p.config.Store.People(ctx, after, limit)
}

func (p *Program) orNow(at time.Time) time.Time {
	if at.IsZero() {
		return p.config.Now()
	}
	return at
}
