package visit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ErrTooManyRecords is the answer to more than MaxRecords at once.
var ErrTooManyRecords = fmt.Errorf("visit: more than %d records in one call: send them in several", MaxRecords)

// Config configures a [Register]. Store and Retention are required.
type Config struct {
	Store     Store
	Retention time.Duration    // how long records are kept; there is no register without an end
	Now       func() time.Time // time.Now when nil
	Logger    *slog.Logger     // discards when nil; it gets no names and no subjects
}

// Register is the register of visits. It is safe for concurrent use.
type Register struct {
	config Config
}

// NewRegister reports everything that is wrong with the configuration at once.
func NewRegister(config Config) (*Register, error) {
	var problems []error
	if config.Store == nil {
		problems = append(problems, errors.New("no Store: nothing could be kept"))
	}
	if config.Retention <= 0 {
		problems = append(problems, fmt.Errorf("a Retention of %v: say how long records may be kept, or make no register", config.Retention))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("visit: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Register{config}, nil
}

// Retention is how long records are kept.
func (r *Register) Retention() time.Duration { return r.config.Retention }

// Keep writes up to [MaxRecords] records of one origin, in one transaction, and
// returns what became of each, in their order. A record that is refused does not
// harm its neighbours. After an error send all of them again: what was kept is then
// already there. The error is [ErrTooManyRecords], one about the origin, or the
// store's.
func (r *Register) Keep(ctx context.Context, origin Origin, records []Record) ([]Outcome, error) {
	if len(records) > MaxRecords {
		return nil, ErrTooManyRecords
	}
	if err := origin.check(); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(records))
	var entries []Entry
	var places []int // of the entries, among the records
	now := toMillisecond(r.config.Now())
	for i, record := range records {
		record.At = toMillisecond(record.At)
		outcomes[i].ID = record.ID
		if err := record.check(now, r.config.Retention); err != nil {
			outcomes[i].Result, outcomes[i].Detail = Rejected, err.Error()
			continue
		}
		entries = append(entries, Entry{Record: record.written(), Origin: origin})
		places = append(places, i)
	}
	added, err := r.config.Store.AddRecords(ctx, entries)
	if err != nil {
		return nil, err
	}
	for i, isNew := range added {
		outcomes[places[i]].Result = Already
		if isNew {
			outcomes[places[i]].Result = Kept
		}
	}
	if err := r.reconsider(ctx, origin, outcomes); err != nil {
		return nil, err
	}
	return outcomes, nil
}

// reconsider finds those refused records whose ID was kept before: a gate that
// repeats one must not be told that it was lost.
func (r *Register) reconsider(ctx context.Context, origin Origin, outcomes []Outcome) error {
	var ids []string
	var places []int
	for i, o := range outcomes {
		if o.Result == Rejected {
			ids = append(ids, o.ID)
			places = append(places, i)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := r.config.Store.KnownRecords(ctx, ids)
	if err != nil {
		return err
	}
	for i, isKnown := range known {
		o := &outcomes[places[i]]
		if isKnown {
			o.Result, o.Detail = Already, ""
			continue
		}
		r.config.Logger.WarnContext(ctx, "record refused", "gate", origin.Gate, "detail", o.Detail)
	}
	return nil
}

// Present returns who is on site, each person once, those first who came first.
func (r *Register) Present(ctx context.Context, site string) ([]Presence, error) {
	stays, err := r.config.Store.Stays(ctx, site)
	if err != nil {
		return nil, err
	}
	now := r.config.Now()
	present := make([]Presence, len(stays)) // never nil: JSON has an empty list
	for i, s := range stays {
		present[i] = Presence{s.Visit, s.Since, s.GateName, s.Badge, !now.Before(s.Badge.Expires)}
	}
	return present, nil
}

// Forget removes, beyond recovery, what is older than the retention time, at all
// sites, and returns how many records that were. Call it at the start and every
// hour.
func (r *Register) Forget(ctx context.Context) (int, error) {
	forgotten, err := r.config.Store.ForgetRecords(ctx, toMillisecond(r.config.Now()).Add(-r.config.Retention))
	if err != nil {
		return 0, err
	}
	r.config.Logger.InfoContext(ctx, "old visits forgotten", "records", forgotten)
	return forgotten, nil
}
