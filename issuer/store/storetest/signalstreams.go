package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func setSignals(t *testing.T, s store.Store, id string, to store.SignalStatus, office bool) error {
	t.Helper()
	_, err := s.SetSignalStatus(t.Context(), store.SignalStatusChange{
		StreamID: id, To: to, Reason: "why", Office: office, By: officer, At: now, Told: store.Signal{Type: "urn:told", Cause: string(to)},
	})
	return err
}

func signalsDisabled(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	for n := range 3 {
		mustReserve(t, s, fmt.Sprint(n), n)
	}
	revoke(t, s, "0")
	check(t, setSignals(t, s, id, store.SignalPaused, false), nil)
	revoke(t, s, "1")
	equal(t, "while paused", len(waiting(t, s, id)), 2)
	check(t, setSignals(t, s, id, store.SignalDisabled, false), nil)
	revoke(t, s, "2")
	equal(t, "while disabled", len(waiting(t, s, id)), 0)
	equal(t, "given up", state(t, s).Lost, int64(2))
	quiet(t, s, func() { check(t, setSignals(t, s, id, store.SignalDisabled, false), nil) })
	check(t, setSignals(t, s, "another", store.SignalPaused, false), store.ErrNotFound)
}

func signalsHeld(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	check(t, setSignals(t, s, id, store.SignalPaused, true), nil)
	quiet(t, s, func() {
		check(t, setSignals(t, s, id, store.SignalEnabled, false), store.ErrHeld)
		check(t, setSignals(t, s, id, store.SignalDisabled, false), store.ErrHeld)
		check(t, setSignals(t, s, id, store.SignalPaused, false), nil)
	})
	check(t, setSignals(t, s, id, store.SignalEnabled, true), nil)
	var types []string
	for _, q := range waiting(t, s, id) {
		types = append(types, q.Type+"/"+q.Cause+"/"+q.Subject)
	}
	equal(t, "told", types, []string{"urn:told/paused/", "urn:told/enabled/"})
	check(t, setSignals(t, s, id, store.SignalPaused, false), nil)
	equal(t, "by the receiver", len(waiting(t, s, id)), 2)
}

func signalsVerified(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	asked := 0
	verify := func(at time.Time) error {
		asked++
		return s.VerifySignalStream(t.Context(), store.SignalVerification{
			StreamID: id, Event: store.Signal{Type: "urn:verify", Cause: fmt.Sprint(asked)}, Interval: time.Minute, At: at,
		})
	}
	check(t, verify(now), nil)
	check(t, verify(now.Add(time.Minute-time.Microsecond)), store.ErrTooSoon)
	check(t, verify(now.Add(time.Minute)), nil)
	check(t, verify(now), nil) // the clock was set back
	equal(t, "queued", len(waiting(t, s, id)), 3)
	check(t, setSignals(t, s, id, store.SignalDisabled, false), nil)
	check(t, verify(now.Add(time.Hour)), store.ErrConflict)
	check(t, s.VerifySignalStream(t.Context(), store.SignalVerification{StreamID: "another", At: now}), store.ErrNotFound)
}

func signalsExpired(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	mustReserve(t, s, "b", 0)
	revoke(t, s, "b")
	n, err := s.ExpireSignals(t.Context(), now)
	check(t, err, nil)
	equal(t, "expired", n, 0)
	equal(t, "waiting", len(waiting(t, s, id)), 1)
	n, err = s.ExpireSignals(t.Context(), now.Add(time.Microsecond))
	check(t, err, nil)
	equal(t, "expired", n, 1)
	equal(t, "given up", state(t, s).Lost, int64(1))
}

func signalsRemoved(t *testing.T, open Opener) {
	s, id := streaming(t, open, nil)
	mustReserve(t, s, "b", 0)
	revoke(t, s, "b")
	check(t, s.SetSignalSubject(t.Context(), id, "x", false), nil)
	check(t, s.RemoveSignalReceiver(t.Context(), "gate", officer, now), nil)
	check(t, s.RemoveSignalReceiver(t.Context(), "gate", officer, now), store.ErrNotFound)
	_, err := s.SignalStream(t.Context(), "gate")
	check(t, err, store.ErrNotFound)
	equal(t, "signals", len(waiting(t, s, id)), 0)

	check(t, s.AddSignalReceiver(t.Context(), Receiver("gate")), nil)
	check(t, s.AddSignalStream(t.Context(), Stream("gate")), nil)
	check(t, s.RemoveSignalStream(t.Context(), id, officer, now), nil)
	check(t, s.RemoveSignalStream(t.Context(), id, officer, now), store.ErrNotFound)
	_, err = s.SignalReceiver(t.Context(), "gate")
	check(t, err, nil)
}

func signalsWatched(t *testing.T, open Opener) {
	s, _ := streaming(t, open, nil)
	mustReserve(t, s, "a", 0)
	mustReserve(t, s, "b", 0)
	var told atomic.Int32
	stop := s.WatchSignals(func() { told.Add(1) })
	revoke(t, s, "a")
	if told.Load() == 0 {
		t.Error("nobody was told by the time that the change was made")
	}
	stop()
	before := told.Load()
	revoke(t, s, "b")
	equal(t, "told after the end", told.Load(), before)
}
