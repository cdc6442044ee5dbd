package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Limits of judging. The bound itself is allowed.
const (
	MaxRejudge  = 1000    // people judged in one transaction by Rejudge
	MaxMessages = 1000    // messages of one judgement
	MaxLadder   = 1 << 16 // bytes of Record.Ladder
)

// StandingReader answers how people stand, as they were last judged.
type StandingReader interface {
	// Record returns the standing record of a person. ErrNotFound for an unknown
	// person and for one who was never judged.
	Record(ctx context.Context, personID string) (Record, error)

	// Records returns at most limit records in order of person id, beginning behind
	// the person id after; "" begins at the start. Fewer than limit means the end.
	// limit is 1 to MaxPage, else ErrInvalid.
	Records(ctx context.Context, after string, limit int) ([]Record, error)

	// NextJudgement returns the earliest instant at which a record asks to be judged
	// again; zero when none does. Records that were never judged do not count.
	NextJudgement(ctx context.Context) (time.Time, error)
}

// StandingWriter judges people.
type StandingWriter interface {
	// Rejudge judges people whom no new evidence touches: those whose instant has
	// come, those who are named, or those who were not judged under a policy. It
	// judges at most Limit, in one transaction; repeat it until Judged is less. An
	// unknown person among those named is ErrNotFound, and a judge that fails for one
	// of them refuses the whole. Where nobody is named, it does not: a record that
	// can't be read must not keep everybody else from being judged. Those it fails for
	// stay as they are, and are asked about again the next time.
	Rejudge(ctx context.Context, r RejudgeRequest) (RejudgeResult, error)
}

// Judge decides what a situation comes to. It is called inside the transaction
// that makes the situation, for one person at a time, and so must be a pure
// function: no I/O, no clock, no waiting. An error refuses the whole change.
type Judge func(Situation) (Judgement, error)

// Situation is all that a judge is told of one person at one instant.
type Situation struct {
	Now      time.Time
	Person   evidence.Person
	Training []evidence.Training // by the time of the attempt
	Devices  []evidence.Device   // by origin
	Record   Record              // of the last judgement; zero before the first
	Holds    []Hold              // those that were not ended; their time may be over
	Badges   []Badge             // those that are live, the latest expiry first

	// Departed is, of somebody who is not active, how many people left for good
	// within MassWindow before Now: who had a badge or good standing, and whose
	// leaving no officer confirmed. Good is how many are in good standing if anybody
	// departed, else zero. Of a change that an officer confirmed both are zero.
	Departed, Good int
}

// Judgement is what is to be done about a situation. Badges are named by their
// ids, each once and in one list at most.
type Judgement struct {
	Record  Record   // to be kept; PersonID and JudgedAt are filled in
	Suspend []string // badges that are suspended because of standing from now on
	Resume  []string // badges that are not any more, as far as standing goes
	Revoke  []string
	Leave   bool   // the person's enrolments end
	Reason  string // of the changes of badges: one that can be published, no names

	Messages []notify.Message // queued in this order; a key that was queued before is skipped
	Steps    []Step           // of the ladder, for the record of who did what
}

// Record is what is kept of one person's standing. Times are as they were judged.
type Record struct {
	PersonID     string
	PolicyDigest string
	JudgedAt     time.Time
	Phase        string // where on the judge's ladder, in one word of the judge's
	Eligible     bool
	Access       []string // sorted
	Reasons      []notify.Reason
	ChangesAt    time.Time       // when the standing changes by itself; zero for never
	NextAt       time.Time       // when the person has to be judged again, after JudgedAt; zero for never
	Ladder       json.RawMessage // what the judge wants to be told the next time
}

// Step is one step of the ladder, as its event tells it.
type Step struct {
	Kind      string          `json:"step"`
	Due       time.Time       `json:"due"`
	Lapse     time.Time       `json:"lapse,omitzero"`
	Threshold string          `json:"threshold,omitempty"`
	Reasons   []notify.Reason `json:"reasons,omitempty"`
}

// RejudgeRequest says whom to judge: exactly one of Due, Persons and NotUnder is
// set.
type RejudgeRequest struct {
	Due      time.Time // those whose NextAt is not after it, the earliest first; not after At
	Persons  []string  // ids, at most MaxRejudge
	NotUnder string    // those whose record is not under the policy of this digest, or who have none

	Limit int // 1 to MaxRejudge; not read with Persons
	At    time.Time
	By    string
	Judge Judge
}

// RejudgeResult says what a rejudgement did.
type RejudgeResult struct {
	Judged   int
	Changed  int // those of them whose standing or badges changed, or who had a step of the ladder
	Messages int // that were queued

	Failed error // what judges said of those who could not be judged; nil for none
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r RejudgeRequest) Validate() error {
	c := checker{of: "rejudgement"}
	c.required("by", r.By)
	c.requiredTime("at", r.At)
	c.time("due", r.Due)
	chosen := 0
	for _, is := range []bool{!r.Due.IsZero(), len(r.Persons) > 0, r.NotUnder != ""} {
		if is {
			chosen++
		}
	}
	switch {
	case chosen != 1:
		c.fail("set one of Due, Persons and NotUnder")
	case r.Due.After(r.At):
		c.fail("what is due at %s cannot be judged at %s", r.Due, r.At)
	case len(r.Persons) > MaxRejudge:
		c.fail("%d people, at most %d are judged at once", len(r.Persons), MaxRejudge)
	case len(r.Persons) == 0 && (r.Limit < 1 || r.Limit > MaxRejudge):
		c.fail("the limit is %d, use 1 to %d", r.Limit, MaxRejudge)
	case r.Judge == nil:
		c.fail("there is no judge")
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken: a judge that
// is wrong must not leave a record that no one can work with. Engines call it with
// the situation that was judged.
func (j Judgement) Validate(s Situation) error {
	c := checker{of: fmt.Sprintf("judgement of person %.64q", s.Person.ID)}
	c.required("policy digest", j.Record.PolicyDigest)
	c.text("phase", j.Record.Phase)
	if len(j.Record.Access) > 0 {
		c.words("access", j.Record.Access)
	}
	c.time("instant of change", j.Record.ChangesAt)
	c.time("next instant", j.Record.NextAt)
	if next := j.Record.NextAt; !next.IsZero() && !next.After(s.Now) {
		c.fail("its next instant %s is not after %s: it would be judged for ever", next, s.Now)
	}
	if len(j.Record.Ladder) > MaxLadder || !json.Valid(j.Record.Ladder) {
		c.fail("its ladder is no JSON of at most %d bytes", MaxLadder)
	}
	if len(j.Messages) > MaxMessages {
		c.fail("%d messages, at most %d are queued at once", len(j.Messages), MaxMessages)
	}
	if len(j.Suspend)+len(j.Resume)+len(j.Revoke) > 0 {
		c.required("reason", j.Reason)
	}
	for _, m := range j.Messages {
		checkMessage(&c, m)
	}
	return c.err
}
