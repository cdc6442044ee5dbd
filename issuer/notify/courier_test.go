package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/notifytest"
)

var now = notifytest.Now

// carrier does with each delivery what a test says, and remembers it.
type carrier struct {
	do func(context.Context, notify.Delivery) (notify.Receipt, error)

	mu  sync.Mutex
	got []notify.Delivery
}

func (c *carrier) Carry(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	c.mu.Lock()
	c.got = append(c.got, d)
	c.mu.Unlock()
	if c.do == nil {
		return notify.Receipt{Note: "taken"}, nil
	}
	return c.do(ctx, d)
}

func (c *carrier) keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var keys []string
	for _, d := range c.got {
		keys = append(keys, d.Message.Key)
	}
	return keys
}

// program is an outbox, a directory and a courier whose clock a test moves.
type program struct {
	*notify.Courier
	outbox    *notifytest.Outbox
	directory *notifytest.Directory
	mail      *carrier
	log       bytes.Buffer
	at        time.Time
	observed  []notify.Outcome
}

func fallback() notify.Party {
	return notify.Party{Name: "Program office", Email: "fallback@vendor.example", Language: "fr"}
}

func start(t *testing.T, change func(*notify.Config)) *program {
	t.Helper()
	p := &program{outbox: new(notifytest.Outbox), directory: new(notifytest.Directory), mail: new(carrier), at: now}
	p.directory.Set(
		notify.Person{ID: "p", Name: "Ursula Eriksen", Email: "u@vendor.example", Language: "de-DE", ManagerID: "m", Active: true},
		notify.Person{ID: "q", Name: "Ana Díaz", Email: "a@vendor.example", Active: true},
		notify.Person{ID: "m", Name: "Max Chef", Email: "m@vendor.example", Language: "es", Active: true},
	)
	cfg := notify.Config{
		Outbox: p.outbox, Directory: p.directory, Carriers: map[notify.Channel]notify.Carrier{notify.Mail: p.mail},
		Fallback: fallback(), Workers: 1, Chance: func() float64 { return 0.5 },
		Now: func() time.Time { return p.at }, Logger: slog.New(slog.NewTextHandler(&p.log, nil)),
		Observe: func(_ notify.Message, o notify.Outcome) { p.observed = append(p.observed, o) },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if p.Courier, err = notify.New(cfg); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *program) queue(t *testing.T, messages ...notify.Message) {
	t.Helper()
	if err := p.outbox.Queue(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

func (p *program) drain(t *testing.T) int {
	t.Helper()
	n, err := p.Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// message is for the person, due now.
func message(key string) notify.Message { return notifytest.Queued("p", notify.Mail, key, 0) }

func TestDeliversWithEverythingLookedUp(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	p.directory.Call("CB-101", "Secure operation")
	p.directory.Call("d-1", "WIN-7")
	m := message("a")
	m.Body, _ = notify.Body{
		At: now, Device: &notify.Device{Source: "graph", ID: "d-1"},
		Reasons: []notify.Reason{{Kind: "training-expired", Subject: "CB-101"}, {Kind: "device-stale", Subject: "d-2"}},
	}.JSON()
	p.queue(t, m)
	if n := p.drain(t); n != 1 {
		t.Fatalf("%d attempts", n)
	}
	d := p.mail.got[0]
	if d.To != (notify.Party{Role: notify.ToPerson, Name: "Ursula Eriksen", Email: "u@vendor.example", Language: "de-DE"}) || d.Instead != "" {
		t.Errorf("to %+v, %q", d.To, d.Instead)
	}
	if d.About.ID != "p" || d.Device != "WIN-7" || !slices.Equal(d.Names, []string{"Secure operation", ""}) || d.Message.Attempts != 1 {
		t.Errorf("%+v", d)
	}
	o := p.outbox.Outcomes("a")
	if len(o) != 1 || o[0].State != notify.Delivered || o[0].Note != "taken" || o[0].To != notify.ToPerson || !o[0].At.Equal(now) || o[0].Attempt != 1 {
		t.Errorf("%+v", o)
	}
	if len(p.observed) != 1 || p.observed[0].State != notify.Delivered || strings.Contains(p.log.String(), "vendor.example") || strings.Contains(p.log.String(), "Ursula") {
		t.Errorf("%+v\n%s", p.observed, &p.log)
	}
}

func TestFailuresWaitLongerEachTimeAndEnd(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	p.mail.do = func(context.Context, notify.Delivery) (notify.Receipt, error) {
		return notify.Receipt{}, errors.New("the server is away")
	}
	p.queue(t, message("a"))
	var waits []time.Duration
	for range notify.MaxAttempts {
		p.drain(t)
		o := p.outbox.Outcomes("a")
		last := o[len(o)-1]
		if last.State != notify.Waiting {
			break
		}
		waits = append(waits, last.NextAt.Sub(p.at))
		p.at = last.NextAt.Add(-1)
		if p.drain(t) != 0 {
			t.Fatal("tried before its time")
		}
		p.at = last.NextAt
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360}
	for i, minutes := range want {
		if waits[i] != minutes*time.Minute {
			t.Errorf("wait %d: %s, want %dm", i+1, waits[i], minutes)
		}
	}
	o := p.outbox.Outcomes("a")
	if len(o) != notify.MaxAttempts || len(waits) != notify.MaxAttempts-1 || o[len(o)-1].State != notify.Dead || o[len(o)-1].Note != "given up after 22 attempts: the server is away" {
		t.Errorf("%d attempts, the last %+v", len(o), o[len(o)-1])
	}
	if lasted := p.at.Sub(now); lasted < 72*time.Hour || lasted > 7*24*time.Hour {
		t.Errorf("given up after %s", lasted)
	}
}

func TestChanceMovesRetriesByAQuarterAtMost(t *testing.T) {
	t.Parallel()
	for chance, want := range map[float64]time.Duration{0: 45 * time.Second, 0.5: time.Minute, 1: 75 * time.Second} {
		p := start(t, func(cfg *notify.Config) { cfg.Chance = func() float64 { return chance } })
		p.mail.do = func(context.Context, notify.Delivery) (notify.Receipt, error) {
			return notify.Receipt{}, errors.New("x")
		}
		p.queue(t, message("a"))
		p.drain(t)
		if got := p.outbox.Outcomes("a")[0].NextAt.Sub(now); got != want {
			t.Errorf("%v: %s, want %s", chance, got, want)
		}
	}
}

func TestTheOtherSideSaysWhen(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{
		time.Second: time.Minute, time.Hour: time.Hour, notify.MaxRetryAfter: notify.MaxRetryAfter, notify.MaxRetryAfter + 1: notify.MaxRetryAfter,
	} {
		p := start(t, nil)
		p.mail.do = func(context.Context, notify.Delivery) (notify.Receipt, error) {
			return notify.Receipt{}, fmt.Errorf("the room: %w", &notify.RetryError{After: asked, Err: errors.New("slow down")})
		}
		p.queue(t, message("a"))
		p.drain(t)
		if o := p.outbox.Outcomes("a")[0]; o.NextAt.Sub(now) != want || o.Note != "the room: slow down" {
			t.Errorf("asked for %s: %+v", asked, o)
		}
	}
}

func TestWhatIsFinalIsSettledAtOnce(t *testing.T) {
	t.Parallel()
	follow := []notify.Message{notifytest.Queued("p", notify.Slack, "follows", 0)}
	cases := []struct {
		receipt notify.Receipt
		err     error
		state   notify.State
		note    string
	}{
		{notify.Receipt{Note: "yes", Follow: follow}, nil, notify.Delivered, "yes"},
		{notify.Receipt{Note: "not due", Dropped: true}, nil, notify.Dropped, "not due"},
		{notify.Receipt{}, fmt.Errorf("x: %w", notify.Permanent(errors.New("no such room"))), notify.Dead, "x: no such room"},
		{notify.Receipt{}, &notify.HoldError{Why: "too many", Follow: follow}, notify.HeldBack, "too many"},
	}
	for _, c := range cases {
		p := start(t, nil)
		p.mail.do = func(context.Context, notify.Delivery) (notify.Receipt, error) { return c.receipt, c.err }
		p.queue(t, message("a"))
		p.drain(t)
		o := p.outbox.Outcomes("a")
		if len(o) != 1 || o[0].State != c.state || o[0].Note != c.note {
			t.Errorf("%+v, want %s", o, c.state)
		}
		if queued := slices.Contains(p.outbox.Keys(), "follows"); queued != (c.receipt.Follow != nil || c.state == notify.HeldBack) {
			t.Errorf("%s: follows %t", c.state, queued)
		}
	}
}

func TestMessagesThatCannotBeReadAreDead(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	big := []byte(`{"case":"` + strings.Repeat("x", notify.MaxBody) + `"}`)
	many := []byte(`{"reasons":[` + strings.TrimSuffix(strings.Repeat(`{"kind":"x"},`, notify.MaxReasons+1), ",") + `]}`)
	for i, body := range [][]byte{nil, []byte("x"), []byte(`{"new":1}`), []byte(`{} {}`), big, many} {
		m := message(fmt.Sprint(i))
		m.Body = body
		p.queue(t, m)
		p.drain(t)
		if o := p.outbox.Outcomes(m.Key); o[0].State != notify.Dead || !strings.HasPrefix(o[0].Note, "notify: ") || strings.Contains(o[0].Note, "xxx") {
			t.Errorf("%.20s: %+v", body, o)
		}
	}
	if len(p.mail.got) != 0 {
		t.Errorf("%d were carried", len(p.mail.got))
	}
}

func TestBodiesAtTheirBounds(t *testing.T) {
	t.Parallel()
	overhead := len(`{"case":""}`)
	for extra, good := range map[int]bool{0: true, 1: false} {
		_, err := notify.Body{Case: strings.Repeat("x", notify.MaxBody-overhead+extra)}.JSON()
		_, other := notify.Body{Reasons: make([]notify.Reason, notify.MaxReasons+extra)}.JSON()
		if (err == nil) != good || (other == nil) != good {
			t.Errorf("%d: %v, %v", extra, err, other)
		}
	}
}

func TestNotesAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{notify.MaxNote / 2: "é", notify.MaxNote/2 + 1: "…"} {
		p := start(t, nil)
		p.mail.do = func(context.Context, notify.Delivery) (notify.Receipt, error) {
			return notify.Receipt{Note: strings.Repeat("é", size)}, nil
		}
		p.queue(t, message("a"))
		p.drain(t)
		if note := p.outbox.Outcomes("a")[0].Note; len(note) > notify.MaxNote || !strings.HasSuffix(note, want) || strings.Contains(note, "\ufffd") {
			t.Errorf("%d bytes: %q", len(note), note)
		}
	}
}

func TestAPanicLosesNothing(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	p.mail.do = func(_ context.Context, d notify.Delivery) (notify.Receipt, error) {
		if d.Message.Key == "bad" && d.Message.Attempts == 1 {
			panic("Ursula Eriksen broke it")
		}
		return notify.Receipt{}, nil
	}
	p.queue(t, message("bad"), message("after it"), notifytest.Queued("q", notify.Mail, "other", 0))
	p.drain(t)
	if keys := p.mail.keys(); !slices.Equal(keys, []string{"bad", "other"}) {
		t.Errorf("%q", keys)
	}
	p.at = now.Add(notify.FirstRetry)
	p.drain(t)
	o := p.outbox.Outcomes("bad")
	if len(o) != 2 || o[0].State != notify.Waiting || o[0].Note != "the channel failed inside; the log says where" || o[1].State != notify.Delivered {
		t.Errorf("%+v", o)
	}
	if keys := p.mail.keys(); !slices.Equal(keys, []string{"bad", "other", "bad", "after it"}) {
		t.Errorf("%q", keys)
	}
}

// broken is an outbox that does not record outcomes.
type broken struct {
	*notifytest.Outbox
	down bool
}

func (b *broken) Finish(ctx context.Context, id string, o notify.Outcome) error {
	if b.down {
		return errors.New("disk full")
	}
	return b.Outbox.Finish(ctx, id, o)
}

func TestWhatWasNotRecordedIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	outbox := &broken{new(notifytest.Outbox), true}
	p := start(t, func(cfg *notify.Config) { cfg.Outbox = outbox })
	p.outbox = outbox.Outbox
	p.queue(t, message("a"))
	p.drain(t)
	outbox.down = false
	p.at = now.Add(notify.DefaultTimeout)
	if p.drain(t) != 0 {
		t.Error("delivered again within its lease")
	}
	p.at = now.Add(2 * notify.DefaultTimeout)
	p.drain(t)
	if keys, o := p.mail.keys(), p.outbox.Outcomes("a"); len(keys) != 2 || len(o) != 1 || o[0].Attempt != 2 || p.mail.got[0].Message.ID != p.mail.got[1].Message.ID {
		t.Errorf("%q %+v", keys, o)
	}
	if len(p.observed) != 1 || !strings.Contains(p.log.String(), "disk full") {
		t.Errorf("%+v\n%s", p.observed, &p.log)
	}
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := notify.New(notify.Config{
		Workers: notify.MaxWorkers + 1, Timeout: -1, Office: notify.Party{Email: "x"}, Fallback: notify.Party{Email: "a@b\n"},
	})
	want := `notify: Outbox is missing
notify: Directory is missing
notify: Carriers is empty: nothing would ever be delivered
notify: Fallback has no mail address: what reaches nobody must reach somebody
notify: Office: its mail address is not one
notify: Workers is 65; it must be from 0 to 64
notify: Timeout is negative (-1ns)`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v", err)
	}
	good := notify.Config{
		Outbox: new(notifytest.Outbox), Directory: new(notifytest.Directory), Fallback: fallback(), Workers: notify.MaxWorkers,
		Carriers: map[notify.Channel]notify.Carrier{notify.Mail: new(carrier)},
	}
	if _, err := notify.New(good); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	good.Carriers[notify.Slack] = nil
	if _, err := notify.New(good); err == nil || err.Error() != `notify: Carriers: "slack" has no carrier` {
		t.Errorf("%v", err)
	}
}
