package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/eventstream/eventstreamtest"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
)

// patience is after how long a test that waits has failed.
const patience = eventstreamtest.Patience

func (tb *tablet) eventsCall(t testing.TB) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodGet, tb.site.url+gateAPI+"events", "")
	r.Header.Set("Cookie", tb.cookie)
	return r
}

// listen opens the gate's event stream, and returns once it was greeted.
func (tb *tablet) listen(t testing.TB) *eventstreamtest.Listener {
	t.Helper()
	l := eventstreamtest.Listen(t, tb.eventsCall(t))
	l.Expect(t, "hello", `{"heartbeat":15}`)
	return l
}

func endedData(d verifier.Decision, reason verifier.Reason, at time.Time) string {
	return fmt.Sprintf(`{"decision":%q,"reason":%q,"at":%q}`, d.ID, reason, at.Format(time.RFC3339))
}

func TestGateEvents_TheGateThatLetInHearsOfIt(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	north, south := newGate(t, s, gate.Invitation{Name: "North"}), newGate(t, s, gate.Invitation{Name: "South"})
	first := north.decide(t, fresh(t, "a"))
	second := south.decide(t, fresh(t, "b"))
	atNorth, again, atSouth := north.listen(t), north.listen(t), south.listen(t)
	s.Move(time.Second)
	s.list(t, revocation.Valid, s.Now()) // signed anew: nothing to tell
	s.list(t, revocation.Suspended, s.Now())
	for _, l := range []*eventstreamtest.Listener{atNorth, again} {
		l.Expect(t, "ended", endedData(first, verifier.Suspended, s.Now()))
		l.Expect(t, "lists", `{}`)
	}
	atSouth.Expect(t, "ended", endedData(second, verifier.Suspended, s.Now()))
	atSouth.Expect(t, "lists", `{}`)
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "Access-Control-Allow-Origin": "",
	} {
		if got := atNorth.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := s.sample(t, "cyberbadge_verifier_gate_streams"); n != 3 {
		t.Errorf("%v streams, want 3", n)
	}
}

// TestGateEvents_WhatWasMissedComesFirst: a tablet that slept learns whom it let in
// wrongly, and another gate's are none of its business.
func TestGateEvents_WhatWasMissedComesFirst(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	north, south := newGate(t, s, gate.Invitation{Name: "North"}), newGate(t, s, gate.Invitation{Name: "South"})
	decision := north.decide(t, fresh(t, "a"))
	s.list(t, revocation.Invalid, s.Now())
	for range 2 {
		north.listen(t).Expect(t, "ended", endedData(decision, verifier.Revoked, s.Now()))
	}
	l := south.listen(t)
	s.service.gates.events.tellLists()
	l.Expect(t, "lists", `{}`)
}

