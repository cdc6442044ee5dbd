package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const caseColumns = `number, id, badge_id, person_id, received_at, category, text, reporter_name, reporter_organization,
	reporter_contact, suspended_at, suspended_by, outcome, note, closed_at, closed_by`

// exportedCaseColumns leave out who raised the concern: that is somebody else's
// personal data (GDPR, Article 15(4)).
const exportedCaseColumns = "id, badge_id, received_at, category, text, suspended_at, outcome, note, closed_at"

func scanCase(s scanner) (c store.Case, err error) {
	err = s.Scan(&c.Number, &c.ID, &c.BadgeID, &c.PersonID, instant{&c.Received}, &c.Category, &c.Text,
		&c.Reporter.Name, &c.Reporter.Organization, &c.Reporter.Contact,
		instant{&c.SuspendedAt}, &c.SuspendedBy, &c.Outcome, &c.Note, instant{&c.ClosedAt}, &c.ClosedBy)
	return c, err
}

// Case implements [store.CaseReader].
func (r *Reader) Case(ctx context.Context, id string) (store.Case, error) {
	c, err := oneCase(ctx, r.reads, id)
	return described(c, err, "case %.64q", id)
}

func oneCase(ctx context.Context, q querier, id string) (store.Case, error) {
	return queryOne(ctx, q, scanCase, "SELECT "+caseColumns+" FROM cases WHERE id = ?", id)
}

// Cases implements [store.CaseReader].
func (r *Reader) Cases(ctx context.Context, q store.CaseQuery) ([]store.Case, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	where := map[store.CaseState]string{store.StateOpen: " AND outcome = ''", store.StateClosed: " AND outcome <> ''"}[q.State]
	page, err := queryAll(ctx, r.reads, scanCase, "SELECT "+caseColumns+` FROM cases
		WHERE number > ? AND (? = '' OR person_id = ?)`+where+" ORDER BY number LIMIT ?", q.After, q.Person, q.Person, q.Limit)
	return described(page, err, "cases")
}

// OpenCase implements [store.CaseWriter].
func (s *Store) OpenCase(ctx context.Context, c store.Case, messages ...notify.Message) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if err := store.CheckMessages(messages); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, openCase(t, c, messages) })
	_, err = described(0, err, "case %.64q about badge %.64q", c.ID, c.BadgeID)
	return err
}

func openCase(t *tx, c store.Case, messages []notify.Message) error {
	if _, err := person(context.Background(), t, "id", c.PersonID); err != nil {
		return err
	}
	b, err := badge(context.Background(), t, c.BadgeID)
	if err != nil {
		return err
	}
	if b.PersonID != c.PersonID {
		return fmt.Errorf("%w: the badge is another person's", store.ErrConflict)
	}
	result, err := t.Exec("INSERT INTO cases ("+caseColumns+`)
		VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', '', '', NULL, '') ON CONFLICT (id) DO NOTHING`,
		c.ID, c.BadgeID, c.PersonID, micros(c.Received), c.Category, c.Text,
		c.Reporter.Name, c.Reporter.Organization, c.Reporter.Contact)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, store.ErrAlreadyExists)
	}
	err = t.record(c.Received, store.Public, store.CaseOpened, c.ID, struct {
		Person   string         `json:"person"`
		Badge    string         `json:"badge"`
		Category store.Category `json:"category"`
	}{c.PersonID, c.BadgeID, c.Category})
	if err != nil {
		return err
	}
	_, err = queue(t, store.Public, c.Received, messages)
	return err
}

// SuspendOnCase implements [store.CaseWriter].
func (s *Store) SuspendOnCase(ctx context.Context, d store.CaseDecision) (store.CaseResult, error) {
	return s.decideCase(ctx, d, suspendOnCase)
}

// ReinstateOnCase implements [store.CaseWriter].
func (s *Store) ReinstateOnCase(ctx context.Context, d store.CaseDecision) (store.CaseResult, error) {
	return s.decideCase(ctx, d, reinstateOnCase)
}

func (s *Store) decideCase(ctx context.Context, d store.CaseDecision, do func(*tx, store.Case, store.CaseDecision) (store.CaseResult, error)) (store.CaseResult, error) {
	if err := d.Validate(); err != nil {
		return store.CaseResult{}, err
	}
	result, err := change(ctx, s.writer, func(t *tx) (store.CaseResult, error) {
		c, err := oneCase(context.Background(), t, d.ID)
		if err != nil {
			return store.CaseResult{}, err
		}
		return do(t, c, d)
	})
	return described(result, err, "case %.64q", d.ID)
}

func suspendOnCase(t *tx, c store.Case, d store.CaseDecision) (store.CaseResult, error) {
	if !c.Open() {
		return store.CaseResult{}, fmt.Errorf("%w: it was closed as %s, only an open case suspends", store.ErrConflict, c.Outcome)
	}
	if !c.SuspendedAt.IsZero() {
		return store.CaseResult{Case: c}, nil
	}
	c.SuspendedAt, c.SuspendedBy = kept(d.At), d.By
	if err := markCase(t, c); err != nil {
		return store.CaseResult{}, err
	}
	if err := t.record(d.At, d.By, store.CaseSuspended, c.ID, aboutPerson{c.PersonID}); err != nil {
		return store.CaseResult{}, err
	}
	badges, err := setByConcern(t, c, store.Suspended, d)
	return store.CaseResult{Case: c, Badges: badges}, err
}

