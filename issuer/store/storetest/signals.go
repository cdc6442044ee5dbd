package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var signalTests = []test{
	{"a receiver and its stream come back", signalsComeBack},
	{"what breaks a rule is refused", signalsInvalid},
	{"a receiver has one stream", signalOneStream},
	{"a change and its signals are one", signalsWithChange},
	{"a change that fails leaves no signal", signalsRolledBack},
	{"a change of standing is told", signalsOfStanding},
	{"a stream has what it asked for, and of whom", signalsWanted},
	{"without their badge several are one", signalsOnce},
	{"of more than may wait the oldest is given up", signalsBounded},
	{"what is taken is gone, what is refused is kept", signalsSettled},
	{"a stream that is disabled keeps nothing", signalsDisabled},
	{"what the office holds only the office frees", signalsHeld},
	{"a verification may come so often", signalsVerified},
	{"what is too old is given up", signalsExpired},
	{"a receiver goes with all that is its", signalsRemoved},
	{"whoever watches is told", signalsWatched},
}

const (
	changed = "https://example/changed"
	ended   = "https://example/ended"
)

// Receiver returns a receiver that may have two types of events.
func Receiver(name string) store.SignalReceiver {
	return store.SignalReceiver{
		Name: name, Audience: "https://" + name + ".example", Algorithm: store.SignalES256, SubjectFormat: store.SignalIssuerSubject,
		Events: []string{changed, ended}, Everybody: true, Badges: true, By: officer, CreatedAt: now,
	}
}

// Stream returns the stream of a receiver, which is pushed.
func Stream(receiver string) store.SignalStream {
	return store.SignalStream{
		ID: "stream-" + receiver, Receiver: receiver, Description: "all", Endpoint: "https://" + receiver + ".example/events",
		Authorization: []byte{1, 2, 3}, Requested: []string{changed, "urn:other"}, Delivered: []string{changed}, CreatedAt: now,
	}
}

// telling says of each change of a badge that it changed and that something ended.
func telling(c store.SignalChange) []store.Signal {
	if c.Badge == nil {
		return []store.Signal{{Type: changed, Subject: "sub-" + c.PersonID, Cause: "standing", Event: map[string]any{
			"before": c.Before.Eligible, "after": c.After.Eligible,
		}}}
	}
	badge := map[string]any{"badge": map[string]any{"list": c.Badge.ListID, "index": c.Badge.Index, "status": string(c.Badge.Status)}}
	var list []store.Signal
	for _, signalType := range []string{changed, ended} {
		list = append(list, store.Signal{Type: signalType, Subject: "sub-" + c.PersonID, Cause: c.At.String(), Badge: badge,
			Event: map[string]any{"from": string(c.From)}})
	}
	return list
}

// streaming returns a store in which one receiver, changed as asked, has a stream.
func streaming(t *testing.T, open Opener, change func(*store.SignalReceiver, *store.SignalStream)) (store.Store, string) {
	t.Helper()
	s := opened(t, open, Config{})
	s.UseSignaller(telling)
	r, stream := Receiver("gate"), Stream("gate")
	if change != nil {
		change(&r, &stream)
	}
	check(t, s.AddSignalReceiver(t.Context(), r), nil)
	check(t, s.AddSignalStream(t.Context(), stream), nil)
	return s, stream.ID
}

func waiting(t *testing.T, s store.Store, streamID string) []store.QueuedSignal {
	t.Helper()
	all, err := s.Signals(t.Context(), streamID, store.SignalQuery{Limit: store.MaxSignalRead})
	check(t, err, nil)
	return all
}

func state(t *testing.T, s store.Store) store.SignalStreamState {
	t.Helper()
	all, err := s.SignalStreams(t.Context())
	check(t, err, nil)
	if len(all) != 1 {
		t.Fatalf("%d streams", len(all))
	}
	return all[0]
}

func revoke(t *testing.T, s store.Store, id string) {
	t.Helper()
	_, err := setStatus(t, s, id, store.Invalid)
	check(t, err, nil)
}

func signalsComeBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, name := range []string{"gate", "access"} {
		check(t, s.AddSignalReceiver(t.Context(), Receiver(name)), nil)
		check(t, s.AddSignalReceiver(t.Context(), Receiver(name)), store.ErrAlreadyExists)
	}
	all, err := s.SignalReceivers(t.Context())
	check(t, err, nil)
	equal(t, "receivers", all, []store.SignalReceiver{Receiver("access"), Receiver("gate")})
	_, err = s.SignalReceiver(t.Context(), "nobody")
	check(t, err, store.ErrNotFound)
	_, err = s.SignalStream(t.Context(), "gate")
	check(t, err, store.ErrNotFound)

	check(t, s.AddSignalStream(t.Context(), Stream("gate")), nil)
	want := Stream("gate")
	want.Status = store.SignalEnabled
	got, err := s.SignalStream(t.Context(), "gate")
	check(t, err, nil)
	equal(t, "stream", got, want)

	want.Description, want.Endpoint, want.Authorization, want.Requested, want.Delivered = "", "", nil, []string{ended}, []string{ended}
	check(t, s.ConfigureSignalStream(t.Context(), want), nil)
	got, err = s.SignalStream(t.Context(), "gate")
	check(t, err, nil)
	want.Requested = []string{ended}
	equal(t, "configured stream", got, want)
	equal(t, "state", state(t, s), store.SignalStreamState{SignalStream: want, For: Receiver("gate")})
	other := Stream("access")
	check(t, s.ConfigureSignalStream(t.Context(), other), store.ErrNotFound)
}

func signalsInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	quiet(t, s, func() {
		for _, spoil := range []func(*store.SignalReceiver){
			func(r *store.SignalReceiver) { r.Name = "" },
			func(r *store.SignalReceiver) { r.Audience = "" },
			func(r *store.SignalReceiver) { r.Algorithm = "none" },
			func(r *store.SignalReceiver) { r.SubjectFormat = "email" },
			func(r *store.SignalReceiver) { r.Events = nil },
			func(r *store.SignalReceiver) { r.By = "" },
			func(r *store.SignalReceiver) { r.CreatedAt = time.Time{} },
		} {
			bad := Receiver("gate")
			spoil(&bad)
			check(t, s.AddSignalReceiver(t.Context(), bad), store.ErrInvalid)
		}
	})
	check(t, s.AddSignalReceiver(t.Context(), Receiver("gate")), nil)
	quiet(t, s, func() {
		for _, spoil := range []func(*store.SignalStream){
			func(r *store.SignalStream) { r.ID = "" },
			func(r *store.SignalStream) { r.Receiver = "" },
			func(r *store.SignalStream) { r.Requested = []string{"a b"} },
			func(r *store.SignalStream) { r.Authorization = make([]byte, store.MaxSignalSecret+1) },
			func(r *store.SignalStream) { r.Requested = slices.Repeat([]string{"urn:x"}, store.MaxSignalEvents+1) },
			func(r *store.SignalStream) { r.CreatedAt = time.Time{} },
		} {
			bad := Stream("gate")
			spoil(&bad)
			check(t, s.AddSignalStream(t.Context(), bad), store.ErrInvalid)
		}
		_, err := s.SetSignalStatus(t.Context(), store.SignalStatusChange{StreamID: "x", To: "gone", By: officer, At: now})
		check(t, err, store.ErrInvalid)
		for _, limit := range []int{0, store.MaxSignalRead + 1} {
			_, err := s.Signals(t.Context(), "x", store.SignalQuery{Limit: limit})
			check(t, err, store.ErrInvalid)
			_, err = s.RefusedSignals(t.Context(), "x", limit)
			check(t, err, store.ErrInvalid)
		}
		check(t, s.SetSignalSubject(t.Context(), "x", "", true), store.ErrInvalid)
	})
	for n := 1; n < store.MaxSignalReceivers; n++ {
		check(t, s.AddSignalReceiver(t.Context(), Receiver(fmt.Sprintf("gate-%d", n))), nil)
	}
	check(t, s.AddSignalReceiver(t.Context(), Receiver("one-more")), store.ErrConflict)
}

