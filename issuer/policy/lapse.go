package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// Lapse is an instant ahead at which evidence runs out and takes access with it.
type Lapse struct {
	At      time.Time
	Reasons []Reason // the evidence that runs out, as it will be complained about; sorted

	// Loses are the accesses that go, if all else that is good is kept so.
	Loses []Access

	// Validity is how long such evidence is good in all, the longest of what runs
	// out here: a course's ValidFor, or the devices' SeenWithin.
	Validity time.Duration

	// Ends says that nothing is left from here on if nobody renews anything. It is
	// set for one lapse at most.
	Ends bool
}

// NextLapse returns the next lapse, or the zero Lapse if nothing that the person
// has will be lost by itself. It is the first of [Policy.Lapses].
func (p *Policy) NextLapse(person evidence.Person, training []evidence.Training, devices []evidence.Device, at time.Time) Lapse {
	lapses := p.Lapses(person, training, devices, at)
	if len(lapses) == 0 {
		return Lapse{}
	}
	return lapses[0]
}

// Lapses lists, in order and each instant once, what the person will lose after
// an instant with no new evidence: a laptop's silence in days does not hide the
// course that expires in weeks. Somebody who has no access has nothing to lose.
//
// What was lost is taken to have been renewed when the next lapse is asked about,
// for its owner was reminded of it; what ran out without a loss, such as a course
// that nobody needs or one of two that a rule accepts, is taken to stay away. A
// course that later training in the evidence renews has not run out until that
// has.
func (p *Policy) Lapses(person evidence.Person, training []evidence.Training, devices []evidence.Device, at time.Time) []Lapse {
	c := p.newCase(person, training, devices, at)
	renewed := newWorld(c, at)
	before := renewed.access()
	if len(before) == 0 {
		return nil
	}
	var lapses []Lapse
	left := renewed // what is left if nobody renews anything
	for _, end := range c.endings(at) {
		next := renewed.without(end)
		after := next.access()
		loses := lost(before, after)
		if len(loses) == 0 {
			renewed, before = next, after
		}
		ends := false
		if had := left.access(); len(had) > 0 {
			left = left.without(end)
			if ends = len(left.access()) == 0; ends {
				loses = union(loses, had)
			}
		}
		if len(loses) > 0 {
			lapses = addLapse(lapses, Lapse{end.at, []Reason{end.reason}, loses, end.validity, ends})
		}
	}
	return lapses
}

// addLapse joins lapses of the same instant.
func addLapse(lapses []Lapse, next Lapse) []Lapse {
	if len(lapses) == 0 || !lapses[len(lapses)-1].At.Equal(next.At) {
		return append(lapses, next)
	}
	last := &lapses[len(lapses)-1]
	last.Reasons = sortReasons(append(last.Reasons, next.Reasons...))
	last.Loses = union(last.Loses, next.Loses)
	last.Validity = max(last.Validity, next.Validity)
	last.Ends = last.Ends || next.Ends
	return lapses
}

// ending is one piece of evidence that is good, and when it will not be.
type ending struct {
	at       time.Time
	reason   Reason
	validity time.Duration
	course   int // place in Policy.Courses, or -1
	device   int // place in personCase.devices, or -1
}

// endings lists when the evidence that is good at an instant runs out, in order.
func (c *personCase) endings(at time.Time) []ending {
	var endings []ending
	for course, latest := range c.inForce(at) {
		if latest == nil || latest.expired(at) {
			continue
		}
		until := c.heldUntil(latest)
		endings = append(endings, ending{
			at: until, reason: Reason{TrainingExpired, c.policy.Courses[course].Code, until},
			validity: c.policy.Courses[course].ValidFor, course: course, device: -1,
		})
	}
	for i := range c.devices {
		from, until := c.policy.Devices.seenSpan(&c.devices[i])
		if at.Before(from) || !at.Before(until) {
			continue
		}
		endings = append(endings, ending{
			at: until, reason: Reason{DeviceStale, c.devices[i].Origin.ID, until},
			validity: c.policy.Devices.SeenWithin, course: -1, device: i,
		})
	}
	// Ties are broken by text, because the order of evidence must not matter.
	slices.SortFunc(endings, func(a, b ending) int { return cmp.Or(a.at.Compare(b.at), compareReasons(a.reason, b.reason)) })
	return endings
}

// heldUntil returns when a course that is held will not be: later training may
// come into force by then.
func (c *personCase) heldUntil(held *completion) time.Time {
	until := held.until
	for renewed := true; renewed; {
		renewed = false
		for i := range c.completions {
			next := &c.completions[i]
			if next.course == held.course && !next.at.After(until) && next.until.After(until) {
				until, renewed = next.until, true
			}
		}
	}
	return until
}

// world is what might be: a person's evidence at one instant, less some of it.
type world struct {
	c       *personCase
	inForce []*completion
	at      time.Time
}

func newWorld(c *personCase, at time.Time) world { return world{c, c.inForce(at), at} }

// access answers as [personCase.standing] does.
func (w world) access() []Access {
	if len(w.c.baseReasons(w.inForce, w.at)) > 0 {
		return nil
	}
	granted, _ := w.c.access(w.inForce, w.at)
	return granted
}

// without returns the world in which a piece of evidence has run out by now.
func (w world) without(end ending) world {
	if end.course >= 0 {
		w.inForce = slices.Clone(w.inForce)
		expired := *w.inForce[end.course]
		expired.gone = true
		w.inForce[end.course] = &expired
		return w
	}
	c := *w.c
	c.devices = slices.Clone(c.devices)
	c.devices[end.device].LastSeen = w.at.Add(-c.policy.Devices.SeenWithin)
	w.c = &c
	return w
}

// lost returns what is in before and not in after.
func lost(before, after []Access) []Access {
	var gone []Access
	for _, access := range before {
		if !slices.Contains(after, access) {
			gone = append(gone, access)
		}
	}
	return gone
}

// union returns what is in either, sorted.
func union(a, b []Access) []Access {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
