package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// ErasePerson forgets somebody; see store.PrivacyWriter for what goes, what stays and
// what can't be reached. Devices of theirs that the program locked are unlocked, because
// nobody would know of them any more. It cannot be undone. Evidence of them that a
// source sends again is left out, until they are in the directory as active.
func (p *Program) ErasePerson(ctx context.Context, ref, by string) error {
	record, progress, err := p.Record(ctx, ref)
	id := record.PersonID
	if errors.Is(err, store.ErrNotFound) {
		person, err := p.Person(ctx, ref)
		if err != nil {
			return err
		}
		id = person.ID
	} else if err != nil {
		return err
	}
	if err := p.release(ctx, id, progress.Locked); err != nil {
		return err
	}
	if err := p.config.Store.ErasePerson(ctx, store.Erasure{PersonID: id, By: by, Mark: p.mark}); err != nil {
		return err
	}
	p.config.Logger.InfoContext(ctx, "person erased", "person", id, "by", by)
	p.changed(1)
	return nil
}

// mark is what is remembered of an identifier of somebody who was erased. Its key is
// the one of subjects, which is not in the store: from the database alone no employee
// number can be tried out.
func (p *Program) mark(identifier string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, p.config.SubjectKey)
	mac.Write([]byte("erased:" + identifier))
	mac.Sum(sum[:0])
	return sum
}

// release orders the unlocking of devices before their person is forgotten.
func (p *Program) release(ctx context.Context, id string, locked []notify.Device) error {
	if len(locked) == 0 {
		return nil
	}
	c := &judging{progress: Progress{Locked: locked}}
	c.Now, c.Person.ID = p.config.Now(), id
	if err := c.unlock(locked); err != nil {
		return err
	}
	return p.config.Store.Queue(ctx, c.judgement.Messages...)
}

// ExportPerson returns all that is kept of somebody as JSON, and records who had it and
// why: a reason that is kept for good, without names. It finds people as
// [Program.Person] does, and by their id those who were erased.
func (p *Program) ExportPerson(ctx context.Context, ref, reason, by string) ([]byte, error) {
	id := ref
	person, err := p.Person(ctx, ref)
	switch {
	case err == nil:
		id = person.ID
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	export, err := p.config.Store.ExportPerson(ctx, store.ExportRequest{PersonID: id, By: by, Reason: reason, At: p.config.Now()})
	if err != nil {
		return nil, err
	}
	p.config.Logger.InfoContext(ctx, "person exported", "person", id, "by", by)
	return json.MarshalIndent(export, "", "  ")
}

// Purge deletes what has been over for longer than the configured retention. Run
// does it once a day.
func (p *Program) Purge(ctx context.Context, by string) (store.PurgeResult, error) {
	var total store.PurgeResult
	for {
		done, err := p.config.Store.Purge(ctx, store.PurgeRequest{Retention: p.config.Retention, At: p.config.Now(), By: by})
		if err != nil {
			return total, err
		}
		total.Training += done.Training
		total.Messages += done.Messages
		total.Enrolments += done.Enrolments
		total.Tokens += done.Tokens
		total.Cases += done.Cases
		total.Spent += done.Spent
		if !done.More {
			return total, nil
		}
	}
}
