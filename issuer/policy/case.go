package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// personCase is what can matter to one person's standing from one instant on.
type personCase struct {
	policy      *Policy
	person      evidence.Person
	completions []completion
	devices     []evidence.Device
}

// completion is one passed or completed attempt at a course of the policy.
type completion struct {
	course int // place in Policy.Courses
	at     time.Time
	until  time.Time
	origin evidence.Origin
	gone   bool // it counts as expired, whatever until says
}

func (c *completion) expired(at time.Time) bool { return c.gone || !at.Before(c.until) }

// newCase keeps the person's own evidence. Of the past completions of a course
// only the latest matters, now and later, so that looking ahead stays cheap
// however long the person's history is.
func (p *Policy) newCase(person evidence.Person, training []evidence.Training, devices []evidence.Device, at time.Time) *personCase {
	c := &personCase{policy: p, person: person}
	latest := make([]*completion, len(p.Courses))
	for i := range training {
		record := &training[i]
		course := p.courseIndex(record.Course)
		if course < 0 || !counts(record, person) {
			continue
		}
		next := completion{
			course: course, at: record.At.UTC(), until: record.At.Add(p.Courses[course].ValidFor).UTC(), origin: record.Origin,
		}
		if next.at.After(at) {
			c.completions = append(c.completions, next)
			continue
		}
		if next.supersedes(latest[course]) {
			latest[course] = &next
		}
	}
	for _, past := range latest {
		if past != nil {
			c.completions = append(c.completions, *past)
		}
	}
	for i := range devices {
		// A device of nobody has no person's id, and an unidentified person none either.
		if person.ID != "" && devices[i].PersonID == person.ID {
			c.devices = append(c.devices, devices[i])
		}
	}
	return c
}

// counts reports whether the record is a success of this person.
func counts(record *evidence.Training, person evidence.Person) bool {
	if person.ExternalID == "" || record.PersonExternalID != person.ExternalID {
		return false
	}
	return record.Outcome == evidence.Passed || record.Outcome == evidence.Completed
}

// supersedes reports whether c is the later of the two. Between two of the same
// instant the origin decides, so that the order of evidence never does.
func (c *completion) supersedes(other *completion) bool {
	if other == nil {
		return true
	}
	if !c.at.Equal(other.at) {
		return c.at.After(other.at)
	}
	if c.origin.Source != other.origin.Source {
		return strings.Compare(c.origin.Source, other.origin.Source) > 0
	}
	return strings.Compare(c.origin.ID, other.origin.ID) > 0
}

// inForce returns the latest completion of each course that is not in the
// future, whether or not it has expired; nil where there is none.
func (c *personCase) inForce(at time.Time) []*completion {
	latest := make([]*completion, len(c.policy.Courses))
	for i := range c.completions {
		next := &c.completions[i]
		if !next.at.After(at) && next.supersedes(latest[next.course]) {
			latest[next.course] = next
		}
	}
	return latest
}

// held lists the courses that have not expired.
func (c *personCase) held(inForce []*completion, at time.Time) []HeldCourse {
	held := make([]HeldCourse, 0, len(inForce))
	for _, latest := range inForce {
		if latest == nil || latest.expired(at) {
			continue
		}
		course := c.policy.Courses[latest.course]
		held = append(held, HeldCourse{
			Course:      course.Code,
			Title:       course.Title,
			Standard:    course.Standard,
			CompletedAt: latest.at,
			ValidUntil:  latest.until,
			Origin:      latest.origin,
		})
	}
	return held
}

// equipmentCheckedAt returns the oldest of the devices' last reports.
func (c *personCase) equipmentCheckedAt() time.Time {
	var oldest time.Time
	for i := range c.devices {
		seen := c.devices[i].LastSeen.UTC()
		if i == 0 || seen.Before(oldest) {
			oldest = seen
		}
	}
	return oldest
}

// instants returns, in order, every instant after at at which evidence comes
// into force or lapses.
func (c *personCase) instants(at time.Time) []time.Time {
	instants := make([]time.Time, 0, 2*(len(c.completions)+len(c.devices)))
	add := func(instant time.Time) {
		if instant.After(at) {
			instants = append(instants, instant)
		}
	}
	for i := range c.completions {
		add(c.completions[i].at)
		add(c.completions[i].until)
	}
	for i := range c.devices {
		from, until := c.policy.Devices.seenSpan(&c.devices[i])
		add(from)
		add(until)
	}
	slices.SortFunc(instants, time.Time.Compare)
	return instants
}
