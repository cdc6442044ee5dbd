package server

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/ratelimit"
)

// refusedFor is what a client is told that has too many streams, in seconds.
const refusedFor = 10

// hello is what a stream begins with.
type hello struct {
	Issuer    string `json:"issuer"`
	Resumed   bool   `json:"resumed"` // from Last-Event-ID on; else all lists follow
	Heartbeat int    `json:"heartbeat"`
}

// EndStreams has the event streams say goodbye and end, and new ones refused. Call
// it when shutting down begins: they would not end by themselves.
func (s *Server) EndStreams() {
	s.streams.End()
	if s.config.Signals != nil {
		s.config.Signals.EndPolls()
	}
}

// listEvents answers with the stream of changes of lists. It tells nothing that the
// lists do not: they are public, and so is when they change.
func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodHead {
		eventstream.Announce(w)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	source, greeting := s.greet(r.Header.Get("Last-Event-ID"))
	err := s.streams.Serve(w, r, eventstream.Reader{
		Who: ratelimit.Address(r, s.officers.limits.proxies), Greeting: greeting, Source: source,
	})
	switch {
	case errors.Is(err, eventstream.ErrTooManyOfOne):
		w.Header().Set("Retry-After", strconv.Itoa(refusedFor))
		return refuse(http.StatusTooManyRequests, CodeTooManyRequests,
			"This client has as many event streams as one may have. End one, or share one among those who need it.")
	case errors.Is(err, eventstream.ErrTooMany):
		return refuse(http.StatusServiceUnavailable, CodeOverloaded,
			"There are as many event streams as there may be. Fetch the lists by their ttl, and come again.")
	case errors.Is(err, eventstream.ErrEnding):
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "This service is stopping. Come again in a moment.")
	}
	return err
}

// greet says hello to a reader who has seen the event with that id and, unless it can
// go on there, names every list: without their tokens, because most readers have them.
// The last one carries the id, since whoever goes away before has not seen them all.
func (s *Server) greet(lastEventID string) (*ringReader, []byte) {
	position, resumed, lists := s.changes.join(lastEventID)
	id := ""
	if len(lists) == 0 && !resumed {
		id = s.changes.id(position)
	}
	greeting := eventstream.Frame("hello", id, hello{s.config.Program.URL(), resumed, int(eventstream.Heartbeat / time.Second)})
	for i, list := range lists {
		if i == len(lists)-1 {
			id = s.changes.id(position)
		}
		greeting = append(greeting, eventstream.Frame("list", id, list)...)
	}
	return &ringReader{ring: s.changes, position: position}, greeting
}

// ringReader is one reader's position in the ring.
type ringReader struct {
	ring     *eventRing
	position uint64
}

var _ eventstream.Source = (*ringReader)(nil)

// Next implements [eventstream.Source].
func (r *ringReader) Next() (frames [][]byte, more <-chan struct{}, ok bool) {
	events, more, ok := r.ring.next(r.position)
	for _, e := range events {
		frames = append(frames, e.frame)
		r.position = e.number
	}
	return frames, more, ok
}
