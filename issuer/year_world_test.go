package issuer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const day = 24 * time.Hour

// yearDays is how long the program is watched.
const yearDays = 400

// yearStart is not on the hour: nothing may depend on it.
var yearStart = time.Date(2026, 11, 23, 8, 17, 23, 0, time.UTC)

// The process is down for a week, and is told everything at once when it is back.
var (
	downFrom = yearStart.Add(211*day + 5*time.Hour)
	downTo   = downFrom.Add(7*day + 3*time.Hour)
)

func down(at time.Time) bool { return at.After(downFrom) && at.Before(downTo) }

// hourOf is the instant of an hour of the year.
func hourOf(n int) time.Time { return yearStart.Add(time.Duration(n) * time.Hour) }

// occurrence is what other systems and officers do at one instant.
type occurrence struct {
	at time.Time
	store.Import
	holds  []exception
	unhold []string // people whose holds end before their time
}

type exception struct {
	person string
	until  time.Time
}

// world makes up what happens to the people of the sample in a year.
type world struct {
	*rand.Rand
	now     int // hour
	people  []*fate
	devices []*machine
	made    int // records so far
	happens map[int]*occurrence
}

// fate is one person's year.
type fate struct {
	evidence.Person
	comes     int // hour in which the person is first heard of
	returns   int // hour, 0 for never
	unholdAt  int
	training  map[string]evidence.Training // the latest by course
	renewalAt map[string]int
}

// machine is a device, and when it reports again; 0 for never.
type machine struct {
	evidence.Device
	reportAt int
}

// newWorld makes a year up for so many people of the sample; one seed, one year.
func newWorld(people int, seed uint64) ([]occurrence, error) {
	records, err := readSample()
	if err != nil {
		return nil, err
	}
	w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), happens: make(map[int]*occurrence)}
	w.settle(records, people)
	for ; w.now < yearDays*24; w.now++ {
		for _, f := range w.people {
			w.live(f)
		}
		for _, m := range slices.Clone(w.devices) {
			w.report(m)
		}
	}
	var year []occurrence
	for hour := range yearDays * 24 {
		if o := w.happens[hour]; o != nil {
			o.at, o.By = hourOf(hour), "a source"
			year = append(year, *o)
		}
	}
	return year, nil
}

// back moves an instant of the sample to a full hour of the year, not after it.
func back(at time.Time) time.Time {
	hours := (yearStart.Sub(at) + time.Hour - 1) / time.Hour
	return yearStart.Add(-hours * time.Hour)
}

// settle takes people and what is known of them from the sample.
func (w *world) settle(im store.Import, people int) {
	byExternal := make(map[string]*fate)
	for i := range people {
		p := im.People[i*len(im.People)/people]
		p.Modified = time.Time{}
		f := &fate{Person: p, training: make(map[string]evidence.Training), renewalAt: make(map[string]int)}
		if i%9 == 4 { // comes later, as somebody new
			f.comes = 24 * (5 + w.IntN(300))
		}
		w.people = append(w.people, f)
		byExternal[p.ExternalID] = f
	}
	for _, r := range im.Training {
		r.At, r.Received = back(r.At), time.Time{}
		if f := byExternal[r.PersonExternalID]; f != nil && r.Outcome != evidence.Failed {
			f.training[r.Course] = r
			w.happening(f.comes).Training = append(w.happening(f.comes).Training, r)
			w.planRenewal(f, r)
		}
	}
	for _, d := range im.Devices {
		d.LastSeen = back(d.LastSeen)
		for _, f := range w.people {
			if f.ID == d.PersonID {
				m := &machine{Device: d, reportAt: f.comes + 3*(1+w.IntN(13))}
				w.devices = append(w.devices, m)
				w.happening(f.comes).Devices = append(w.happening(f.comes).Devices, d)
			}
		}
	}
	for _, f := range w.people {
		w.tell(f, f.comes)
	}
}

func (w *world) happening(hour int) *occurrence {
	if w.happens[hour] == nil {
		w.happens[hour] = &occurrence{}
	}
	return w.happens[hour]
}

func (w *world) tell(f *fate, hour int) {
	o := w.happening(hour)
	o.People = append(o.People, f.Person)
}

// chance is true once in so many days, in one hour of them.
func (w *world) chance(days int) bool { return w.IntN(days*24) == 0 }

var courses = map[string]time.Duration{"CB-101": 365 * day, "CB-102": 365 * day, "CB-201": 180 * day}

// planRenewal has most courses renewed in time, some too late, and few never.
func (w *world) planRenewal(f *fate, r evidence.Training) {
	validity, known := courses[r.Course]
	if !known || w.IntN(10) == 0 {
		return
	}
	in := r.At.Add(validity).Sub(yearStart)/time.Hour + time.Duration((w.IntN(60)-45)*24+w.IntN(24))
	f.renewalAt[r.Course] = max(int(in), w.now+1, f.comes+1)
}

