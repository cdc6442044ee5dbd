package server

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// Bounds of what is kept for readers of the event stream who are behind.
const (
	maxEvents        = 256     // each a change of a list
	maxEventsSize    = 4 << 20 // bytes of them
	maxTokenInEvent  = 32 << 10
	maxLastEventID   = 64
	bootIDCharacters = 12
)

// eventRing holds the newest events. All readers read in it, each at a position of
// its own: a reader who is slow costs nothing but its connection, and one whose
// position has left the ring has lost something and must begin anew.
type eventRing struct {
	boot string // begins the ids of this process's events

	mu      sync.Mutex
	lists   []listState   // all there are, as they are now
	events  []event       // the oldest first
	size    int           // bytes of their frames
	last    uint64        // number of the newest event
	changed chan struct{} // closed, and replaced, when there is an event more
}

// listState is what an event says of a list. A token is left out when it is too
// large to be sent to everybody.
type listState struct {
	URI      string `json:"uri"`
	IssuedAt int64  `json:"iat"`
	Seq      uint64 `json:"seq"`
	Token    string `json:"token,omitempty"`
}

// event is one event, ready to be sent.
type event struct {
	number uint64
	uri    string
	frame  []byte
}

func newEventRing() *eventRing {
	return &eventRing{boot: rand.Text()[:bootIDCharacters], changed: make(chan struct{})}
}

// put adds the event of a list whose entries have changed. One that was only signed
// anew is none: verifiers fetch it when its time has come.
func (g *eventRing) put(token issuer.ListToken) {
	state := listState{URI: token.URI, IssuedAt: token.IssuedAt.Unix(), Seq: token.Seq}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.note(state) {
		return
	}
	if len(token.Text) <= maxTokenInEvent {
		state.Token = token.Text
	}
	g.last++
	added := event{g.last, token.URI, eventstream.Frame("list", g.id(g.last), state)}
	g.events = append(g.events, added)
	g.size += len(added.frame)
	for len(g.events) > maxEvents || g.size > maxEventsSize {
		g.size -= len(g.events[0].frame)
		g.events[0] = event{}
		g.events = g.events[1:]
	}
	close(g.changed)
	g.changed = make(chan struct{})
}

// note remembers the state of a list and reports whether its entries are others than
// before.
func (g *eventRing) note(state listState) (changed bool) {
	at := slices.IndexFunc(g.lists, func(l listState) bool { return l.URI == state.URI })
	if at < 0 {
		g.lists = append(g.lists, state)
		return true
	}
	changed = g.lists[at].Seq != state.Seq
	g.lists[at] = state
	return changed
}

func (g *eventRing) id(number uint64) string { return g.boot + "-" + strconv.FormatUint(number, 10) }

// join returns the position of a reader who has seen the event with that id. If it
// is not known, or too much has happened since, resumed is false and lists is what
// there is: whoever compares it with what they have has missed nothing.
func (g *eventRing) join(lastEventID string) (position uint64, resumed bool, lists []listState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	boot, digits, _ := strings.Cut(lastEventID, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	if len(lastEventID) <= maxLastEventID && boot == g.boot && err == nil && number <= g.last && g.holds(number) {
		return number, true, nil
	}
	return g.last, false, slices.Clone(g.lists)
}

// holds reports whether everything after a position is still in the ring.
func (g *eventRing) holds(position uint64) bool { return position >= g.last-uint64(len(g.events)) }

// next returns the events after a position, of each list the newest alone, and what
// to wait for when there are none. It reports false if some have left the ring.
func (g *eventRing) next(position uint64) (events []event, more <-chan struct{}, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.holds(position) {
		return nil, nil, false
	}
	behind := g.events[uint64(len(g.events))-(g.last-position):]
	seen := make(map[string]bool)
	for _, e := range slices.Backward(behind) {
		if !seen[e.uri] {
			seen[e.uri] = true
			events = append(events, e)
		}
	}
	slices.Reverse(events)
	return events, g.changed, true
}
