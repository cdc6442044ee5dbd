package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var messageTests = []test{
	{"a message comes back with what became of it", messageComesBack},
	{"messages come in pages, by person and by state", messagePages},
	{"what is dead or held is sent again, nothing else", messageResent},
	{"a device is locked from its lock to its unlock", messageLocks},
	{"an outcome of nothing and one that breaks a rule", messageOutcomes},
	{"a message that breaks a rule is refused", messageInvalid},
	{"the newest events cannot go unnoticed, nor be others than they were", chainHeads},
}

// Message returns a message about a person.
func Message(person, key string) notify.Message {
	return notify.Message{
		Key: key, Person: person, Kind: notify.Lapse, Channel: notify.Mail, To: notify.ToPerson,
		Created: now, Due: now, Body: []byte(`{"reasons":[{"kind":"device-stale","subject":"d"}]}`),
	}
}

// order returns an order for a device.
func order(kind notify.Kind, key, device string) notify.Message {
	m := Message("person-000", key)
	m.Kind, m.Channel, m.To = kind, notify.LockOut, notify.ToOffice
	m.Body = fmt.Appendf(nil, `{"device":{"source":"graph","id":%q}}`, device)
	return m
}

// mustClaim claims the only message of a channel.
func mustClaim(t *testing.T, s store.Store, channel notify.Channel) notify.Message {
	t.Helper()
	claimed, err := s.Claim(t.Context(), channel, now, 10, time.Minute)
	check(t, err, nil)
	if len(claimed) != 1 {
		t.Fatalf("claimed %d messages", len(claimed))
	}
	return claimed[0]
}

// settle delivers the only message of a channel, or whatever the state says.
func settle(t *testing.T, s store.Store, channel notify.Channel, state notify.State) store.QueuedMessage {
	t.Helper()
	m := mustClaim(t, s, channel)
	check(t, s.Finish(t.Context(), m.ID, notify.Outcome{Attempt: m.Attempts, State: state, At: now.Add(time.Second)}), nil)
	got, err := s.Message(t.Context(), m.ID)
	check(t, err, nil)
	return got
}

func messageComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	check(t, s.Queue(t.Context(), Message("person-000", "key")), nil)
	m := mustClaim(t, s, notify.Mail)
	want := store.QueuedMessage{Message: Message("person-000", "key"), Number: 1, State: notify.Waiting}
	want.ID, want.Attempts = m.ID, 1
	got, err := s.Message(t.Context(), m.ID)
	check(t, err, nil)
	equal(t, "waiting", got, want)
	follow := Message("person-000", "follows")
	check(t, s.Finish(t.Context(), m.ID, notify.Outcome{
		Attempt: 1, State: notify.Delivered, At: now.Add(time.Second), To: notify.ToFallback, Instead: notify.NoAddress, Note: "taken", Follow: []notify.Message{follow},
	}), nil)
	want.State, want.Settled, want.SentTo, want.Instead, want.Note = notify.Delivered, now.Add(time.Second), notify.ToFallback, notify.NoAddress, "taken"
	got, err = s.Message(t.Context(), m.ID)
	check(t, err, nil)
	equal(t, "delivered", got, want)
	_, err = s.Message(t.Context(), "none")
	check(t, err, store.ErrNotFound)
	var details []string
	for _, e := range events(t, s, before) {
		details = append(details, string(e.Kind)+string(e.Detail))
	}
	equal(t, "events", details, []string{
		`message.queued{"person":"person-000","kind":"lapse","channel":"mail","to":"person"}`,
		`message.delivered{"person":"person-000","attempt":1,"to":"fallback","instead":"no-address"}`,
		`message.queued{"person":"person-000","kind":"lapse","channel":"mail","to":"person"}`,
	})
}

func messagePages(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.Queue(t.Context(), Message("p", "1"), Message("q", "2"), Message("p", "3"), order(notify.Lock, "4", "d")), nil)
	settle(t, s, notify.LockOut, notify.Dead)
	for want, q := range map[string]store.MessageQuery{
		"[1 2 3 4]": {Limit: store.MaxPage},
		"[2 3]":     {After: 1, Limit: 2},
		"[1 3]":     {Person: "p", Limit: 9},
		"[4]":       {States: []notify.State{notify.HeldBack, notify.Dead}, Limit: 9},
		"[1 2 3]":   {States: []notify.State{notify.Waiting}, Limit: 9},
		"[]":        {States: []notify.State{notify.Delivered}, Limit: 1},
	} {
		page, err := s.Messages(t.Context(), q)
		check(t, err, nil)
		keys := make([]string, 0)
		for _, m := range page {
			keys = append(keys, m.Key)
		}
		equal(t, fmt.Sprintf("%+v", q), fmt.Sprint(keys), want)
	}
	for _, q := range []store.MessageQuery{{}, {Limit: store.MaxPage + 1}, {Limit: 1, States: []notify.State{"lost"}}} {
		_, err := s.Messages(t.Context(), q)
		check(t, err, store.ErrInvalid)
	}
}

