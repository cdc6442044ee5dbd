package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const (
	// standstill is how late something has to be for the program to have stood still:
	// a scheduler looks every minute, and who has none works off what is due every hour.
	standstill = time.Hour
	// graceAfterStop is by how much a lock-out that was missed is put off. In that time
	// it becomes known what was mended while nobody listened.
	graceAfterStop = 24 * time.Hour
)

// CatchUp has news judged as such until the function that it returns is called: who
// lost the standing meanwhile, by time alone, is left to the scheduler. Call it
// before the sources are asked for the first time after a stop, and the function
// before Run. Otherwise the first source to answer would have people suspended for
// what the next one mends.
func (p *Program) CatchUp() (done func()) {
	p.catchingUp.Store(true)
	return func() { p.catchingUp.Store(false) }
}

// ConfirmSilence says for an officer that those of whom nothing is heard, as of many
// others, are to be suspended for it. It returns how many were, and what Advance
// does, it does first.
func (p *Program) ConfirmSilence(ctx context.Context, by string) (Advanced, error) {
	done, err := p.Advance(ctx)
	if err != nil {
		return done, err
	}
	var silent []string
	err = p.eachRecord(ctx, func(r store.Record, at Progress) error {
		if at.Silent {
			silent = append(silent, r.PersonID)
		}
		return nil
	})
	if err != nil {
		return done, err
	}
	now := p.config.Now()
	rules := p.judgeOf(now)
	rules.confirmed = true
	for some := range slices.Chunk(silent, batch) {
		request := store.RejudgeRequest{Persons: some, At: now, By: by, Judge: rules.judge}
		result, err := p.config.Store.Rejudge(ctx, request)
		if err != nil {
			return done, err
		}
		done.add(result)
	}
	p.config.Logger.InfoContext(ctx, "mass silence confirmed", "people", len(silent), "by", by)
	p.changed(done.Messages)
	return done, nil
}

// eachRecord visits the record of everybody who was judged.
func (p *Program) eachRecord(ctx context.Context, visit func(store.Record, Progress) error) error {
	after := ""
	for {
		page, err := p.config.Store.Records(ctx, after, store.MaxPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			progress, err := readProgress(r)
			if err == nil {
				err = visit(r, progress)
			}
			if err != nil {
				return err
			}
		}
		if len(page) < store.MaxPage {
			return nil
		}
		after = page[len(page)-1].PersonID
	}
}

// massSilence reports whether more people than an import may cost their standing
// would be suspended at an instant for silence alone, which was not acted upon in
// time: then it is the program that did not hear, or a source. It goes through
// everybody, and so it does only after the program stood still.
func (p *Program) massSilence(ctx context.Context, now time.Time) (bool, error) {
	due, err := p.config.Store.NextJudgement(ctx)
	if err != nil || due.IsZero() || now.Sub(due) <= standstill {
		return false, err
	}
	good := make(map[string]bool)
	err = p.eachRecord(ctx, func(r store.Record, at Progress) error {
		if at.Phase == ladder.Good {
			good[r.PersonID] = true
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	silent := 0
	err = p.Standings(ctx, now, func(s Standing) error {
		if good[s.Person.ID] && s.Person.Active && silence(s.Standing) {
			silent++
		}
		return nil
	})
	limit := p.config.MassLimit.Of(len(good))
	if err == nil && silent > limit {
		p.config.Logger.WarnContext(ctx, "nothing was heard of many: none of them is suspended for it until somebody confirms it",
			"silent", silent, "good", len(good), "limit", limit)
	}
	return silent > limit, err
}

// silence reports whether nothing is wrong with somebody but that devices have not
// been heard of for too long.
func silence(s policy.Standing) bool {
	return !s.Eligible && only(s.Reasons, policy.DeviceStale)
}

// only reports whether all reasons are of these kinds.
func only(reasons []policy.Reason, kinds ...policy.Kind) bool {
	return len(reasons) > 0 && !slices.ContainsFunc(reasons, func(r policy.Reason) bool { return !slices.Contains(kinds, r.Kind) })
}

// excuse keeps somebody on the ladder who would fall for what may be our own fault.
// It says nothing about the standing: there is no badge without one.
func (c *judging) excuse(before Progress, in *ladder.Input) {
	if before.Phase == ladder.Suspended && !before.PutOff && !before.LockAt.IsZero() && c.Now.Sub(before.LockAt) > standstill {
		in.State.LockAt, c.progress.PutOff = c.Now.Add(graceAfterStop), true
	}
	if before.Phase != ladder.Good || !c.Person.Active || c.standing.Eligible || c.confirmed || c.held() {
		return
	}
	until := c.Now.Add(maxSleep)
	if silence(c.standing) && (before.Silent || c.massSilence) {
		c.progress.Silent, until = true, c.Now.Add(store.MassWindow)
	} else if !c.catchingUp || !c.lapsedByTime() {
		return
	}
	in.Holds = append(in.Holds, ladder.Hold{Until: until})
}

// lapsedByTime reports whether the standing was lost by time alone, and before now.
func (c *judging) lapsedByTime() bool {
	lapse := c.Record.ChangesAt
	return !lapse.IsZero() && !lapse.After(c.Now) && only(c.standing.Reasons, policy.DeviceStale, policy.TrainingExpired)
}

// tellOfSilence tells the office, once a day.
func (c *judging) tellOfSilence() error {
	return c.tellOffice(notify.Silence, c.Now.UTC().Format(time.DateOnly))
}

// tellOffice tells the office of what is about nobody in particular; about says which
// of several messages of a kind is the same.
func (c *judging) tellOffice(kind notify.Kind, about string) error {
	body, err := notify.Body{At: c.Now}.JSON()
	if err != nil {
		return err
	}
	for _, channel := range channelsOf(c.tell, kind) {
		c.judgement.Messages = append(c.judgement.Messages, notify.Message{
			Key: fmt.Sprintf("%s/%s/%s", kind, about, channel), Kind: kind,
			Channel: channel, To: notify.ToOffice, Created: c.Now, Due: c.Now, Body: body,
		})
	}
	return nil
}