func TestGateEvents_EndingsThatAreKeptAreBounded(t *testing.T) {
	t.Parallel()
	e, err := newGateEvents(eventstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range MaxRecentEndings + 1 {
		e.tellEnded(ending("north", fmt.Sprint("d", i)))
	}
	greeting := string(e.greeting("north"))
	if n := strings.Count(greeting, "event: ended"); n != MaxRecentEndings || strings.Contains(greeting, `"d0"`) || !strings.Contains(greeting, `"d1"`) {
		t.Errorf("%d endings are kept", n)
	}
}

func TestGateEvents_NeedTheSessionAndEndWithIt(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s *site, tb *tablet){
		"the gate was ended": func(t *testing.T, s *site, tb *tablet) {
			if err := s.desk.End(t.Context(), tb.gate.ID); err != nil {
				t.Fatal(err)
			}
		},
		"the session is over": func(_ *testing.T, s *site, _ *tablet) { s.Move(gate.SessionLife) },
	} {
		s := startGates(t, nil)
		desk, err := eventstream.New(eventstream.Config{Heartbeat: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		s.service.gates.events.desk = desk
		tb := newGate(t, s, gate.Invitation{})
		l := tb.listen(t)
		if e := l.Next(t); e != (eventstreamtest.Event{}) {
			t.Fatalf("%s: %v, want a heartbeat", name, e)
		}
		end(t, s, tb)
		l.Expect(t, "bye", `{"reason":"over"}`)
		l.ExpectEnd(t)
		if _, err := eventstreamtest.Dial(t.Context(), tb.eventsCall(t)); statusOf(err) != 401 && statusOf(err) != 403 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// statusOf is 0 for what is no answer.
func statusOf(err error) int {
	var refused *eventstreamtest.StatusError
	if errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}

func TestGateEvents_AFurtherStreamOfAGateEndsTheOldest(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb, other := newGate(t, s, gate.Invitation{Name: "North"}), newGate(t, s, gate.Invitation{Name: "South"})
	kept := other.listen(t)
	var all []*eventstreamtest.Listener
	for range StreamsPerGate + 1 {
		all = append(all, tb.listen(t))
	}
	all[0].Expect(t, "bye", `{"reason":"replaced"}`)
	all[0].ExpectEnd(t)
	s.service.gates.events.tellLists()
	for _, l := range append(all[1:], kept) {
		l.Expect(t, "lists", `{}`)
	}
}

func TestGateEvents_EndWhenTheServiceDoes(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	var all []*eventstreamtest.Listener
	for i := range 20 {
		all = append(all, newGate(t, s, gate.Invitation{Name: fmt.Sprint("Gate ", i)}).listen(t))
	}
	late := newGate(t, s, gate.Invitation{Name: "Late"})
	s.service.EndStreams()
	for _, l := range all {
		l.Expect(t, "bye", `{"reason":"stopping"}`)
		l.ExpectEnd(t)
	}
	if _, err := eventstreamtest.Dial(t.Context(), late.eventsCall(t)); statusOf(err) != 503 {
		t.Errorf("after the end: %v", err)
	}
	// The server stops at once, and not when its grace is over.
	s.stop()
	select {
	case err := <-s.stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(httpserver.DefaultShutdownGrace):
		t.Error("streams keep the service from stopping")
	}
}

// TestGateEvents_ReachManyGatesWhileOneReadsNothing: revocations go on meanwhile, and
// none waits for who is slow.
func TestGateEvents_ReachManyGatesWhileOneReadsNothing(t *testing.T) {
	t.Parallel()
	const gates = 30
	s := startGates(t, nil)
	stuck := newGate(t, s, gate.Invitation{Name: "Stuck"})
	stuck.listen(t) // and never reads on
	var tablets []*tablet
	var listeners []*eventstreamtest.Listener
	for i := range gates {
		tb := newGate(t, s, gate.Invitation{Name: fmt.Sprint("Gate ", i)})
		tablets, listeners = append(tablets, tb), append(listeners, tb.listen(t))
	}
	decided := make([]verifier.Decision, gates)
	for i, tb := range tablets {
		decided[i] = tb.decide(t, fresh(t, fmt.Sprint("n", i)))
	}
	var done sync.WaitGroup
	for i, l := range listeners {
		done.Go(func() {
			e, err := l.Read()
			for err == nil && e.Name != "ended" {
				e, err = l.Read()
			}
			var got endedEvent
			if err := errors.Join(err, json.Unmarshal([]byte(e.Data), &got)); err != nil || got.Decision != decided[i].ID {
				t.Errorf("gate %d: %v %v, want %s", i, e, err, decided[i].ID)
			}
		})
	}
	for range 10 * eventstream.MaxWaiting {
		s.service.gates.events.hub.Tell(stuck.gate.ID, eventstream.Frame("filler", "", strings.Repeat("x", 4096)+fmt.Sprint(time.Now().UnixNano())))
	}
	s.list(t, revocation.Invalid, s.Now())
	done.Wait()
}

// TestGateEvents_AListThatComesFirstIsToldToo: a gate that was paired before the
// service had any list has nothing to decide by until then.
func TestGateEvents_AListThatComesFirstIsToldToo(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	l := newGate(t, s, gate.Invitation{}).listen(t)
	s.list(t, revocation.Valid, s.Now())
	l.Expect(t, "lists", `{}`)
	s.Move(time.Second)
	s.list(t, revocation.Valid, s.Now())
	s.Move(time.Second)
	if err := s.service.config.Verifier.Deny(credentialtest.IssuerURL, credentialtest.ListURI, 7, revocation.Invalid, s.Now()); err != nil {
		t.Fatal(err)
	}
	s.list(t, revocation.Suspended, s.Now().Add(time.Second))
	l.Expect(t, "lists", `{}`)
}

func ending(at, decision string) grant.Ending {
	return grant.Ending{Grant: grant.Grant{Decision: decision, Gate: at}, Reason: verifier.Revoked, EndedAt: credentialtest.Now}
}
