package server

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
)

// Bounds on the gates' event streams.
const (
	MaxGateStreams = 1024 // of all gates
	// StreamsPerGate is how many one gate may have; a further one replaces the oldest,
	// which is most likely a connection that broke.
	StreamsPerGate = 4
	// MaxRecentEndings is how many endings are kept for gates that were not connected
	// when they came.
	MaxRecentEndings = 1024
)

// gateEvents tells the gates' pages at once what they would find out later.
type gateEvents struct {
	desk *eventstream.Desk
	hub  eventstream.Hub // by gate

	mu     sync.Mutex
	recent []recentEnding // the oldest first
}

type recentEnding struct {
	gate  string
	frame []byte
}

// endedEvent says that what a decision allowed must not last. Who it was is the
// page's own to know.
type endedEvent struct {
	Decision string          `json:"decision"`
	Reason   verifier.Reason `json:"reason"`
	At       time.Time       `json:"at"`
}

func newGateEvents(config eventstream.Config) (*gateEvents, error) {
	config.Streams, config.StreamsPerReader, config.Replace = MaxGateStreams, StreamsPerGate, true
	desk, err := eventstream.New(config)
	return &gateEvents{desk: desk}, err
}

// tellLists says that there is a bundle to be fetched.
func (e *gateEvents) tellLists() { e.hub.TellAll(eventstream.Frame("lists", "", struct{}{})) }

// tellEnded says it to the gate that was told of the decision.
func (e *gateEvents) tellEnded(ending grant.Ending) {
	frame := eventstream.Frame("ended", "", endedEvent{ending.Decision, ending.Reason, ending.EndedAt.UTC()})
	e.mu.Lock()
	if len(e.recent) == MaxRecentEndings {
		e.recent[0] = recentEnding{}
		e.recent = e.recent[1:]
	}
	e.recent = append(e.recent, recentEnding{ending.Gate, frame})
	e.mu.Unlock()
	e.hub.Tell(ending.Gate, frame)
}

// greeting is what a page gets first: how often something comes, and what it may have
// missed. It looks at its lists anew by itself.
func (e *gateEvents) greeting(id string) []byte {
	heartbeat := struct {
		Heartbeat int `json:"heartbeat"`
	}{int(eventstream.Heartbeat / time.Second)}
	var b bytes.Buffer
	b.Write(eventstream.Frame("hello", "", heartbeat))
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ending := range e.recent {
		if ending.gate == id {
			b.Write(ending.frame)
		}
	}
	return b.Bytes()
}

func (e *gateEvents) measure(registry *prometheus.Registry) {
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "cyberbadge_verifier_gate_streams", Help: "Gates' pages that are told at once of what ends.",
		}, func() float64 { return float64(e.desk.Open()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "cyberbadge_verifier_gate_streams_dropped_total", Help: "Gates' event streams that ended because the page was too slow.",
		}, func() float64 { return float64(e.desk.Dropped()) }))
}

// listen answers a gate's page with its event stream.
func (g *gates) listen(w http.ResponseWriter, r *http.Request, from gate.Gate) error {
	session := r.CookiesNamed(SessionCookie)[0].Value
	mailbox := g.events.hub.Join(from.ID)
	defer g.events.hub.Leave(mailbox)
	err := g.events.desk.Serve(w, r, eventstream.Reader{
		Who: from.ID,
		// After Join, so that nothing falls between the two.
		Greeting: g.events.greeting(from.ID),
		Source:   mailbox,
		Still:    func(ctx context.Context) bool { return g.isStill(ctx, session) },
	})
	if errors.Is(err, eventstream.ErrTooMany) || errors.Is(err, eventstream.ErrEnding) {
		w.Header().Set("Retry-After", problem.RetryAfter)
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "There are as many event streams as there may be, or the service is stopping. Come again in a moment.")
	}
	return err
}

// isStill reports whether a session goes on. What can't be looked up now ends
// nothing.
func (g *gates) isStill(ctx context.Context, session string) bool {
	_, err := g.desk.Authenticate(ctx, session)
	return !errors.Is(err, gate.ErrNoSession) && !errors.Is(err, gate.ErrUnknownGate)
}

// EndStreams has the gates' event streams say goodbye and end, and new ones refused.
// Call it when shutting down begins: they would not end by themselves.
func (s *Server) EndStreams() {
	if s.gates != nil {
		s.gates.events.desk.End()
	}
}
