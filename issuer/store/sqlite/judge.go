package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// holdsBack is for how long a hold that is over is still shown to judges: clocks
// are set back.
const holdsBack = 24 * time.Hour

// judging is one judge at work in one transaction.
type judging struct {
	*tx
	judge store.Judge
	at    time.Time
	by    string
	done  outcome

	confirmed bool // by an officer
	good      *int // people in good standing at the beginning; nil until somebody asks
}

// outcome counts what judging did.
type outcome struct {
	judged   int
	changed  int
	gained   int // people who are in good standing and were not
	lost     int // people who were in good standing, would be by time alone, and are not
	messages int
}

func newJudging(t *tx, judge store.Judge, at time.Time, by string) *judging {
	return &judging{tx: t, judge: judge, at: kept(at), by: by}
}

// person judges one person, or says store.ErrNotFound.
func (j *judging) person(id string) error { return j.each([]string{id}, j.decide, unknownPerson) }

func unknownPerson(id string) error { return fmt.Errorf("person %.64q: %w", id, store.ErrNotFound) }

func (j *judging) decide(s store.Situation) error {
	verdict, err := j.judge(s)
	if err == nil {
		err = verdict.Validate(s)
	}
	if err != nil {
		return &failedJudge{s.Person.ID, err}
	}
	changed, err := j.apply(s, verdict)
	j.done.judged++
	if changed {
		j.done.changed++
	}
	return err
}

// failedJudge is a judge that failed for one person, before anything was written.
type failedJudge struct {
	person string
	err    error
}

func (e *failedJudge) Error() string { return fmt.Sprintf("judge person %.64q: %v", e.person, e.err) }
func (e *failedJudge) Unwrap() error { return e.err }

// apply does what was judged, and reports whether anything changed.
func (j *judging) apply(s store.Situation, v store.Judgement) (bool, error) {
	changed, err := j.keep(s, v.Record)
	if err != nil {
		return changed, err
	}
	for _, step := range v.Steps {
		changed = true
		if err := j.tx.record(j.at, j.by, store.LadderStep, s.Person.ID, step); err != nil {
			return changed, err
		}
	}
	badges, err := j.changeBadges(s, v)
	if err != nil {
		return changed, err
	}
	if err := j.departs(s, v); err != nil {
		return changed, err
	}
	if v.Leave {
		if err := endEnrolmentsOf(j.tx, s.Person.ID, store.EndLeft, j.by, j.at); err != nil {
			return changed, err
		}
	}
	queued, err := queue(j.tx, j.by, j.at, v.Messages)
	j.done.messages += queued
	return changed || badges || queued > 0, err
}

// keep writes the record, tells the change of the standing, and counts it.
func (j *judging) keep(s store.Situation, r store.Record) (bool, error) {
	before := s.Record
	r.PersonID, r.JudgedAt = s.Person.ID, j.at
	r.ChangesAt, r.NextAt = kept(r.ChangesAt), kept(r.NextAt)
	if err := writeRecord(j.tx, r); err != nil {
		return false, err
	}
	first := before.JudgedAt.IsZero()
	if !first && sameStanding(before, r) {
		return false, nil
	}
	current := first || before.ChangesAt.IsZero() || before.ChangesAt.After(j.at)
	switch {
	case before.Eligible && !r.Eligible && current:
		j.done.lost++
	case !before.Eligible && r.Eligible:
		j.done.gained++
	}
	detail := standingChange{After: summary(r), Policy: r.PolicyDigest}
	if !first {
		was := summary(before)
		detail.Before = &was
		if err := j.tx.signal(store.SignalChange{PersonID: r.PersonID, At: j.at, By: j.by, Before: &before, After: &r}); err != nil {
			return false, err
		}
	}
	return true, j.tx.record(j.at, j.by, store.StandingChanged, r.PersonID, detail)
}

// standingChange is the detail of store.StandingChanged: kinds of reasons alone.
type standingChange struct {
	Before *standingSummary `json:"before,omitempty"`
	After  standingSummary  `json:"after"`
	Policy string           `json:"policy"`
}

type standingSummary struct {
	Eligible bool     `json:"eligible"`
	Access   []string `json:"access,omitempty"`
	Reasons  []string `json:"reasons,omitempty"`
}

