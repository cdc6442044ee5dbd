package notifytest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Store is an outbox that messages can be put into. Queue skips keys that were
// queued before, and settled messages count, too.
type Store interface {
	notify.Outbox
	Queue(ctx context.Context, messages ...notify.Message) error
}

// Now is the instant at which the suite's messages are due.
var Now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

const lease = time.Minute

// RunOutboxTests holds an outbox to the contract of [notify.Outbox]. open returns
// an empty one that knows the people p, q and r.
func RunOutboxTests(t *testing.T, open func(t *testing.T) Store) {
	tests := map[string]func(*testing.T, Store){
		"hands out what is due, the longest due first":       claimsDue,
		"hands out one channel at a time":                    claimsOneChannel,
		"keeps the order for one person and channel":         keepsOrder,
		"hands a message to one claimant until its lease":    leases,
		"queues a key once, ever":                            queuesOnce,
		"ignores the outcome of an attempt that was overrun": ignoresOverrun,
		"does not let what is settled hold up what follows":  settles,
		"queues what follows with the outcome":               follows,
		"gives each message to one of many claimants":        shares,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Queued returns a message due at Now. Its key says all that a test tells apart.
func Queued(person string, channel notify.Channel, key string, after time.Duration) notify.Message {
	body, _ := notify.Body{At: Now}.JSON()
	return notify.Message{
		Key: key, Person: person, Kind: notify.Lapse, Channel: channel, To: notify.ToPerson,
		Created: Now, Due: Now.Add(after), Body: body,
	}
}

func queue(t *testing.T, s Store, messages ...notify.Message) {
	t.Helper()
	if err := s.Queue(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

// claim returns the messages by their keys.
func claim(t *testing.T, s Store, channel notify.Channel, after time.Duration, limit int) map[string]notify.Message {
	t.Helper()
	claimed, err := s.Claim(t.Context(), channel, Now.Add(after), limit, lease)
	if err != nil {
		t.Fatal(err)
	}
	byKey := make(map[string]notify.Message)
	for _, m := range claimed {
		byKey[m.Key] = m
	}
	return byKey
}

func expect(t *testing.T, got map[string]notify.Message, keys ...string) {
	t.Helper()
	var have []string
	for key := range got {
		have = append(have, key)
	}
	slices.Sort(have)
	slices.Sort(keys)
	if !slices.Equal(have, keys) {
		t.Fatalf("claimed %q, want %q", have, keys)
	}
}

func finish(t *testing.T, s Store, m notify.Message, o notify.Outcome) {
	t.Helper()
	o.Attempt, o.At = m.Attempts, Now
	if err := s.Finish(t.Context(), m.ID, o); err != nil {
		t.Fatal(err)
	}
}

func claimsDue(t *testing.T, s Store) {
	queue(t, s, Queued("p", notify.Mail, "later", time.Hour), Queued("q", notify.Mail, "now", 0), Queued("r", notify.Mail, "long", -time.Hour))
	next, err := s.NextDue(t.Context(), notify.Mail)
	if err != nil || !next.Equal(Now.Add(-time.Hour)) {
		t.Errorf("next %s: %v", next, err)
	}
	expect(t, claim(t, s, notify.Mail, 0, 1), "long")
	got := claim(t, s, notify.Mail, 0, 10)
	expect(t, got, "now")
	want := Queued("q", notify.Mail, "now", 0)
	if m := got["now"]; m.ID == "" || m.Attempts != 1 || m.Person != "q" || m.Kind != want.Kind || m.To != want.To || !m.Due.Equal(want.Due) || !m.Created.Equal(want.Created) || string(m.Body) != string(want.Body) {
		t.Errorf("%+v, want %+v", m, want)
	}
	expect(t, claim(t, s, notify.Mail, time.Minute-1, 10))
	if next, err = s.NextDue(t.Context(), notify.Mail); err != nil || !next.Equal(Now.Add(lease)) {
		t.Errorf("next, all claimed, %s: %v", next, err)
	}
}

func claimsOneChannel(t *testing.T, s Store) {
	queue(t, s, Queued("p", notify.Mail, "mail", 0), Queued("p", notify.LockOut, "lock", 0))
	expect(t, claim(t, s, notify.LockOut, 0, 10), "lock")
	expect(t, claim(t, s, notify.Mail, 0, 10), "mail")
	if next, err := s.NextDue(t.Context(), notify.Slack); err != nil || !next.IsZero() {
		t.Errorf("next of a channel with nothing: %s %v", next, err)
	}
}

func keepsOrder(t *testing.T, s Store) {
	queue(t, s, Queued("p", notify.Mail, "first", time.Hour), Queued("p", notify.Mail, "second", 0), Queued("", notify.Mail, "x", 0), Queued("", notify.Mail, "y", 0))
	expect(t, claim(t, s, notify.Mail, 0, 10), "x", "y")
	got := claim(t, s, notify.Mail, time.Hour, 10)
	expect(t, got, "first", "x", "y")
	finish(t, s, got["first"], notify.Outcome{State: notify.Waiting, NextAt: Now.Add(2 * time.Hour)})
	expect(t, claim(t, s, notify.Mail, 2*time.Hour-1, 10), "x", "y")
	got = claim(t, s, notify.Mail, 2*time.Hour, 10)
	if got["first"].Attempts != 2 {
		t.Errorf("%+v", got["first"])
	}
	finish(t, s, got["first"], notify.Outcome{State: notify.Delivered})
	expect(t, claim(t, s, notify.Mail, 2*time.Hour, 10), "second")
}

func leases(t *testing.T, s Store) {
	queue(t, s, Queued("p", notify.Mail, "a", 0))
	expect(t, claim(t, s, notify.Mail, 0, 10), "a")
	expect(t, claim(t, s, notify.Mail, lease-1, 10))
	got := claim(t, s, notify.Mail, lease, 10)
	expect(t, got, "a")
	if got["a"].Attempts != 2 {
		t.Errorf("attempt %d", got["a"].Attempts)
	}
}

func queuesOnce(t *testing.T, s Store) {
	again := Queued("p", notify.Mail, "a", 0)
	queue(t, s, again)
	queue(t, s, again, Queued("q", notify.Mail, "b", 0))
	got := claim(t, s, notify.Mail, 0, 10)
	expect(t, got, "a", "b")
	finish(t, s, got["a"], notify.Outcome{State: notify.Delivered})
	finish(t, s, got["b"], notify.Outcome{State: notify.Dead})
	queue(t, s, again)
	expect(t, claim(t, s, notify.Mail, time.Hour, 10))
}

func ignoresOverrun(t *testing.T, s Store) {
	queue(t, s, Queued("p", notify.Mail, "a", 0), Queued("q", notify.Mail, "b", 0))
	slow := claim(t, s, notify.Mail, 0, 10)
	fast := claim(t, s, notify.Mail, lease, 10)
	finish(t, s, slow["a"], notify.Outcome{State: notify.Dead})
	finish(t, s, slow["b"], notify.Outcome{State: notify.Delivered})
	finish(t, s, fast["a"], notify.Outcome{State: notify.Waiting, NextAt: Now.Add(time.Hour)})
	finish(t, s, fast["b"], notify.Outcome{State: notify.Waiting, NextAt: Now.Add(time.Hour)})
	expect(t, claim(t, s, notify.Mail, time.Hour, 10), "a")
}

func settles(t *testing.T, s Store) {
	for _, state := range []notify.State{notify.Delivered, notify.Dropped, notify.Dead, notify.HeldBack} {
		first, second := string(state)+" 1", string(state)+" 2"
		queue(t, s, Queued("p", notify.Mail, first, 0), Queued("p", notify.Mail, second, 0))
		got := claim(t, s, notify.Mail, 0, 10)
		expect(t, got, first)
		finish(t, s, got[first], notify.Outcome{State: state, Note: "x"})
		got = claim(t, s, notify.Mail, 0, 10)
		expect(t, got, second)
		finish(t, s, got[second], notify.Outcome{State: notify.Delivered})
	}
}

func follows(t *testing.T, s Store) {
	queue(t, s, Queued("p", notify.LockOut, "lock", 0), Queued("q", notify.Mail, "told", 0))
	got := claim(t, s, notify.LockOut, 0, 10)
	finish(t, s, got["lock"], notify.Outcome{State: notify.Delivered, Follow: []notify.Message{
		Queued("p", notify.Mail, "locked", 0), Queued("q", notify.Mail, "told", 0),
	}})
	expect(t, claim(t, s, notify.Mail, 0, 10), "locked", "told")
}

func shares(t *testing.T, s Store) {
	const messages, claimants = 40, 8
	for i := range messages {
		queue(t, s, Queued("", notify.Mail, fmt.Sprint("key ", i), 0))
	}
	var mu sync.Mutex
	times := make(map[string]int)
	var all sync.WaitGroup
	for range claimants {
		all.Go(func() {
			for {
				claimed, err := s.Claim(t.Context(), notify.Mail, Now, 3, lease)
				if err != nil {
					t.Error(err)
				}
				if len(claimed) == 0 {
					return
				}
				mu.Lock()
				for _, m := range claimed {
					times[m.Key]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for key, n := range times {
		if n != 1 || !strings.HasPrefix(key, "key ") {
			t.Errorf("%s was handed out %d times", key, n)
		}
	}
	if len(times) != messages {
		t.Errorf("%d of %d", len(times), messages)
	}
}