func signalOneStream(t *testing.T, open Opener) {
	s, _ := streaming(t, open, nil)
	quiet(t, s, func() {
		check(t, s.AddSignalStream(t.Context(), Stream("gate")), store.ErrAlreadyExists)
		second := Stream("gate")
		second.ID = "another"
		check(t, s.AddSignalStream(t.Context(), second), store.ErrAlreadyExists)
		check(t, s.AddSignalStream(t.Context(), Stream("nobody")), store.ErrNotFound)
	})
}

func signalsWithChange(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	b := mustReserve(t, s, "b", 0)
	if got := waiting(t, s, id); len(got) > 0 {
		t.Errorf("issuing queued %+v", got)
	}
	revoke(t, s, "b")
	revoke(t, s, "b") // which changes nothing
	got := waiting(t, s, id)
	if len(got) != 1 {
		t.Fatalf("%d signals wait", len(got))
	}
	q := got[0]
	if q.ID == "" || q.StreamID != id || q.Type != changed || q.Subject != "sub-person-000" || !q.QueuedAt.Equal(now) || !q.DueAt.Equal(now) {
		t.Errorf("%+v", q)
	}
	want := fmt.Sprintf(`{"badge":{"index":%d,"list":%d,"status":"invalid"},"from":"valid"}`, b.Index, b.ListID)
	equal(t, "event", string(q.Event), want)
	equal(t, "oldest", state(t, s).Oldest, now)
}

func signalsRolledBack(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	mustReserve(t, s, "b", 0)
	s.UseSignaller(func(store.SignalChange) []store.Signal {
		return []store.Signal{{Type: changed, Subject: "x", Event: map[string]any{"x": string(make([]byte, store.MaxSignalEvent))}}}
	})
	_, err := setStatus(t, s, "b", store.Invalid)
	check(t, err, store.ErrInvalid)
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "status", b.Status, store.Valid)
	equal(t, "signals", len(waiting(t, s, id)), 0)
}

func signalsOfStanding(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	for _, eligible := range []bool{true, true, false} {
		judge := func(store.Situation) (store.Judgement, error) {
			return store.Judgement{Record: store.Record{PolicyDigest: "p", Eligible: eligible, Ladder: json.RawMessage("{}")}}, nil
		}
		_, err := s.Rejudge(t.Context(), store.RejudgeRequest{Persons: []string{"person-000"}, At: now, By: officer, Judge: judge})
		check(t, err, nil)
	}
	got := waiting(t, s, id)
	if len(got) != 1 || string(got[0].Event) != `{"after":false,"before":true}` {
		t.Errorf("%+v", got)
	}
}

func signalsWanted(t *testing.T, open Opener) {
	for _, everybody := range []bool{true, false} {
		s, id := streaming(t, open, func(r *store.SignalReceiver, stream *store.SignalStream) {
			r.Everybody, stream.Delivered = everybody, []string{ended}
		})
		badges := 0
		told := func(person int) int {
			t.Helper()
			before := len(waiting(t, s, id))
			badges++
			badge := fmt.Sprint(badges)
			mustReserve(t, s, badge, person)
			revoke(t, s, badge)
			return len(waiting(t, s, id)) - before
		}
		one := map[bool]int{true: 1}
		equal(t, "by default", told(0), one[everybody])
		for range 2 {
			check(t, s.SetSignalSubject(t.Context(), id, "sub-person-001", !everybody), nil)
		}
		check(t, s.SetSignalSubject(t.Context(), id, "sub-nobody", !everybody), nil)
		equal(t, "by request", told(1), one[!everybody])
		check(t, s.SetSignalSubject(t.Context(), id, "sub-person-001", everybody), nil)
		equal(t, "by default again", told(1), one[everybody])
		check(t, s.SetSignalSubject(t.Context(), "other", "x", true), store.ErrNotFound)
	}
}

