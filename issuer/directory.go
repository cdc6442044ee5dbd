package issuer

import (
	"context"
	"errors"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Outbox is where messages wait for a notify.Courier.
func (p *Program) Outbox() notify.Outbox { return p.config.Store }

// Directory tells a notify.Courier who people are and what things are called, as
// it is known when it asks.
func (p *Program) Directory() notify.Directory { return directory{p} }

type directory struct{ program *Program }

// Person implements [notify.Directory].
func (d directory) Person(ctx context.Context, id string) (notify.Person, error) {
	person, err := d.program.config.Store.Person(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return notify.Person{}, notify.ErrUnknown
	}
	if err != nil {
		return notify.Person{}, err
	}
	return notify.Person{
		ID: person.ID, Name: nameOf(person), Email: person.Email, Language: person.Language,
		ManagerID: person.ManagerID, Active: person.Active,
	}, nil
}

func nameOf(p evidence.Person) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return strings.TrimSpace(p.GivenName + " " + p.FamilyName)
}

// Subject implements [notify.Directory].
func (d directory) Subject(ctx context.Context, r notify.Reason) (string, error) {
	rules := d.program.policy()
	switch policy.Kind(r.Kind) {
	case policy.TrainingMissing, policy.TrainingExpired:
		course, _ := rules.Course(r.Subject)
		return course.Title, nil
	case policy.DeviceNoncompliant, policy.DeviceUnencrypted, policy.DeviceOutdated, policy.DeviceStale:
		return d.Device(ctx, notify.Device{ID: r.Subject})
	case policy.RuleUnmet, policy.RuleFailed:
		rule, _ := rules.Rule(r.Subject)
		return rule.Reason, nil
	}
	return "", nil
}

// Device implements [notify.Directory].
func (d directory) Device(ctx context.Context, device notify.Device) (string, error) {
	known, err := d.program.config.Store.Device(ctx, evidence.Origin{Source: device.Source, ID: device.ID})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return known.Name, err
}

// LockOuts answers what a lock-out depends on: it is the program that package
// lockout asks.
type LockOuts struct{ program *Program }

// LockOuts returns what package lockout asks before it locks.
func (p *Program) LockOuts() LockOuts { return LockOuts{p} }

// LockDue reports whether the ladder wants this person's devices locked now.
func (l LockOuts) LockDue(ctx context.Context, person string) (bool, error) {
	record, err := l.program.config.Store.Record(ctx, person)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	progress, err := readProgress(record)
	return progress.Phase == ladder.Locked, err
}

// LockedHere reports whether the device is locked by the program.
func (l LockOuts) LockedHere(ctx context.Context, d notify.Device) (bool, error) {
	return l.program.config.Store.Locked(ctx, d)
}

// Device returns the device's evidence, or notify.ErrUnknown.
func (l LockOuts) Device(ctx context.Context, d notify.Device) (evidence.Device, error) {
	known, err := l.program.config.Store.Device(ctx, evidence.Origin{Source: d.Source, ID: d.ID})
	if errors.Is(err, store.ErrNotFound) {
		return evidence.Device{}, notify.ErrUnknown
	}
	return known, err
}