func reinstateOnCase(t *tx, c store.Case, d store.CaseDecision) (store.CaseResult, error) {
	if c.SuspendedAt.IsZero() {
		return store.CaseResult{Case: c}, nil
	}
	c, err := unmarkCase(t, c)
	if err != nil {
		return store.CaseResult{}, err
	}
	if err := t.record(d.At, d.By, store.CaseReinstated, c.ID, aboutPerson{c.PersonID}); err != nil {
		return store.CaseResult{}, err
	}
	badges, err := reinstateUnlessMarked(t, c, d)
	return store.CaseResult{Case: c, Badges: badges}, err
}

// aboutPerson is the detail of an event that says no more than whom it is about.
type aboutPerson struct {
	Person string `json:"person"`
}

// CloseCase implements [store.CaseWriter].
func (s *Store) CloseCase(ctx context.Context, c store.CaseClosing) (store.CaseResult, error) {
	if err := c.Validate(); err != nil {
		return store.CaseResult{}, err
	}
	return s.decideCase(ctx, store.CaseDecision{ID: c.ID, By: c.By, At: c.At},
		func(t *tx, found store.Case, _ store.CaseDecision) (store.CaseResult, error) {
			return closeCase(t, found, c)
		})
}

func closeCase(t *tx, c store.Case, end store.CaseClosing) (store.CaseResult, error) {
	if !c.Open() && c.Outcome != end.Outcome {
		return store.CaseResult{}, fmt.Errorf("%w: it was closed as %s", store.ErrConflict, c.Outcome)
	}
	if !c.Open() {
		return store.CaseResult{Case: c}, nil
	}
	c.Outcome, c.Note, c.ClosedAt, c.ClosedBy = end.Outcome, end.Note, kept(end.At), end.By
	result, err := t.Exec("UPDATE cases SET outcome = ?, note = ?, closed_at = ?, closed_by = ? WHERE id = ? AND outcome = ''",
		c.Outcome, c.Note, micros(c.ClosedAt), c.ClosedBy, c.ID)
	if err := exactlyOne(result, err); err != nil {
		return store.CaseResult{}, err
	}
	err = t.record(end.At, end.By, store.CaseClosed, c.ID, struct {
		Person  string            `json:"person"`
		Outcome store.CaseOutcome `json:"outcome"`
	}{c.PersonID, c.Outcome})
	if err != nil || c.Outcome == store.Upheld || c.SuspendedAt.IsZero() {
		return store.CaseResult{Case: c}, err
	}
	if c.Outcome == store.Duplicate {
		if err := handOver(t, c, end); err != nil {
			return store.CaseResult{}, err
		}
	}
	return reinstateOnCase(t, c, store.CaseDecision{ID: c.ID, By: end.By, At: end.At})
}

// handOver has the person stay suspended on the case that this one repeats, which
// is taken to be the oldest that is still open.
func handOver(t *tx, c store.Case, end store.CaseClosing) error {
	others, err := queryAll(context.Background(), t, scanCase, "SELECT "+caseColumns+` FROM cases
		WHERE person_id = ? AND outcome = '' ORDER BY number LIMIT 1`, c.PersonID)
	if err != nil || len(others) == 0 || !others[0].SuspendedAt.IsZero() {
		return err
	}
	other := others[0]
	other.SuspendedAt, other.SuspendedBy = kept(end.At), end.By
	if err := markCase(t, other); err != nil {
		return err
	}
	return t.record(end.At, end.By, store.CaseSuspended, other.ID, aboutPerson{other.PersonID})
}

// markCase keeps whether the person is suspended on a case.
func markCase(t *tx, c store.Case) error {
	result, err := t.Exec("UPDATE cases SET suspended_at = ?, suspended_by = ? WHERE id = ?", micros(c.SuspendedAt), c.SuspendedBy, c.ID)
	return exactlyOne(result, err)
}

func unmarkCase(t *tx, c store.Case) (store.Case, error) {
	c.SuspendedAt, c.SuspendedBy = time.Time{}, ""
	return c, markCase(t, c)
}

// reinstateUnlessMarked brings the badges back when no other case holds them.
func reinstateUnlessMarked(t *tx, c store.Case, d store.CaseDecision) ([]store.Badge, error) {
	var marked bool
	err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM cases WHERE person_id = ? AND suspended_at IS NOT NULL)", c.PersonID).Scan(&marked)
	if err != nil || marked {
		return nil, err
	}
	return setByConcern(t, c, store.Valid, d)
}

func setByConcern(t *tx, c store.Case, to store.Status, d store.CaseDecision) ([]store.Badge, error) {
	set := store.PersonStatusChange{PersonID: c.PersonID, To: to, Cause: store.ByConcern, Reason: c.Reason(), By: d.By, At: d.At}
	changed, err := setStatusOfPerson(t, set)
	if err != nil {
		return nil, err
	}
	return changed, setSuspension(t, set)
}

// EraseReporter implements [store.CaseWriter]. As with people, what was erased is
// overwritten in the file.
func (s *Store) EraseReporter(ctx context.Context, d store.CaseDecision) (store.Case, error) {
	result, err := s.decideCase(ctx, d, eraseReporter)
	if err == nil {
		s.truncateLog(ctx)
	}
	return result.Case, err
}

func eraseReporter(t *tx, c store.Case, d store.CaseDecision) (store.CaseResult, error) {
	if c.Reporter == (store.Reporter{}) {
		return store.CaseResult{Case: c}, nil
	}
	c.Reporter = store.Reporter{}
	result, err := t.Exec("UPDATE cases SET reporter_name = '', reporter_organization = '', reporter_contact = '' WHERE id = ?", c.ID)
	if err := exactlyOne(result, err); err != nil {
		return store.CaseResult{}, err
	}
	return store.CaseResult{Case: c}, t.record(d.At, d.By, store.CaseReporterErased, c.ID, aboutPerson{c.PersonID})
}