func signalsOnce(t *testing.T, open Opener) {
	for badges, want := range map[bool]int{true: 3, false: 1} {
		s, id := streaming(t, open, func(r *store.SignalReceiver, _ *store.SignalStream) { r.Badges = badges })
		for n := range 3 {
			mustReserve(t, s, fmt.Sprint(n), 0)
		}
		_, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: "person-000", To: store.Suspended, Reason: "x", By: officer, At: now})
		check(t, err, nil)
		equal(t, "signals", len(waiting(t, s, id)), want)
	}
}

func signalsBounded(t *testing.T, open Opener) {
	if testing.Short() {
		t.Skip("queues as many signals as may wait")
	}
	s, id := streaming(t, open, nil)
	mustReserve(t, s, "b", 0)
	many := func(n int) store.Signaller {
		return func(store.SignalChange) []store.Signal {
			list := make([]store.Signal, n)
			for i := range list {
				list[i] = store.Signal{Type: changed, Subject: "s", Cause: fmt.Sprint(n, "/", i)}
			}
			return list
		}
	}
	s.UseSignaller(many(store.MaxSignalsWaiting))
	_, err := setStatus(t, s, "b", store.Suspended)
	check(t, err, nil)
	first := waiting(t, s, id)[0]
	equal(t, "at the bound", state(t, s).Waiting, store.MaxSignalsWaiting)
	equal(t, "given up", state(t, s).Lost, int64(0))
	s.UseSignaller(many(1))
	_, err = setStatus(t, s, "b", store.Valid)
	check(t, err, nil)
	equal(t, "beyond it", state(t, s).Waiting, store.MaxSignalsWaiting)
	equal(t, "given up", state(t, s).Lost, int64(1))
	if waiting(t, s, id)[0].ID == first.ID {
		t.Error("the oldest still waits")
	}
}

func signalsSettled(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	for n := range 3 {
		mustReserve(t, s, fmt.Sprint(n), n)
		revoke(t, s, fmt.Sprint(n))
	}
	all := waiting(t, s, id)
	check(t, s.RetrySignalStream(t.Context(), id, store.SignalRetry{Failures: 3, At: now.Add(time.Minute), Trouble: "no answer"}), nil)
	equal(t, "failures", state(t, s).Failures, 3)
	later := now.Add(time.Hour)
	check(t, s.SettleSignals(t.Context(), id, now, []store.SignalOutcome{
		{ID: all[0].ID, Taken: true}, {ID: all[1].ID, DueAt: later, Note: "later"}, {ID: all[2].ID, Note: "never"}, {ID: "unknown", Taken: true},
	}), nil)
	got := waiting(t, s, id)
	if len(got) != 1 || got[0].ID != all[1].ID || got[0].Refusals != 1 || got[0].Note != "later" || !got[0].DueAt.Equal(later) {
		t.Errorf("waiting: %+v", got)
	}
	for due, want := range map[time.Time]int{later: 1, later.Add(-time.Microsecond): 0} {
		some, err := s.Signals(t.Context(), id, store.SignalQuery{Due: due, Type: changed, Limit: 1})
		check(t, err, nil)
		equal(t, "due", len(some), want)
	}
	refused, err := s.RefusedSignals(t.Context(), id, 10)
	check(t, err, nil)
	if len(refused) != 1 || refused[0].ID != all[2].ID || refused[0].Note != "never" {
		t.Errorf("refused: %+v", refused)
	}
	after := state(t, s)
	if after.Failures != 0 || after.Trouble != "" || !after.RetryAt.IsZero() || !after.TakenAt.Equal(now) || after.Waiting != 1 || after.Refused != 1 {
		t.Errorf("%+v", after)
	}
	check(t, s.SettleSignals(t.Context(), "another", now, []store.SignalOutcome{{ID: all[1].ID, Taken: true}}), nil)
	equal(t, "another stream's", len(waiting(t, s, id)), 1)
	n, err := s.RequeueSignals(t.Context(), id, officer, now)
	check(t, err, nil)
	equal(t, "requeued", n, 1)
	equal(t, "waiting", len(waiting(t, s, id)), 2)
	_, err = s.RequeueSignals(t.Context(), "another", officer, now)
	check(t, err, store.ErrNotFound)
}
