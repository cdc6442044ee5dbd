package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var countTests = []test{
	{"people are counted by phase", countStandings},
	{"people without a manager who can be told", countWithoutManager},
	{"messages with which something is left to do, by state", countMessages},
	{"messages that went elsewhere, by why, since an instant", countFallbacks},
	{"open cases", countCases},
}

func countStandings(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	counted := func() store.StandingCount {
		c, err := s.CountStandings(t.Context())
		check(t, err, nil)
		return c
	}
	equal(t, "at first", counted(), store.StandingCount{People: 3, Unjudged: 3, Phases: map[string]int{}})
	phases := map[string]string{"person-000": "good", "person-001": "good", "person-002": ""}
	judge := func(s store.Situation) (store.Judgement, error) {
		return store.Judgement{Record: store.Record{PolicyDigest: "p", Phase: phases[s.Person.ID], Ladder: []byte("{}")}}, nil
	}
	mustImport(t, s, store.Import{People: People(5)})
	request := store.RejudgeRequest{Persons: []string{"person-000", "person-001", "person-002"}, At: now, By: officer, Judge: judge}
	_, err := s.Rejudge(t.Context(), request)
	check(t, err, nil)
	equal(t, "judged", counted(), store.StandingCount{People: 5, Unjudged: 2, Phases: map[string]int{"good": 2, "": 1}})
	phases["person-001"] = "suspended"
	_, err = s.Rejudge(t.Context(), request)
	check(t, err, nil)
	record, err := s.Record(t.Context(), "person-001")
	check(t, err, nil)
	equal(t, "phase", record.Phase, "suspended")
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	equal(t, "erased", counted(), store.StandingCount{People: 4, Unjudged: 2, Phases: map[string]int{"suspended": 1, "": 1}})
}

func countWithoutManager(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	all := People(7)
	for i, manager := range []string{"person-001", "person-001", "", "person-006", "nobody", "person-000", ""} {
		all[i].ManagerID = manager // 1 is their own, 2 has none, 3's left, 4's is unknown
	}
	all[6].Active = false
	mustImport(t, s, store.Import{People: all})
	count := func(what string, want int) {
		got, err := s.CountWithoutManager(t.Context())
		check(t, err, nil)
		equal(t, what, got, want)
	}
	count("without", 4)
	check(t, s.ErasePerson(t.Context(), Erasure("person-001")), nil)
	count("their manager was erased", 4) // one is not there any more, one lost theirs
	all[6].Active = true
	mustImport(t, s, store.Import{People: []evidence.Person{all[6]}})
	count("a manager is back, without one", 4)
}

func countMessages(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	counted := func() map[notify.State]int {
		numbers, err := s.CountMessages(t.Context())
		check(t, err, nil)
		return numbers
	}
	equal(t, "none", counted(), map[notify.State]int{notify.Waiting: 0, notify.HeldBack: 0, notify.Dead: 0})
	for i, state := range []notify.State{notify.Delivered, notify.Dead, notify.HeldBack, notify.Dropped, notify.Dead} {
		check(t, s.Queue(t.Context(), Message("person-000", fmt.Sprint("settled ", i))), nil)
		settle(t, s, notify.Mail, state)
	}
	check(t, s.Queue(t.Context(), Message("person-000", "one"), Message("person-001", "two"), Message("person-002", "three")), nil)
	equal(t, "some", counted(), map[notify.State]int{notify.Waiting: 3, notify.HeldBack: 1, notify.Dead: 2})
}

func countFallbacks(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for i, why := range []notify.Instead{notify.NoManager, "", notify.NoAddress, notify.NoManager, notify.NoManager} {
		m := Message("person-000", string(rune('a'+i)))
		m.Created = now.Add(time.Duration(i) * time.Second)
		check(t, s.Queue(t.Context(), m), nil)
		claimed, err := s.Claim(t.Context(), notify.Mail, now.Add(time.Hour), 1, time.Minute)
		check(t, err, nil)
		check(t, s.Finish(t.Context(), claimed[0].ID, notify.Outcome{State: notify.Delivered, At: now.Add(time.Hour), Instead: why}), nil)
	}
	for since, want := range map[time.Duration]map[notify.Instead]int{
		0:                                {notify.NoManager: 3, notify.NoAddress: 1},
		3 * time.Second:                  {notify.NoManager: 2},
		3*time.Second + time.Microsecond: {notify.NoManager: 1},
		time.Minute:                      {},
	} {
		got, err := s.CountFallbacks(t.Context(), now.Add(since))
		check(t, err, nil)
		equal(t, since.String(), got, want)
	}
}

func countCases(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	count := func(want store.CaseCount) {
		t.Helper()
		got, err := s.CountCases(t.Context())
		check(t, err, nil)
		equal(t, "cases", got, want)
	}
	count(store.CaseCount{})
	for _, id := range []string{"one", "two", "three"} {
		mustOpen(t, s, id, "b", "person-000")
	}
	mustSuspendOn(t, s, "one")
	mustSuspendOn(t, s, "two")
	count(store.CaseCount{Open: 3, Suspending: 2})
	mustClose(t, s, "one", store.Upheld) // somebody stays suspended, and the case is closed
	count(store.CaseCount{Open: 2, Suspending: 1})
}
