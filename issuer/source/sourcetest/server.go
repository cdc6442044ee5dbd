package sourcetest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
)

// maxBody is that of the client which Serve returns.
const maxBody = 4 << 20

// Serve serves a source over TLS on loopback and returns its address and a client
// that may call it, and takes pages of up to 4 MiB.
func Serve(t testing.TB, handler http.Handler) (string, *outbound.Client) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	reach := outboundtest.Reach(t, server)
	reach.MaxBody = maxBody
	return server.URL, outboundtest.Client(t, reach)
}

// Clock stands still until a test moves it. Waiting moves it, too.
type Clock struct {
	clocktest.Clock
	mu     sync.Mutex
	waited []time.Duration
}

// NewClock returns a clock that stands at an instant.
func NewClock(at time.Time) *Clock {
	c := new(Clock)
	c.Set(at)
	return c
}

// Wait moves the clock instead of waiting, and remembers it.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	c.Move(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waited = append(c.waited, d)
	return ctx.Err()
}

// Waited returns all waits so far.
func (c *Clock) Waited() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.waited)
}

// Answer is what a server says instead of the usual.
type Answer struct {
	Status     int
	RetryAfter string
	Type       string // media type; JSON when empty
	Body       string
	CutOff     bool // the connection breaks in the middle of Body
}

// faults are answers that are given instead, each once, in order, to calls whose
// path begins with a prefix; and the calls that came.
type faults struct {
	mu      sync.Mutex
	instead map[string][]Answer
	calls   []string
}

// Instead has the next calls below a path answered otherwise, each with one of the
// answers.
func (f *faults) Instead(path string, answers ...Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.instead == nil {
		f.instead = map[string][]Answer{}
	}
	f.instead[path] = append(f.instead[path], answers...)
}

// Calls returns method, path and query of the calls so far.
func (f *faults) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// fault answers with what was asked for, if anything was.
func (f *faults) fault(w http.ResponseWriter, r *http.Request) bool {
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+r.URL.String())
	var answer *Answer
	for prefix, queue := range f.instead {
		if strings.HasPrefix(r.URL.Path, prefix) && len(queue) > 0 {
			answer, f.instead[prefix] = &queue[0], queue[1:]
			break
		}
	}
	f.mu.Unlock()
	if answer == nil {
		return false
	}
	answer.write(w)
	return true
}

func (a *Answer) write(w http.ResponseWriter) {
	if a.RetryAfter != "" {
		w.Header().Set("Retry-After", a.RetryAfter)
	}
	kind := a.Type
	if kind == "" {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	if a.CutOff {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)+1000))
	}
	w.WriteHeader(a.Status)
	_, _ = fmt.Fprint(w, a.Body)
	if a.CutOff {
		_ = http.NewResponseController(w).Flush() // or the call would be repeated
		panic(http.ErrAbortHandler)
	}
}
