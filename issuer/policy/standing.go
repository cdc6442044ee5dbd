package policy

import (
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// Standing is the policy's answer for one person at one instant. The zero value
// is not eligible.
type Standing struct {
	Eligible bool
	Access   []Access // sorted; empty unless eligible, and never empty when eligible
	Reasons  []Reason // every reason, sorted by the bytes of its text, each once; empty when eligible

	// ChangesAt is the next instant at which any other field of this answer
	// will differ, with no new evidence; zero if that will never be. The answer
	// holds up to, but not including, this instant.
	ChangesAt time.Time

	Training           []HeldCourse // what is held and has not expired, in the policy's order, eligible or not
	EquipmentCheckedAt time.Time    // when the device that has been silent longest reported; zero without devices
}

// HeldCourse is a course that somebody holds.
type HeldCourse struct {
	Course      string
	Title       string
	Standard    string
	CompletedAt time.Time
	ValidUntil  time.Time       // at this instant it has expired
	Origin      evidence.Origin // the training record that it rests on
}

// Equal reports whether both are the same answer. It leaves ChangesAt aside, so
// that two instants can be compared.
func (s Standing) Equal(other Standing) bool {
	return s.Eligible == other.Eligible &&
		slices.Equal(s.Access, other.Access) &&
		slices.Equal(s.Reasons, other.Reasons) &&
		slices.Equal(s.Training, other.Training) &&
		s.EquipmentCheckedAt.Equal(other.EquipmentCheckedAt)
}

// Standing answers for one person at one instant. Evidence may come in any
// order; records that are not this person's, and courses that the policy does
// not name, are passed over. It is a pure function and safe for concurrent use.
func (p *Policy) Standing(person evidence.Person, training []evidence.Training, devices []evidence.Device, at time.Time) Standing {
	c := p.newCase(person, training, devices, at)
	standing := c.standing(at)
	// Only these instants can change anything, but not each of them does: a
	// course may lapse for somebody who has taken it again.
	for _, instant := range c.instants(at) {
		if !c.standing(instant).Equal(standing) {
			standing.ChangesAt = instant
			return standing
		}
	}
	return standing
}

// standing answers for one instant, without looking ahead.
func (c *personCase) standing(at time.Time) Standing {
	inForce := c.inForce(at)
	standing := Standing{
		Training:           c.held(inForce, at),
		EquipmentCheckedAt: c.equipmentCheckedAt(),
	}
	standing.Reasons = c.baseReasons(inForce, at)
	if len(standing.Reasons) == 0 {
		standing.Access, standing.Reasons = c.access(inForce, at)
	}
	standing.Reasons = sortReasons(standing.Reasons)
	standing.Eligible = len(standing.Reasons) == 0
	return standing
}

// baseReasons lists all that is wrong before access is even asked about.
func (c *personCase) baseReasons(inForce []*completion, at time.Time) []Reason {
	var reasons []Reason
	if !c.person.Active {
		reasons = append(reasons, Reason{Kind: NotEmployed})
	}
	reasons = append(reasons, c.courseReasons(c.policy.Everyone, inForce, at)...)
	if len(c.devices) == 0 {
		reasons = append(reasons, Reason{Kind: DeviceMissing})
	}
	for i := range c.devices {
		reasons = c.policy.Devices.judge(reasons, &c.devices[i], at)
	}
	return append(reasons, c.ruleReasons("", inForce, at)...)
}

// access returns what the person gets or, if that is nothing, why. An access
// closed to the person's role is no reason as long as another one is open to it:
// nobody can do anything about a role by taking a course.
func (c *personCase) access(inForce []*completion, at time.Time) ([]Access, []Reason) {
	var granted []Access
	var reasons []Reason
	for _, rule := range c.policy.Access {
		if rule.excludes(c.person.Role) {
			continue
		}
		lacking := append(c.courseReasons(rule.Courses, inForce, at), c.ruleReasons(rule.Access, inForce, at)...)
		if len(lacking) == 0 {
			granted = append(granted, rule.Access)
		}
		reasons = append(reasons, lacking...)
	}
	if len(granted) > 0 {
		return granted, nil
	}
	if len(reasons) == 0 {
		reasons = []Reason{{Kind: RoleExcluded, Subject: c.person.Role}}
	}
	return nil, reasons
}

// courseReasons says which of the courses are not held.
func (c *personCase) courseReasons(codes []string, inForce []*completion, at time.Time) []Reason {
	var reasons []Reason
	for _, code := range codes {
		latest := inForce[c.policy.courseIndex(code)]
		switch {
		case latest == nil:
			reasons = append(reasons, Reason{Kind: TrainingMissing, Subject: code})
		case latest.expired(at):
			reasons = append(reasons, Reason{TrainingExpired, code, latest.until})
		}
	}
	return reasons
}
