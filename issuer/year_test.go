package issuer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// year is a program that lives through a year, with a clock that jumps from each
// instant at which something happens or is due to the next.
type year struct {
	*issuer.Program
	clocktest.Clock
	store   *sqlite.Store
	courier *notify.Courier
	post    *post
	ahead   []occurrence
}

// openYear opens the database in a folder, new or left by an earlier process.
func openYear(folder string, ahead []occurrence, from time.Time) (*year, error) {
	y := &year{ahead: ahead, post: &post{taken: make(map[string]int)}}
	y.Set(from)
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(folder, "store.db"), Create: true, ListSize: 4096, Now: y.Now})
	if err != nil {
		return nil, err
	}
	y.store = s
	y.Program, err = issuer.New(issuer.Config{
		URL: credentialtest.IssuerURL, Store: s, Policy: policy.Default(),
		BadgeKey: credentialtest.IssuerKey, ListKey: credentialtest.ListKey, SubjectKey: make([]byte, issuer.MinSubjectKey),
		Tell:    []issuer.Recipient{{Channel: notify.Mail, To: notify.ToPerson}, {Channel: notify.Mail, To: notify.ToManager}},
		LockOut: true, Now: y.Now,
	})
	if err != nil {
		return nil, err
	}
	y.post.now = y.Now
	y.courier, err = notify.New(notify.Config{
		Outbox: y.Outbox(), Directory: y.Directory(), Fallback: notify.Party{Email: "office@vendor.example"}, Now: y.Now,
		Carriers: map[notify.Channel]notify.Carrier{notify.Mail: y.post, notify.LockOut: y.post},
	})
	return y, err
}

// post is where everything is delivered to.
type post struct {
	now   func() time.Time
	mu    sync.Mutex
	taken map[string]int
}