func summary(r store.Record) standingSummary {
	s := standingSummary{Eligible: r.Eligible, Access: r.Access}
	for _, reason := range r.Reasons {
		if !slices.Contains(s.Reasons, reason.Kind) {
			s.Reasons = append(s.Reasons, reason.Kind)
		}
	}
	return s
}

// sameStanding compares what people are told of: instants aside.
func sameStanding(a, b store.Record) bool {
	return a.Eligible == b.Eligible && slices.Equal(a.Access, b.Access) &&
		slices.EqualFunc(a.Reasons, b.Reasons, func(a, b notify.Reason) bool {
			return a.Kind == b.Kind && a.Subject == b.Subject
		})
}

// changeBadges does what was judged of badges, each of which is live.
func (j *judging) changeBadges(s store.Situation, v store.Judgement) (bool, error) {
	changed := false
	for _, c := range []struct {
		ids []string
		to  store.Status
	}{{v.Suspend, store.Suspended}, {v.Resume, store.Valid}, {v.Revoke, store.Invalid}} {
		for _, id := range c.ids {
			i := slices.IndexFunc(s.Badges, func(b store.Badge) bool { return b.ID == id })
			if i < 0 {
				return changed, fmt.Errorf("%w: badge %.64q is not a live one of person %.64q", store.ErrInvalid, id, s.Person.ID)
			}
			_, did, err := setStatus(j.tx, s.Badges[i], store.StatusChange{
				BadgeID: id, To: c.to, Cause: store.ByStanding, Reason: v.Reason, By: j.by, At: j.at,
			})
			if err != nil {
				return changed, err
			}
			changed = changed || did
		}
	}
	return changed, nil
}

// Rejudge implements [store.StandingWriter].
func (s *Store) Rejudge(ctx context.Context, r store.RejudgeRequest) (store.RejudgeResult, error) {
	if err := r.Validate(); err != nil {
		return store.RejudgeResult{}, err
	}
	// Nearly always there is nobody: that is no reason to hold up the writer.
	if ids, err := due(ctx, s.reads, r, 1); err != nil || len(ids) == 0 {
		_, err = described(0, s.writer.orClosed(err), "rejudge")
		return store.RejudgeResult{}, err
	}
	result, err := change(ctx, s.writer, func(t *tx) (store.RejudgeResult, error) { return rejudge(t, r) })
	return described(result, err, "rejudge")
}

func rejudge(t *tx, r store.RejudgeRequest) (store.RejudgeResult, error) {
	ids, err := due(context.Background(), t, r, r.Limit)
	if err != nil {
		return store.RejudgeResult{}, err
	}
	j := newJudging(t, r.Judge, r.At, r.By)
	var failures []error
	err = j.each(ids, func(s store.Situation) error {
		err := j.decide(s)
		if one := (*failedJudge)(nil); errors.As(err, &one) && len(r.Persons) == 0 {
			failures = append(failures, err)
			return nil
		}
		return err
	}, unknownPerson)
	if err != nil {
		return store.RejudgeResult{}, err
	}
	return store.RejudgeResult{
		Judged: j.done.judged, Changed: j.done.changed, Messages: j.done.messages, Failed: errors.Join(failures...),
	}, nil
}

// due returns the ids of those whom a request is about.
func due(ctx context.Context, q querier, r store.RejudgeRequest, limit int) ([]string, error) {
	switch {
	case len(r.Persons) > 0:
		return r.Persons, nil
	case !r.Due.IsZero():
		return queryAll(ctx, q, scanText, "SELECT person_id FROM standings WHERE next_at <= ? ORDER BY next_at, person_id LIMIT ?",
			r.Due.UnixMicro(), limit)
	}
	// Twice, because the index is of no use for "not equal".
	below, err := queryAll(ctx, q, scanText, "SELECT person_id FROM standings WHERE policy < ? LIMIT ?", r.NotUnder, limit)
	if err != nil || len(below) == limit {
		return below, err
	}
	above, err := queryAll(ctx, q, scanText, "SELECT person_id FROM standings WHERE policy > ? LIMIT ?", r.NotUnder, limit-len(below))
	return append(below, above...), err
}
