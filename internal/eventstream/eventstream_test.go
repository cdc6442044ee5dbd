package eventstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/eventstream/eventstreamtest"
)

// service serves streams of topics: the path is the topic and who reads.
type service struct {
	*eventstream.Desk
	hub   eventstream.Hub
	still atomic.Bool
	url   string
}

func start(t *testing.T, config eventstream.Config) *service {
	t.Helper()
	desk, err := eventstream.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Desk: desk}
	s.still.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := strings.TrimPrefix(r.URL.Path, "/")
		mailbox := s.hub.Join(who)
		defer s.hub.Leave(mailbox)
		err := s.Serve(w, r, eventstream.Reader{
			Who: who, Source: mailbox, Greeting: eventstream.Frame("hello", "", who),
			Still: func(context.Context) bool { return s.still.Load() },
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(desk.End)
	s.url = server.URL
	return s
}

// listen begins to read, and returns once it was greeted.
func (s *service) listen(t *testing.T, who string) *eventstreamtest.Listener {
	t.Helper()
	l := eventstreamtest.Listen(t, s.request(t, who))
	l.Expect(t, "hello", `"`+who+`"`)
	return l
}

func (s *service) request(t *testing.T, who string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.url+"/"+who, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *service) wantRefused(t *testing.T, who string, want error) {
	t.Helper()
	_, err := eventstreamtest.Dial(t.Context(), s.request(t, who))
	var refused *eventstreamtest.StatusError
	if !errors.As(err, &refused) || strings.TrimSpace(refused.Body) != want.Error() {
		t.Errorf("%v, want %v", err, want)
	}
}

func event(n int) []byte { return eventstream.Frame("count", "", n) }

func TestEventsReachTheReadersOfTheirTopicInOrder(t *testing.T) {
	t.Parallel()
	s := start(t, eventstream.Config{})
	north, other, south := s.listen(t, "north"), s.listen(t, "north"), s.listen(t, "south")
	for n := range 3 {
		s.hub.Tell("north", event(n))
	}
	s.hub.TellAll(event(3))
	for n := range 4 {
		north.Expect(t, "count", fmt.Sprint(n))
		other.Expect(t, "count", fmt.Sprint(n))
	}
	south.Expect(t, "count", "3")
	if n := s.Open(); n != 3 {
		t.Errorf("%d streams, want 3", n)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no",
	} {
		if got := north.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAHeartbeatKeepsAQuietStream(t *testing.T) {
	t.Parallel()
	s := start(t, eventstream.Config{Heartbeat: time.Millisecond})
	l := s.listen(t, "north")
	for range 3 {
		if e := l.Next(t); e != (eventstreamtest.Event{}) {
			t.Fatalf("%v, want a comment", e)
		}
	}
	s.still.Store(false)
	l.Expect(t, "bye", `{"reason":"over"}`)
	l.ExpectEnd(t)
}

func TestAStreamEndsAfterItsLife(t *testing.T) {
	t.Parallel()
	l := start(t, eventstream.Config{Life: time.Millisecond}).listen(t, "north")
	l.Expect(t, "bye", `{"reason":"again"}`)
	l.ExpectEnd(t)
}

func TestAtTheEndAllAreToldAndNobodyIsAdmitted(t *testing.T) {
	t.Parallel()
	s := start(t, eventstream.Config{})
	var all []*eventstreamtest.Listener
	for i := range 5 {
		all = append(all, s.listen(t, fmt.Sprint(i)))
	}
	s.End()
	s.End()
	for _, l := range all {
		l.Expect(t, "bye", `{"reason":"stopping"}`)
		l.ExpectEnd(t)
	}
	s.wantRefused(t, "late", eventstream.ErrEnding)
}

func TestReadersAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, eventstream.Config{Streams: 3, StreamsPerReader: 2})
	first := s.listen(t, "north")
	s.listen(t, "north")
	s.wantRefused(t, "north", eventstream.ErrTooManyOfOne)
	s.listen(t, "south")
	s.wantRefused(t, "west", eventstream.ErrTooMany)
	first.Close()
	// The server notices in its own time that somebody is gone.
	for deadline := time.Now().Add(eventstreamtest.Patience); s.Open() == 3; {
		if time.Now().After(deadline) {
			t.Fatal("the stream that was closed still counts")
		}
		s.hub.Tell("north", event(0))
	}
	s.listen(t, "west")
}

func TestANewStreamReplacesTheOldestOfAKnownReader(t *testing.T) {
	t.Parallel()
	s := start(t, eventstream.Config{Streams: 2, StreamsPerReader: 2, Replace: true})
	first, second := s.listen(t, "north"), s.listen(t, "north")
	third := s.listen(t, "north")
	first.Expect(t, "bye", `{"reason":"replaced"}`)
	first.ExpectEnd(t)
	s.hub.Tell("north", event(1))
	second.Expect(t, "count", "1")
	third.Expect(t, "count", "1")
	if n := s.Open(); n != 2 {
		t.Errorf("%d streams, want 2", n)
	}
	s.wantRefused(t, "south", eventstream.ErrTooMany)
}

func TestWhatWaitsAlreadyIsNotToldTwice(t *testing.T) {
	t.Parallel()
	var hub eventstream.Hub
	m := hub.Join("north")
	for range eventstream.MaxWaiting + 1 {
		hub.TellAll(event(1))
	}
	if frames, _, ok := m.Next(); !ok || len(frames) != 1 {
		t.Errorf("%d events wait, want 1", len(frames))
	}
	hub.TellAll(event(1))
	if frames, _, ok := m.Next(); !ok || len(frames) != 1 {
		t.Errorf("%d events wait after the first was taken, want 1", len(frames))
	}
	hub.Leave(m)
	hub.TellAll(event(2))
	if frames, _, ok := m.Next(); !ok || len(frames) != 0 {
		t.Error("an event came after the reader had left")
	}
}

func TestAMailboxIsBounded(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]bool{eventstream.MaxWaiting: true, eventstream.MaxWaiting + 1: false} {
		var hub eventstream.Hub
		m := hub.Join("north")
		for n := range count {
			hub.Tell("north", event(n))
		}
		if _, _, ok := m.Next(); ok != want {
			t.Errorf("%d events wait: %v, want %v", count, ok, want)
		}
	}
}

