package issuer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// seenWithin is how long the reference policy takes a device's silence.
const seenWithin = 7 * day

// reportAll has the devices of these people report, now.
func (p program) reportAll(t testing.TB, people []issuer.Standing) {
	t.Helper()
	var reports []evidence.Device
	for _, s := range people {
		_, devices, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range devices {
			d.LastSeen = p.Now()
			reports = append(reports, d)
		}
	}
	p.receive(t, store.Import{Devices: reports})
}

// silent is a program in which so many people's devices fall silent together, at the
// instant that is returned, and everybody else's a day later.
func silent(t *testing.T, many int) (p program, people []issuer.Standing, at time.Time) {
	t.Helper()
	p = start(t, leaveFew)
	all := p.eligible(t)
	p.reportAll(t, all)
	at = p.Now().Add(seenWithin)
	p.Move(day)
	p.reportAll(t, all[many:])
	// What else is due before is done.
	for next := p.Now(); next.Before(at); {
		p.advanceTo(t, next)
		due, err := p.NextDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		next = due
	}
	for _, s := range all[:many] {
		if p.phase(t, s) != ladder.Good {
			t.Fatalf("%s is %s before it is silent", s.Person.ID, p.phase(t, s))
		}
	}
	return p, all[:many], at
}

func (p program) phase(t testing.TB, s issuer.Standing) ladder.Phase {
	t.Helper()
	_, progress, err := p.Record(t.Context(), s.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	return progress.Phase
}

func (p program) phases(t testing.TB, people []issuer.Standing) map[ladder.Phase]int {
	t.Helper()
	count := make(map[ladder.Phase]int)
	for _, s := range people {
		count[p.phase(t, s)]++
	}
	return count
}

// lettersOf counts the messages of a kind: those about these people or, without any,
// those about nobody.
func (p program) lettersOf(t testing.TB, kind notify.Kind, people ...issuer.Standing) (count int) {
	t.Helper()
	page, err := p.Messages(t.Context(), store.MessageQuery{Limit: store.MaxPage})
	if err != nil || len(page) == store.MaxPage {
		t.Fatal(len(page), err)
	}
	for _, m := range page {
		about := slices.ContainsFunc(people, func(s issuer.Standing) bool { return s.Person.ID == m.Person })
		if m.Kind == kind && (about || len(people) == 0 && m.Person == "") {
			count++
		}
	}
	return count
}

func TestAdvance_AfterAStopAFewAreSuspendedForTheirSilence(t *testing.T) {
	t.Parallel()
	p, people, at := silent(t, few)
	p.advanceTo(t, at.Add(2*time.Hour))
	want(t, "phases", p.phases(t, people), map[ladder.Phase]int{ladder.Suspended: few})
	want(t, "the office is told", p.lettersOf(t, notify.Silence), 0)
}

func TestAdvance_AfterAStopNobodyIsSuspendedForTheSilenceOfMany(t *testing.T) {
	t.Parallel()
	const many = few + 1
	p, people, at := silent(t, many)
	p.advanceTo(t, at.Add(2*time.Hour))
	want(t, "phases", p.phases(t, people), map[ladder.Phase]int{ladder.Good: many})
	want(t, "told", []int{p.lettersOf(t, notify.Lapse, people...), p.lettersOf(t, notify.Silence)}, "[0 1]")
	// Silence is no compliance: there is no badge.
	if _, err := p.issue(t.Context(), people[0].Person.ID); !errors.As(err, new(*issuer.NotEligibleError)) {
		t.Errorf("a badge: %v", err)
	}

	// It goes on so, however often one looks; the office hears of it once a day.
	for hours := range 30 {
		p.advanceTo(t, at.Add(time.Duration(hours+3)*time.Hour))
	}
	want(t, "phases a day later", p.phases(t, people), map[ladder.Phase]int{ladder.Good: many})
	if n := p.lettersOf(t, notify.Silence); n != 2 && n != 3 {
		t.Errorf("the office was told %d times in 32 hours", n)
	}
	p.reportAll(t, people[:1])
	p.mustIssue(t, people[0].Person.ID)

	// An officer who knows better has the others suspended, and their grace begins.
	if _, err := p.ConfirmSilence(t.Context(), "officer:ada"); err != nil {
		t.Fatal(err)
	}
	want(t, "confirmed", p.phases(t, people), map[ladder.Phase]int{ladder.Good: 1, ladder.Suspended: many - 1})
	want(t, "told then", p.lettersOf(t, notify.Lapse, people...), 2*(many-1))
	_, progress, err := p.Record(t.Context(), people[1].Person.ID)
	if err != nil || progress.Silent || !progress.LockAt.Equal(p.Now().Add(7*day)) {
		t.Errorf("%+v %v", progress, err)
	}
	if again, err := p.ConfirmSilence(t.Context(), "officer:ada"); err != nil || again != (issuer.Advanced{}) {
		t.Errorf("confirmed again: %+v %v", again, err)
	}
}

// Who works off what is due on time suspends everybody on time: that is the policy.
func TestAdvance_OnTimeEverySilenceCounts(t *testing.T) {
	t.Parallel()
	for late, want := range map[time.Duration]ladder.Phase{
		0:                            ladder.Suspended,
		time.Hour:                    ladder.Suspended,
		time.Hour + time.Microsecond: ladder.Good,
	} {
		p, people, at := silent(t, few+1)
		p.advanceTo(t, at.Add(late))
		for _, s := range people {
			if got := p.phase(t, s); got != want {
				t.Errorf("%s late: %s, want %s", late, got, want)
			}
		}
	}
}

// Whoever has another fault than silence is suspended, in a mass silence or not.
func TestAdvance_AfterAStopOtherFaultsCount(t *testing.T) {
	t.Parallel()
	p, people, at := silent(t, few+1)
	p.advanceTo(t, at.Add(2*time.Hour))
	training, _, err := p.store.EvidenceOf(t.Context(), people[0].Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	var voided []evidence.Origin
	for _, r := range training {
		voided = append(voided, r.Origin)
	}
	p.receive(t, store.Import{WithdrawnTraining: voided})
	want(t, "without training", p.phase(t, people[0]), ladder.Suspended)
	want(t, "the others", p.phases(t, people[1:]), map[ladder.Phase]int{ladder.Good: few})
}

func TestAdvance_ALockOutThatWasMissedIsPutOffByADay(t *testing.T) {
	t.Parallel()
	for late, want := range map[time.Duration]ladder.Phase{
		time.Hour:                    ladder.Locked,
		time.Hour + time.Microsecond: ladder.Suspended,
		30 * day:                     ladder.Suspended,
	} {
		p := start(t, telling)
		s, device := p.skilled(t)
		p.report(t, device, "noncompliant")
		p.advanceTo(t, p.Now().Add(7*day+late))
		if got := p.phase(t, s); got != want {
			t.Errorf("%s late: %s, want %s", late, got, want)
		}
		if want == ladder.Locked {
			continue
		}
		missed := p.Now()
		p.advanceTo(t, missed.Add(day-time.Microsecond))
		if got := p.phase(t, s); got != ladder.Suspended {
			t.Errorf("before the day is over: %s", got)
		}
		// It is put off once: who is late again locks all the same.
		p.advanceTo(t, missed.Add(day+late))
		if got := p.phase(t, s); got != ladder.Locked {
			t.Errorf("a day later: %s", got)
		}
	}
}

// After a stop the sources answer one after the other. Nobody is suspended because of
// what the second one mends.
func TestCatchUp_LeavesToTheSchedulerWhatPassedUnseen(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, first := p.skilled(t)
	second := first
	second.Origin.Source = "fleet"
	p.report(t, second, "compliant")
	after := int64(0)
	p.told(t, s.Person.ID, &after)
	p.Move(8 * day)

	done := p.CatchUp()
	p.report(t, first, "compliant")
	want(t, "one source answered", p.phase(t, s), ladder.Good)
	p.report(t, second, "compliant")
	done()
	p.advance(t)
	want(t, "both did", p.phase(t, s), ladder.Good)
	want(t, "told of suspensions", slices.ContainsFunc(p.told(t, s.Person.ID, &after), func(told string) bool { return told != "reminder person" && told != "reminder manager" }), false)

	// What a source says is wrong counts at once.
	p.Move(8 * day)
	done = p.CatchUp()
	p.report(t, first, "noncompliant")
	want(t, "a report that it does not comply", p.phase(t, s), ladder.Suspended)
	done()
}

func TestCatchUp_WhatNobodyMendsIsDoneByTheScheduler(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, first := p.skilled(t)
	second := first
	second.Origin.Source = "fleet"
	p.report(t, second, "compliant")
	p.Move(8 * day)
	done := p.CatchUp()
	p.reportAll(t, slices.DeleteFunc(p.standings(t), func(other issuer.Standing) bool { return other.Person.ID == s.Person.ID }))
	p.report(t, first, "compliant")
	done()
	p.advanceTo(t, p.Now().Add(time.Minute))
	want(t, "the second device is silent", p.phase(t, s), ladder.Suspended)
}

func TestImport_TheFirstTellsOfNothingThatIsPast(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	page, err := p.Messages(t.Context(), store.MessageQuery{Limit: store.MaxPage})
	if err != nil || len(page) == 0 {
		t.Fatal(len(page), err)
	}
	for _, m := range page {
		body, err := m.Read()
		if err != nil || m.Kind != notify.Reminder || !body.At.After(p.Now()) {
			t.Errorf("%s to %s about %s: %v", m.Kind, m.Person, body.At, err)
		}
	}
	refused := 0
	for _, s := range p.standings(t) {
		if !s.Eligible && s.Person.Active {
			refused++
			if phase := p.phase(t, s); phase != ladder.New {
				t.Errorf("%s, who was never in good standing, is %s", s.Person.ID, phase)
			}
		}
	}
	if refused == 0 {
		t.Error("everybody is in good standing: this shows nothing")
	}
}

func TestReceive_InADryRunNoLetterThreatens(t *testing.T) {
	t.Parallel()
	for dryRun, locks := range map[bool]bool{true: false, false: true} {
		p := start(t, func(c *issuer.Config) {
			telling(c)
			c.LockOutDryRun = dryRun
		})
		s, device := p.skilled(t)
		p.report(t, device, "noncompliant")
		p.advanceTo(t, p.Now().Add(7*day))
		lapses, orders := 0, 0
		page, err := p.Messages(t.Context(), store.MessageQuery{Person: s.Person.ID, Limit: store.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			body, err := m.Read()
			if err != nil {
				t.Fatal(err)
			}
			switch m.Kind {
			case notify.Lapse:
				lapses++
				if locks == body.LockAt.IsZero() {
					t.Errorf("dry run %v: the letter speaks of a lock-out at %s", dryRun, body.LockAt)
				}
			case notify.Lock:
				orders++ // the carrier says what it would do
			}
		}
		want(t, "letters and orders", []int{lapses, orders}, "[2 1]")
	}
}

func TestRecipient_IsToldOfTheKindsThatItTakes(t *testing.T) {
	t.Parallel()
	room := issuer.Recipient{Channel: notify.Teams, To: notify.ToOffice, Kinds: []notify.Kind{notify.Lapse, notify.Leavers, notify.Concern}}
	p := start(t, func(c *issuer.Config) {
		leaveFew(c)
		c.Tell = append(c.Tell, room)
	})
	_, device := p.skilled(t)
	p.report(t, device, "noncompliant")
	p.report(t, device, "compliant")
	people, _ := badged(t, p, few+1)
	if _, err := p.OpenCase(t.Context(), p.concern(t, p.mustIssue(t, people[0].ID))); err != nil {
		t.Fatal(err)
	}
	p.turn(t, false, people...)
	got := make(map[notify.Channel][]notify.Kind)
	page, err := p.Messages(t.Context(), store.MessageQuery{Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page {
		if !slices.Contains(got[m.Channel], m.Kind) {
			got[m.Channel] = append(got[m.Channel], m.Kind)
		}
	}
	want(t, "the room", got[notify.Teams], "[lapse case leavers]")
	want(t, "mail", got[notify.Mail], "[reminder lapse restored case leavers]")
}

func TestNew_RefusesRecipientsOfWhatNoMessageIs(t *testing.T) {
	t.Parallel()
	for wanted, tell := range map[string]issuer.Recipient{
		`takes the kind "lock", which no message has`:                      {Channel: notify.Mail, To: notify.ToPerson, Kinds: []notify.Kind{notify.Lapse, notify.Lock}},
		"devices are to be locked and nobody is told of a lapse: set Tell": {Channel: notify.Mail, To: notify.ToPerson, Kinds: []notify.Kind{notify.Reminder}},
	} {
		config, _ := configure(t, sqlite.Config{})
		config.LockOut, config.Tell = true, []issuer.Recipient{tell}
		if _, err := issuer.New(config); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("got %v, want %q", err, wanted)
		}
	}
}
