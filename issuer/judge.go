package issuer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// judge turns what is known of one person into what is to be done. Its method is
// a store.Judge: pure, and called inside the store's transaction.
type judge struct {
	policy    *policy.Policy
	tell      []Recipient
	lockOut   bool
	massLimit store.MassLimit
	confirmed bool // by an officer, however many it concerns

	dryRun      bool // of lock-outs
	massSilence bool // more people were not heard of than is believed
	catchingUp  bool // what passed unseen is left to the scheduler
}

// Progress is what a standing record keeps of the ladder for the next judgement.
type Progress struct {
	ladder.State
	Steps  int             `json:"steps,omitempty"`  // that were taken so far
	Locked []notify.Device `json:"locked,omitempty"` // whose lock was ordered and not undone
	// Leaving is set of somebody who left with many others and is suspended for now.
	Leaving bool `json:"leaving,omitempty"`
	// Silent is set of somebody of whom nothing was heard, as of many others, and who
	// is not suspended for it until somebody confirms that.
	Silent bool `json:"silent,omitempty"`
	// PutOff is set of somebody whose lock-out was put off because it was missed: once,
	// or who is always late would lock nobody out.
	PutOff bool `json:"put_off,omitempty"`
}

// progressOf reads a record's progress. Somebody who has badges and was never
// judged was in good standing when they were issued.
func progressOf(s store.Situation) (Progress, error) {
	if s.Record.JudgedAt.IsZero() && len(s.Badges) > 0 {
		return Progress{State: ladder.State{Phase: ladder.Good}}, nil
	}
	return readProgress(s.Record)
}

func readProgress(r store.Record) (p Progress, err error) {
	if len(r.Ladder) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(r.Ladder, &p); err != nil {
		return p, fmt.Errorf("issuer: the ladder of person %.64q can't be read: %w", r.PersonID, err)
	}
	return p, nil
}

// judging is one judgement under way.
type judging struct {
	judge
	store.Situation
	standing  policy.Standing
	progress  Progress
	judgement store.Judgement
}

func (j judge) judge(s store.Situation) (store.Judgement, error) {
	before, err := progressOf(s)
	if err != nil {
		return store.Judgement{}, err
	}
	c := &judging{judge: j, Situation: s, standing: j.policy.Standing(s.Person, s.Training, s.Devices, s.Now), progress: before}
	c.progress.Silent = false
	in := ladder.Input{
		Now: s.Now, Active: s.Person.Active, Standing: c.standing,
		Lapses: j.policy.Lapses(s.Person, s.Training, s.Devices, s.Now),
		State:  before.State, Holds: ladderHolds(s), Times: j.policy.Ladder,
	}
	c.excuse(before, &in)
	state, actions, next := ladder.Step(in)
	c.progress.State = state
	c.progress.PutOff = c.progress.PutOff && state.Phase == ladder.Suspended
	for _, a := range actions {
		if err := c.act(a); err != nil {
			return store.Judgement{}, err
		}
	}
	if err := c.releaseDevices(); err != nil {
		return store.Judgement{}, err
	}
	if err := c.judgeLeaving(before); err != nil {
		return store.Judgement{}, err
	}
	if c.progress.Silent {
		if err := c.tellOfSilence(); err != nil {
			return store.Judgement{}, err
		}
	}
	c.judgeBadges()
	c.judgement.Record, err = c.record(next)
	return c.judgement, err
}

func ladderHolds(s store.Situation) []ladder.Hold {
	var holds []ladder.Hold
	for _, h := range s.Holds {
		holds = append(holds, ladder.Hold{ID: h.ID, Reason: h.Reason, By: h.By, Until: h.Until})
	}
	return holds
}

// held reports whether an officer's exception lasts.
func (c *judging) held() bool {
	return slices.ContainsFunc(c.Holds, func(h store.Hold) bool { return h.Lasts(c.Now) })
}

// judgeBadges says which badges the standing carries.
func (c *judging) judgeBadges() {
	for _, b := range c.Badges {
		suspended := slices.Contains(b.Causes, store.ByStanding)
		switch good := c.carries(b); {
		case !c.Person.Active && !c.progress.Leaving:
			c.judgement.Revoke = append(c.judgement.Revoke, b.ID)
		case good && suspended:
			c.judgement.Resume = append(c.judgement.Resume, b.ID)
		case !good && !suspended:
			c.judgement.Suspend = append(c.judgement.Suspend, b.ID)
		}
	}
	c.judgement.Reason = c.reason()
}

// carries reports whether a badge grants nothing that the standing does not.
func (c *judging) carries(b store.Badge) bool {
	if c.progress.Phase != ladder.Good {
		return false
	}
	if c.held() || !c.standing.Eligible {
		return true
	}
	return !slices.ContainsFunc(b.Access, func(access string) bool {
		return !slices.Contains(c.standing.Access, policy.Access(access))
	})
}

// reason says why badges change, without names.
func (c *judging) reason() string {
	switch {
	case c.progress.Leaving:
		return "left the program with many others: suspended until that is sure"
	case !c.Person.Active:
		return "left the program"
	case c.progress.Phase != ladder.Good:
		return "not in good standing: " + strings.Join(kinds(c.standing.Reasons), ", ")
	case len(c.judgement.Suspend) > 0:
		return "in good standing for less access than the badge grants"
	}
	return "in good standing"
}

// kinds lists what is wrong without saying with which course or device, each once.
func kinds(reasons []policy.Reason) []string {
	var list []string
	for _, r := range reasons {
		if kind := string(r.Kind); !slices.Contains(list, kind) {
			list = append(list, kind)
		}
	}
	return list
}

func (c *judging) record(next time.Time) (store.Record, error) {
	text, err := json.Marshal(c.progress)
	if err != nil {
		return store.Record{}, fmt.Errorf("issuer: ladder of person %.64q: %w", c.Person.ID, err)
	}
	// Where a hold ends that covers badges alone, the ladder sees nothing.
	for _, h := range c.Holds {
		if h.Until.After(c.Now) && (next.IsZero() || h.Until.Before(next)) {
			next = h.Until
		}
	}
	if again := c.Now.Add(store.MassWindow); c.progress.Leaving && (next.IsZero() || again.Before(next)) {
		next = again
	}
	r := store.Record{
		PolicyDigest: c.policy.Digest(),
		Phase:        string(c.progress.Phase),
		Eligible:     c.standing.Eligible,
		Reasons:      noticed(c.standing.Reasons),
		ChangesAt:    c.standing.ChangesAt,
		NextAt:       next,
		Ladder:       text,
	}
	for _, a := range c.standing.Access {
		r.Access = append(r.Access, string(a))
	}
	return r, nil
}

// noticed gives reasons as records and messages have them.
func noticed(reasons []policy.Reason) []notify.Reason {
	var list []notify.Reason
	for _, r := range reasons {
		list = append(list, notify.Reason{Kind: string(r.Kind), Subject: r.Subject, At: r.At})
	}
	return list
}
