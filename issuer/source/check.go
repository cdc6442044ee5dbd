package source

import (
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// Check reports what does not fit together: training and devices of people who
// are not known, devices of nobody, courses that the policy does not know,
// managers who are not known, and people who share an id or an externalId. All
// are notices; nothing is lost, for the missing half may come with a later file.
//
// Position is the place in the slice concerned, counted from 1, and the message
// says which slice; Line is 0. What concerns many records of one person or one
// course is reported once, at the first.
func Check(people []evidence.Person, training []evidence.Training, devices []evidence.Device, knownCourses []string) []Problem {
	known := newDirectory(people)
	problems := known.checkPeople(people)
	problems = append(problems, known.checkTraining(training)...)
	problems = append(problems, checkCourses(training, knownCourses)...)
	return append(problems, known.checkDevices(devices)...)
}

// directory knows how many people go by an id.
type directory struct {
	byID         map[string]int
	byExternalID map[string]int
}

func newDirectory(people []evidence.Person) directory {
	d := directory{map[string]int{}, map[string]int{}}
	for _, person := range people {
		d.byID[person.ID]++
		d.byExternalID[person.ExternalID]++
	}
	return d
}

func (d directory) checkPeople(people []evidence.Person) []Problem {
	var problems []Problem
	for i, person := range people {
		add := func(format string, args ...any) {
			problems = append(problems, Problem{Position: i + 1, ID: person.ID, Message: fmt.Sprintf(format, args...)})
		}
		if count := d.byID[person.ID]; count > 1 {
			add("person: the id stands %d times: keep one", count)
		}
		if count := d.byExternalID[person.ExternalID]; person.ExternalID != "" && count > 1 {
			add("person: externalId %q is given to %d people: correct it, so that training belongs to one of them", person.ExternalID, count)
		}
		if person.ManagerID != "" && d.byID[person.ManagerID] == 0 {
			add("person: nobody has the manager's id %q: import the manager, or correct it", person.ManagerID)
		}
	}
	return problems
}

func (d directory) checkTraining(training []evidence.Training) []Problem {
	orphans := newTally()
	for i, record := range training {
		if d.byExternalID[record.PersonExternalID] == 0 {
			orphans.count(record.PersonExternalID, i, record.Origin.ID)
		}
	}
	return orphans.problems("training: nobody has externalId %q, so that %s: import the person, or correct the account")
}

func checkCourses(training []evidence.Training, knownCourses []string) []Problem {
	known := map[string]bool{}
	for _, code := range knownCourses {
		known[code] = true
	}
	unknown := newTally()
	for i, record := range training {
		if !known[record.Course] {
			unknown.count(record.Course, i, record.Origin.ID)
		}
	}
	return unknown.problems("training: the policy does not know course %q, so that %s: add the course to the policy, or correct its code")
}

func (d directory) checkDevices(devices []evidence.Device) []Problem {
	var problems []Problem
	for i, device := range devices {
		var message string
		switch {
		case device.PersonID == "":
			message = "device: it belongs to nobody: assign it, or retire it"
		case d.byID[device.PersonID] == 0:
			message = fmt.Sprintf("device: nobody has the user's id %q: import the person, or assign the device", device.PersonID)
		default:
			continue
		}
		problems = append(problems, Problem{Position: i + 1, ID: device.Origin.ID, Message: message})
	}
	return problems
}

// tally counts records by what they have in common, in the order of first sight.
type tally struct {
	order []string
	first map[string]Problem
	times map[string]int
}

func newTally() *tally {
	return &tally{first: map[string]Problem{}, times: map[string]int{}}
}

func (t *tally) count(subject string, index int, id string) {
	if t.times[subject] == 0 {
		t.order = append(t.order, subject)
		t.first[subject] = Problem{Position: index + 1, ID: id}
	}
	t.times[subject]++
}

// problems formats one notice for each subject: the format takes the subject and
// how many records do not count.
func (t *tally) problems(format string) []Problem {
	var problems []Problem
	for _, subject := range t.order {
		problem := t.first[subject]
		problem.Message = fmt.Sprintf(format, subject, uncounted(t.times[subject]))
		problems = append(problems, problem)
	}
	return problems
}

func uncounted(records int) string {
	if records == 1 {
		return "1 record does not count"
	}
	return fmt.Sprintf("%d records do not count", records)
}
