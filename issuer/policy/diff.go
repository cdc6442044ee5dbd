package policy

import (
	"iter"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// Subject is a person with the evidence about them.
type Subject struct {
	Person   evidence.Person
	Training []evidence.Training
	Devices  []evidence.Device
}

// Change is what another policy would do to one person at one instant.
type Change struct {
	Person   evidence.Person
	Old, New Standing
	Gains    []Access // given by the new policy and not by the old one, sorted
	Loses    []Access // given by the old policy and not by the new one, sorted
}

// Difference is what another policy would do to everybody at one instant.
type Difference struct {
	People  int      // who were compared
	Gain    int      // who would gain an access
	Lose    int      // who would lose one
	LoseAll int      // who would not be eligible any more
	Changes []Change // whoever gains or loses, or is refused for other reasons, in the order they came
}

// Diff compares what two policies answer for people at an instant. It is a pure
// function; it holds one Change for each person whose answer differs.
func Diff(before, after *Policy, people iter.Seq[Subject], at time.Time) Difference {
	var d Difference
	for s := range people {
		d.add(compare(before, after, s, at))
	}
	return d
}

func compare(before, after *Policy, s Subject, at time.Time) Change {
	c := Change{
		Person: s.Person,
		Old:    before.Standing(s.Person, s.Training, s.Devices, at),
		New:    after.Standing(s.Person, s.Training, s.Devices, at),
	}
	c.Gains, c.Loses = lost(c.New.Access, c.Old.Access), lost(c.Old.Access, c.New.Access)
	return c
}

func (d *Difference) add(c Change) {
	d.People++
	if len(c.Gains) > 0 {
		d.Gain++
	}
	if len(c.Loses) > 0 {
		d.Lose++
	}
	if c.Old.Eligible && !c.New.Eligible {
		d.LoseAll++
	}
	if len(c.Gains)+len(c.Loses) > 0 || !slices.EqualFunc(c.Old.Reasons, c.New.Reasons, sameText) {
		d.Changes = append(d.Changes, c)
	}
}