func messageResent(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	at := now.Add(time.Hour)
	for _, state := range []notify.State{notify.Dead, notify.HeldBack} {
		check(t, s.Queue(t.Context(), order(notify.Lock, string(state), "d")), nil)
		settled := settle(t, s, notify.LockOut, state)
		before := last(t, s)
		again, err := s.Resend(t.Context(), settled.ID, officer, at)
		check(t, err, nil)
		want := settled
		want.State, want.Settled, want.Due = notify.Waiting, time.Time{}, at
		if state == notify.HeldBack {
			want.ConfirmedBy = officer
		}
		equal(t, "again", again, want)
		equal(t, "event", events(t, s, before)[0].Kind, store.MessageResent)
		_, err = s.Resend(t.Context(), settled.ID, officer, at)
		check(t, err, store.ErrConflict)
		claimed, err := s.Claim(t.Context(), notify.LockOut, at, 10, time.Minute)
		check(t, err, nil)
		equal(t, "attempts", claimed[0].Attempts, 2)
		equal(t, "confirmed by", claimed[0].ConfirmedBy, want.ConfirmedBy)
		check(t, s.Finish(t.Context(), settled.ID, notify.Outcome{Attempt: 2, State: notify.Delivered, At: at}), nil)
		_, err = s.Resend(t.Context(), settled.ID, officer, at)
		check(t, err, store.ErrConflict)
	}
	_, err := s.Resend(t.Context(), "none", officer, at)
	check(t, err, store.ErrNotFound)
	_, err = s.Resend(t.Context(), "none", "", at)
	check(t, err, store.ErrInvalid)
}

func messageLocks(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for i, step := range []struct {
		kind   notify.Kind
		state  notify.State
		locked bool
	}{
		{notify.Lock, notify.Dead, false}, {notify.Lock, notify.Delivered, true}, {notify.Unlock, notify.Dropped, true},
		{notify.Lock, notify.Delivered, true}, {notify.Unlock, notify.Delivered, false},
	} {
		check(t, s.Queue(t.Context(), order(step.kind, fmt.Sprint(i), "d")), nil)
		settle(t, s, notify.LockOut, step.state)
		for device, want := range map[string]bool{"d": step.locked, "other": false} {
			locked, err := s.Locked(t.Context(), notify.Device{Source: "graph", ID: device})
			check(t, err, nil)
			equal(t, fmt.Sprintf("step %d: %s", i, device), locked, want)
		}
	}
}

func messageOutcomes(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.Queue(t.Context(), Message("p", "1")), nil)
	m := mustClaim(t, s, notify.Mail)
	quiet(t, s, func() {
		check(t, s.Finish(t.Context(), "none", notify.Outcome{State: notify.Delivered, At: now}), nil)
		for _, o := range []notify.Outcome{
			{Attempt: 1, At: now}, {Attempt: 1, State: notify.Waiting, At: now}, {Attempt: 1, State: notify.Dead},
			{Attempt: 1, State: notify.Dead, At: now, Note: "\xff"}, {Attempt: 1, State: notify.Dead, At: now, Follow: make([]notify.Message, 1)},
		} {
			check(t, s.Finish(t.Context(), m.ID, o), store.ErrInvalid)
		}
	})
}

func messageInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for name, spoil := range map[string]func(*notify.Message){
		"key":     func(m *notify.Message) { m.Key = "" },
		"long":    func(m *notify.Message) { m.Key = string(jsonOf(notify.MaxKey + 1)) },
		"kind":    func(m *notify.Message) { m.Kind = "" },
		"channel": func(m *notify.Message) { m.Channel = "" },
		"role":    func(m *notify.Message) { m.To = "" },
		"created": func(m *notify.Message) { m.Created = time.Time{} },
		"due":     func(m *notify.Message) { m.Due = time.Time{} },
		"body":    func(m *notify.Message) { m.Body = []byte(`{"name":"Zoë"}`) },
	} {
		m := Message("p", "1")
		spoil(&m)
		t.Log(name)
		check(t, s.Queue(t.Context(), m), store.ErrInvalid)
	}
	longest := Message("p", string(jsonOf(notify.MaxKey)))
	check(t, s.Queue(t.Context(), longest), nil)
}

func chainHeads(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	first, err := s.VerifyEvents(t.Context(), store.Head{})
	check(t, err, nil)
	equal(t, "number", first.Number, last(t, s))
	var head store.Head
	for _, e := range events(t, s, 0) {
		head = head.Next(e)
		equal(t, "chain", e.Chain, head.Chain)
	}
	equal(t, "head", first, head)
	mustReserve(t, s, "b", 0)
	second, err := s.VerifyEvents(t.Context(), first, store.Head{})
	check(t, err, nil)
	for name, known := range map[string]store.Head{
		"another chain": {Number: first.Number, Chain: second.Chain},
		"ahead":         {Number: second.Number + 1, Chain: second.Chain},
		"before all":    {Number: 0, Chain: first.Chain},
	} {
		_, err := s.VerifyEvents(t.Context(), first, known)
		wrong, ok := asChainError(err)
		if !ok || wrong.Number != known.Number {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = s.VerifyEvents(t.Context(), first, store.Head{Number: first.Number, Chain: second.Chain})
	if _, ok := asChainError(err); !ok {
		t.Errorf("two chains for one event: %v", err)
	}
}