func (w *world) live(f *fate) {
	if w.now <= f.comes {
		return
	}
	for _, course := range []string{"CB-101", "CB-102", "CB-201"} {
		if f.renewalAt[course] == w.now || f.renewalAt[course] == 0 && w.chance(150) {
			w.pass(f, course)
		}
	}
	switch {
	case f.Active && w.chance(500):
		f.Active = false
		if w.IntN(3) > 0 {
			f.returns = w.now + 24*(10+w.IntN(50))
		}
		w.tell(f, w.now)
	case !f.Active && f.returns == w.now:
		f.Active = true
		w.tell(f, w.now)
	case w.chance(250):
		f.ManagerID = []string{"", "somebody unknown", w.people[w.IntN(len(w.people))].ID, f.ID}[w.IntN(4)]
		w.tell(f, w.now)
	case w.chance(400):
		f.Role = []string{"technician", "remote-support"}[w.IntN(2)]
		w.tell(f, w.now)
	case w.chance(200) && !down(hourOf(w.now)): // no officer can, meanwhile
		o := w.happening(w.now)
		o.holds = append(o.holds, exception{f.ID, hourOf(w.now + 24*(2+w.IntN(25)) + w.IntN(24))})
		if w.IntN(3) == 0 {
			f.unholdAt = w.now + 1 + w.IntN(10*24)
		}
	case f.unholdAt == w.now && !down(hourOf(w.now)):
		o := w.happening(w.now)
		o.unhold = append(o.unhold, f.ID)
	case w.chance(900):
		if r, ok := f.training["CB-102"]; ok { // the statement is voided
			o := w.happening(w.now)
			o.WithdrawnTraining = append(o.WithdrawnTraining, r.Origin)
			delete(f.training, "CB-102")
		}
	case w.chance(300):
		w.newDevice(f)
	}
}

// pass is a course passed; now and then it is stamped ahead, or a failure.
func (w *world) pass(f *fate, course string) {
	w.made++
	r := evidence.Training{
		Origin: evidence.Origin{Source: "xapi", ID: fmt.Sprint("made up ", w.made)}, PersonExternalID: f.ExternalID,
		Course: course, Outcome: evidence.Passed, At: hourOf(w.now - w.IntN(3)),
	}
	switch w.IntN(10) {
	case 0:
		r.At = hourOf(w.now + 1 + w.IntN(5))
	case 1:
		r.Outcome = evidence.Failed
	}
	o := w.happening(w.now)
	o.Training = append(o.Training, r)
	if r.Outcome == evidence.Failed {
		f.renewalAt[course] = w.now + 24
		return
	}
	f.training[course] = r
	delete(f.renewalAt, course)
	w.planRenewal(f, r)
}

// newDevice replaces one or adds one, or takes somebody else's.
func (w *world) newDevice(f *fate) {
	own := slices.IndexFunc(w.devices, func(m *machine) bool { return m.PersonID == f.ID })
	switch {
	case own >= 0 && w.IntN(3) == 0: // it goes to somebody else
		m := w.devices[own]
		m.PersonID, m.reportAt = w.people[w.IntN(len(w.people))].ID, w.now
	case own >= 0 && w.IntN(2) == 0: // it is withdrawn
		m := w.devices[own]
		m.reportAt = 0
		o := w.happening(w.now)
		o.WithdrawnDevices = append(o.WithdrawnDevices, m.Origin)
		w.devices = slices.DeleteFunc(w.devices, func(other *machine) bool { return other == m })
		fallthrough
	default:
		w.made++
		w.devices = append(w.devices, &machine{reportAt: w.now, Device: evidence.Device{
			Origin: evidence.Origin{Source: "graph", ID: fmt.Sprint("made-up-", w.made)}, PersonID: f.ID, Name: "NEW",
			OS: "Windows", OSVersion: "10.0.22631.4429", Compliance: "compliant", Encrypted: true,
		}})
	}
}

// report has a device report: often, after a holiday, or as not compliant.
func (w *world) report(m *machine) {
	if m.reportAt != w.now || m.reportAt == 0 {
		return
	}
	m.LastSeen = hourOf(w.now)
	if m.Compliance == "compliant" && w.IntN(50) == 0 {
		m.Compliance = "noncompliant"
	} else if w.IntN(2) == 0 {
		m.Compliance, m.Encrypted = "compliant", true
		m.OS, m.OSVersion = "Windows", "10.0.22631.4429"
	}
	o := w.happening(w.now)
	o.Devices = append(o.Devices, m.Device)
	m.reportAt = w.now + 24 + 3*w.IntN(33)
	if w.IntN(40) == 0 {
		m.reportAt = w.now + 24*(6+w.IntN(20))
	}
}
