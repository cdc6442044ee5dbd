package policy

import (
	"time"

	"cel.dev/cel-go/cel"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// What expressions see. The names after cel are the fields' names in a policy
// file. Nothing in here changes but at the instants that [personCase.instants]
// lists: that is why there is no "now".
type (
	factPerson struct {
		ID           string `cel:"id"`
		ExternalID   string `cel:"external_id"`
		Role         string `cel:"role"`
		Organization string `cel:"organization"`
		Department   string `cel:"department"`
		Language     string `cel:"language"`
	}
	factTraining struct {
		Course string    `cel:"course"`
		At     time.Time `cel:"at"`
		Until  time.Time `cel:"until"`
		Valid  bool      `cel:"valid"`
	}
	factDevice struct {
		ID         string    `cel:"id"`
		OS         string    `cel:"os"`
		OSVersion  string    `cel:"os_version"`
		Compliance string    `cel:"compliance"`
		Encrypted  bool      `cel:"encrypted"`
		LastSeen   time.Time `cel:"last_seen"`
		Fresh      bool      `cel:"fresh"`
	}
)

// facts are one person's at one instant, each made when it is first asked for.
// It is for one goroutine.
type facts struct {
	c       *personCase
	inForce []*completion
	at      time.Time

	person   *factPerson
	training []factTraining
	devices  []factDevice
}

// Parent implements cel.Activation.
func (f *facts) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (f *facts) ResolveName(name string) (any, bool) {
	switch name {
	case "person":
		if f.person == nil {
			f.person = personFacts(f.c.person)
		}
		return f.person, true
	case "training":
		if f.training == nil {
			f.training = trainingFacts(f.c.policy, f.inForce, f.at)
		}
		return f.training, true
	case "devices":
		if f.devices == nil {
			f.devices = deviceFacts(&f.c.policy.Devices, f.c.devices, f.at)
		}
		return f.devices, true
	}
	return nil, false
}

func personFacts(p evidence.Person) *factPerson {
	return &factPerson{p.ID, p.ExternalID, p.Role, p.Organization, p.Department, p.Language}
}

func trainingFacts(p *Policy, inForce []*completion, at time.Time) []factTraining {
	training := make([]factTraining, 0, len(inForce))
	for _, latest := range inForce {
		if latest != nil {
			training = append(training, factTraining{p.Courses[latest.course].Code, latest.at, latest.until, !latest.expired(at)})
		}
	}
	return training
}

func deviceFacts(rules *DeviceRules, list []evidence.Device, at time.Time) []factDevice {
	devices := make([]factDevice, len(list))
	for i := range list {
		d := &list[i]
		from, until := rules.seenSpan(d)
		devices[i] = factDevice{
			ID: d.Origin.ID, OS: d.OS, OSVersion: d.OSVersion, Compliance: string(d.Compliance), Encrypted: d.Encrypted,
			LastSeen: d.LastSeen.UTC(), Fresh: !at.Before(from) && at.Before(until),
		}
	}
	return devices
}
