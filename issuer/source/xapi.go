package source

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// Training reads xAPI statements as a record store answers a query: an object
// with the array "statements". An attempt belongs to the person whose externalId
// is the name of the actor's account; its course is the last segment of the
// object's path. "completed" with result.success false counts as failed. Other
// verbs are skipped. A voiding statement takes out the one that it names,
// wherever that stands in the file, and is listed in Removed.
func Training(r io.Reader, config Config) (Result[evidence.Training], error) {
	if err := config.validate(); err != nil {
		return Result[evidence.Training]{}, fmt.Errorf("source: training: %w", err)
	}
	t := newTrainingPages(config)
	page, err := t.Read(r)
	if err != nil {
		return Result[evidence.Training]{}, err
	}
	if page.Next != "" {
		t.file("the record store has more statements: import the other pages, too")
	}
	return t.Result(), nil
}

// sameTraining leaves aside when the store received a statement: a store that
// passes it on again may stamp it anew.
func sameTraining(a, b evidence.Training) bool {
	a.Received = b.Received
	return a == b
}

type trainingReader struct {
	Config
	*gathering[evidence.Training]
	homePages map[string]bool
	voiding   map[string]bool // ids of voiding statements
	voids     []void

	stored   time.Time     // of the statement that was stored last
	disorder time.Duration // the most by which one stands behind another that was stored later
}

func newTrainingReader(config Config) *trainingReader {
	return &trainingReader{
		Config:    config,
		gathering: newGathering(sameTraining),
		homePages: map[string]bool{},
		voiding:   map[string]bool{},
	}
}

// Result returns what was read; nothing may be read after it.
func (t *trainingReader) Result() Result[evidence.Training] {
	if len(t.homePages) > 1 {
		t.file(fmt.Sprintf(
			"the accounts have %d different home pages, so that one name may mean two people: configure the home page of yours", len(t.homePages)))
	}
	return t.finish(t.Source, t.void())
}

// Stored returns when the record store received the last of a query's statements,
// whatever their verbs, and the most by which one of them stood behind another
// that was stored later: none if the answers were in order.
func (t *trainingReader) Stored() (last time.Time, disorder time.Duration) {
	return t.stored, t.disorder
}

func (t *trainingReader) noteStored(s *statement) {
	var f fields // whoever needs the time complains about it
	stored := f.instant("stored", s.Stored)
	switch {
	case stored.IsZero():
	case stored.After(t.stored):
		t.stored = stored
	default:
		t.disorder = max(t.disorder, t.stored.Sub(stored))
	}
}

// void is a voiding statement and the id that it names.
type void struct {
	from   record
	id     string
	target string
}

func (t *trainingReader) take(from record) {
	var s statement
	var f fields
	if !f.decode(from.raw, &s) {
		t.note(from, s.ID, &f)
		return
	}
	t.noteStored(&s)
	// A UUID is the same in any capitals (RFC 9562 4).
	id := strings.ToLower(f.required("id", s.ID))
	switch s.Verb.ID {
	case verbPassed, verbCompleted, verbFailed:
		t.takeAttempt(from, id, &s, &f)
	case verbVoided:
		t.takeVoid(from, id, &s, &f)
	case "":
		f.refuse("verb.id is missing: send it")
		t.note(from, s.ID, &f)
	default:
		t.result.Skipped++
	}
}

func (t *trainingReader) takeAttempt(from record, id string, s *statement, f *fields) {
	training := s.training(f)
	training.Origin = evidence.Origin{Source: t.Source, ID: id}
	if t.HomePage != "" && s.Actor.Account.HomePage != t.HomePage {
		f.refuse("actor.account.homePage is %q, but people are known by their accounts at %q: correct one of them",
			clip(s.Actor.Account.HomePage, MaxTextLength), t.HomePage)
	}
	if !t.note(from, s.ID, f) {
		return
	}
	t.homePages[s.Actor.Account.HomePage] = true
	t.add(from, id, training)
}

func (t *trainingReader) takeVoid(from record, id string, s *statement, f *fields) {
	if s.Object.ObjectType != "StatementRef" {
		f.refuse("object.objectType is %q: a voiding statement names another one by \"StatementRef\"", clip(s.Object.ObjectType, MaxTextLength))
	}
	target := strings.ToLower(f.required("object.id", s.Object.ID))
	if !t.note(from, s.ID, f) {
		return
	}
	t.result.Skipped++
	t.voiding[id] = true
	t.voids = append(t.voids, void{from, id, target})
}

// void takes out what has been voided and returns its ids. What voids cannot be
// voided itself (xAPI 1.0.3, Data 2.3.2).
func (t *trainingReader) void() []string {
	var removed []string
	for _, v := range t.voids {
		if t.voiding[v.target] {
			t.problem(v.from, v.id, false, "it voids a voiding statement, which has no effect: send the voided statement again under a new id")
			continue
		}
		t.remove(v.target)
		removed = append(removed, v.target)
	}
	return removed
}