// Carry implements notify.Carrier.
func (p *post) Carry(_ context.Context, d notify.Delivery) (notify.Receipt, error) {
	what := ""
	switch m := d.Message; {
	case m.Kind == notify.Lock || m.Kind == notify.Unlock:
		what = fmt.Sprintf("%s %s of %s", m.Kind, d.Body.Device.ID, m.Person)
	case m.Kind == notify.Lapse:
		what = fmt.Sprintf("mail %s %s %s", m.Person, m.Kind, m.To)
	default:
		what = fmt.Sprintf("mail %s %s %s about %s", m.Person, m.Kind, m.To, d.Body.At.UTC().Format(time.DateTime))
	}
	if d.Message.To == notify.ToManager {
		what += fmt.Sprintf(" instead %q", d.Instead)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken[line(p.now(), "%s", what)]++
	return notify.Receipt{}, nil
}

// next returns the next instant of the year at which there is anything to do.
func (y *year) next(ctx context.Context) (time.Time, error) {
	passed := y.Now().Sub(yearStart)
	next := yearStart.Add((passed/day + 1) * day) // the next morning
	if len(y.ahead) > 0 && y.ahead[0].at.Before(next) {
		next = y.ahead[0].at
	}
	due, err := y.NextDue(ctx)
	if err != nil {
		return next, err
	}
	if !due.IsZero() && due.Before(next) {
		next = due
	}
	if down(next) {
		next = downTo
	}
	return next, nil
}

// live does all that happens at one instant.
func (y *year) live(ctx context.Context, now time.Time) error {
	y.Set(now)
	if err := y.hear(ctx, now); err != nil {
		return err
	}
	if _, err := y.Advance(ctx); err != nil {
		return err
	}
	if now.Sub(yearStart)%day == 0 {
		if err := y.fetchBadges(ctx, now); err != nil {
			return err
		}
	}
	_, err := y.courier.Drain(ctx)
	return err
}

// hear takes in what was sent by now, all at once.
func (y *year) hear(ctx context.Context, now time.Time) error {
	all := store.Import{By: "a source"}
	var holds []exception
	var unhold []string
	for len(y.ahead) > 0 && !y.ahead[0].at.After(now) {
		o := y.ahead[0]
		y.ahead = y.ahead[1:]
		all.People = append(all.People, o.People...)
		all.Training = append(all.Training, o.Training...)
		all.Devices = append(all.Devices, o.Devices...)
		all.WithdrawnTraining = append(all.WithdrawnTraining, o.WithdrawnTraining...)
		all.WithdrawnDevices = append(all.WithdrawnDevices, o.WithdrawnDevices...)
		holds, unhold = append(holds, o.holds...), append(unhold, o.unhold...)
	}
	// Nobody is suspended and restored because one of them was heard of first.
	for _, h := range holds {
		if err := y.hold(ctx, h, now); err != nil {
			return err
		}
	}
	if _, err := y.Receive(ctx, all); err != nil {
		return err
	}
	for _, person := range unhold {
		made, err := y.HoldsOf(ctx, person)
		if err != nil {
			return err
		}
		for _, h := range made {
			if h.Lasts(now) {
				if _, err := y.EndHold(ctx, h.ID, "an officer"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// hold makes an exception, unless that was done before the process was killed.
func (y *year) hold(ctx context.Context, h exception, now time.Time) error {
	made, err := y.HoldsOf(ctx, h.person)
	if err != nil || slices.ContainsFunc(made, func(m store.Hold) bool { return m.At.Equal(now) && m.Until.Equal(h.until) }) {
		return err
	}
	_, err = y.AddHold(ctx, h.person, "at a customer's", h.until, "an officer")
	return err
}

// fetchBadges is what phones do every morning: whoever may have a badge has one.
func (y *year) fetchBadges(ctx context.Context, now time.Time) error {
	type fetching struct {
		person string
		access []string
	}
	var all []fetching
	if err := y.Standings(ctx, now, func(s issuer.Standing) error {
		if s.Eligible {
			f := fetching{person: s.Person.ID}
			for _, a := range s.Access {
				f.access = append(f.access, string(a))
			}
			all = append(all, f)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, f := range all {
		live, err := y.store.BadgesOf(ctx, f.person, now)
		if err != nil {
			return err
		}
		if len(live) > 0 {
			continue
		}
		if _, err := y.store.ReserveBadge(ctx, store.Reservation{
			ID: badgeID(f.person, now), PersonID: f.person, HolderKeyThumbprint: "a phone", Type: "a badge", Access: f.access,
			IssuedAt: now, ExpiresAt: now.Add(2 * yearDays * day), By: "a phone", StandingAt: now,
		}); err != nil {
			return err
		}
	}
	return nil
}

// happened returns what was recorded and delivered, in the model's words.
func (y *year) happened(t *testing.T) map[string]int {
	t.Helper()
	got := y.post.taken
	for after := int64(0); ; {
		page, err := y.Events(t.Context(), after, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			after = e.Number
			switch e.Kind {
			case store.LadderStep:
				got[line(e.At, "step %s %s", e.Subject, stepWords(t, e))]++
			case store.BadgeStatus:
				var d struct{ To string }
				if err := json.Unmarshal(e.Detail, &d); err != nil {
					t.Fatal(err)
				}
				got[line(e.At, "badge %s is %s", e.Subject, d.To)]++
			}
		}
		if len(page) < store.MaxPage {
			return got
		}
	}
}

func stepWords(t *testing.T, e store.Event) string {
	var s store.Step
	if err := json.Unmarshal(e.Detail, &s); err != nil {
		t.Fatal(err)
	}
	if s.Kind == "remind" {
		return fmt.Sprintf("remind %s before %s", s.Threshold, s.Lapse.UTC().Format(time.DateTime))
	}
	if !s.Due.Equal(e.At) && !e.At.Equal(downTo) {
		t.Errorf("%s of %s was due at %s and done at %s", s.Kind, e.Subject, s.Due, e.At)
	}
	return s.Kind
}

// mustWorld is the year that the tests live through.
func mustWorld(t *testing.T, people int) []occurrence {
	t.Helper()
	year, err := newWorld(people, 1)
	if err != nil {
		t.Fatal(err)
	}
	return year
}

// yearFolder is a folder that only its owner enters.
func yearFolder(t testing.TB) string {
	folder := filepath.Join(t.TempDir(), "year")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Everything that a year brings about happens once and on time: reminders,
// suspensions, notices, lock-outs and restorations of the sample's people, who
// train, go on holiday, leave, come back and change laptops. The process is down for
// a week in between.
func TestYear_EverythingHappensOnceAndOnTime(t *testing.T) {
	t.Parallel()
	people := 36
	if testing.Short() {
		people = 12
	}
	ahead := mustWorld(t, people)
	expected := make(chan *yearModel)
	go func() { expected <- expect(ahead) }()

	y, err := openYear(yearFolder(t), ahead, yearStart.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer y.store.Close()
	instants := 0
	for end := hourOf(yearDays * 24); ; instants++ {
		now, err := y.next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !now.After(y.Now()) {
			t.Fatalf("at %s the next instant is %s", y.Now(), now)
		}
		if !now.Before(end) {
			break
		}
		if err := y.live(t.Context(), now); err != nil {
			t.Fatalf("%s: %v", now, err)
		}
	}
	if _, err := y.VerifyEvents(t.Context()); err != nil {
		t.Error(err)
	}
	model := <-expected
	differences := model.differences(y.happened(t))
	for _, d := range differences[:min(len(differences), 40)] {
		t.Error(d)
	}
	if !testing.Short() {
		model.isRich(t)
	}
	t.Logf("%d people, %d instants, %d things that had to happen, %d differences", people, instants, len(model.expected), len(differences))
}