// slowSource always has an event of that size.
type slowSource struct{ frame []byte }

func (s slowSource) Next() ([][]byte, <-chan struct{}, bool) { return [][]byte{s.frame}, nil, true }

// TestAReaderWhoReadsNothingIsGivenUp: the write fails at its deadline, however much
// there would be to send.
func TestAReaderWhoReadsNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	desk, err := eventstream.New(eventstream.Config{Heartbeat: time.Millisecond, WriteTime: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = desk.Serve(w, r, eventstream.Reader{Source: slowSource{eventstream.Frame("x", "", strings.Repeat("x", 1<<20))}})
		close(ended)
	}))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(eventstreamtest.Patience):
		t.Fatal("the stream goes on")
	}
	if desk.Open() != 0 {
		t.Error("it still counts")
	}
}

// lossySource has lost something.
type lossySource struct{}

func (lossySource) Next() ([][]byte, <-chan struct{}, bool) { return nil, nil, false }

func TestWhoHasLostEventsIsToldAndClosed(t *testing.T) {
	t.Parallel()
	desk, err := eventstream.New(eventstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = desk.Serve(w, r, eventstream.Reader{Source: lossySource{}})
	}))
	t.Cleanup(server.Close)
	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := eventstreamtest.Listen(t, r)
	l.Expect(t, "dropped", `{"reason":"too_slow"}`)
	l.ExpectEnd(t)
	if desk.Dropped() != 1 {
		t.Errorf("%d streams counted as dropped", desk.Dropped())
	}
}

func TestManyReadersAndManyEvents(t *testing.T) {
	t.Parallel()
	const readers, events = 50, 100
	s := start(t, eventstream.Config{})
	var all []*eventstreamtest.Listener
	for i := range readers {
		all = append(all, s.listen(t, fmt.Sprint(i%5)))
	}
	var done sync.WaitGroup
	for _, l := range all {
		done.Go(func() {
			for n := range events {
				if e, err := l.Read(); err != nil || e.Data != fmt.Sprint(n) {
					t.Errorf("%v (%v), want %d", e, err, n)
					return
				}
			}
		})
	}
	for n := range events {
		for topic := range 5 {
			s.hub.Tell(fmt.Sprint(topic), event(n))
		}
	}
	done.Wait()
	if got := s.Sent(); got != readers*events {
		t.Errorf("%d events sent, want %d", got, readers*events)
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := eventstream.New(eventstream.Config{Streams: eventstream.MaxStreams + 1, StreamsPerReader: -1, Heartbeat: -1, WriteTime: -1, Life: -1})
	for _, part := range []string{
		"Streams is 65537; it must be from 1 to 65536", "StreamsPerReader is -1;", "Heartbeat is negative", "WriteTime is negative", "Life is negative",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %q", err, part)
		}
	}
	if _, err := eventstream.New(eventstream.Config{Streams: eventstream.MaxStreams, StreamsPerReader: 1}); err != nil {
		t.Error(err)
	}
}
