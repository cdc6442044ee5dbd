package server

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/internal/ratelimit"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// Limit is how much one client may call. The zero value is the default.
type Limit struct {
	PerSecond float64 // that a client may go on making
	Burst     int     // that a client may make at once
}

// The limits that hold unless the configuration has others.
var (
	// DefaultCallers is for each token and each session.
	DefaultCallers = Limit{PerSecond: 50, Burst: 500}
	// DefaultPublic is for what anybody may change something with, phones above
	// all, by address: behind one address there may be a whole company.
	DefaultPublic = Limit{PerSecond: 50, Burst: 500}
	// DefaultSignIns is for signing in, and for tokens and sessions that are no
	// good, by address.
	DefaultSignIns = Limit{PerSecond: 1, Burst: 60}
	// DefaultDocuments is for what verifiers and phones live on, by address: status
	// lists, keys, pictures, pages. A verifier that can't read a status list turns
	// people away, so this is only there for callers who are broken.
	DefaultDocuments = Limit{PerSecond: 500, Burst: 5000}
)

// Limits bounds what one client may take. The zero value is the defaults, without
// a proxy in front.
type Limits struct {
	Callers   Limit
	Public    Limit
	SignIns   Limit
	Documents Limit
	// Concerns is for raising concerns, by address; AllConcerns for everybody
	// together.
	Concerns    Limit
	AllConcerns Limit
	// Streams is how many event streams there may be, and StreamsPerClient how many
	// of one address, behind which there may be a company's gates: 1 to
	// eventstream.MaxStreams; zero for the usual numbers of that package.
	Streams          int
	StreamsPerClient int
	// Proxies is how many proxies stand in front of this service and add to
	// X-Forwarded-For who called them. Too few, and all clients are one; too many,
	// and a client chooses its own address. At most ratelimit.MaxProxies.
	Proxies int
}

// limiters are the limits at work.
type limiters struct {
	callers, public, signIns, documents, concerns, allConcerns *ratelimit.Limiter

	proxies int
}

func newLimiters(c Limits, now func() time.Time) (*limiters, error) {
	l := &limiters{proxies: c.Proxies}
	var problems []error
	if c.Proxies < 0 || c.Proxies > ratelimit.MaxProxies {
		problems = append(problems, fmt.Errorf("limits: Proxies is %d; it must be from 0 to %d", c.Proxies, ratelimit.MaxProxies))
	}
	for _, limit := range []struct {
		name    string
		given   Limit
		usual   Limit
		limiter **ratelimit.Limiter
	}{
		{"Callers", c.Callers, DefaultCallers, &l.callers},
		{"Public", c.Public, DefaultPublic, &l.public},
		{"SignIns", c.SignIns, DefaultSignIns, &l.signIns},
		{"Documents", c.Documents, DefaultDocuments, &l.documents},
		{"Concerns", c.Concerns, DefaultConcerns, &l.concerns},
		{"AllConcerns", c.AllConcerns, DefaultAllConcerns, &l.allConcerns},
	} {
		if limit.given == (Limit{}) {
			limit.given = limit.usual
		}
		made, err := ratelimit.New(ratelimit.Config{PerSecond: limit.given.PerSecond, Burst: limit.given.Burst, Now: now})
		if err != nil {
			problems = append(problems, fmt.Errorf("limits: %s: %w", limit.name, err))
		}
		*limit.limiter = made
	}
	return l, errors.Join(problems...)
}

// of returns the limit of a route that anybody may call, or nil: whoever watches
// over this service must not be told that it is busy, and where a caller is
// identified that is who is limited.
func (l *limiters) of(r route) *ratelimit.Limiter {
	reads := r.method == http.MethodGet || r.method == http.MethodHead || r.method == http.MethodOptions
	switch {
	case r.scope != "", r.path == mePath, r.path == "/healthz", r.path == "/readyz":
		return nil
	case strings.HasPrefix(r.path, officePath):
		return l.signIns
	case reads:
		return l.documents
	case strings.HasSuffix(r.path, issuer.ConcernsPath):
		return l.concerns
	}
	return l.public
}

// limited bounds the routes that anybody may call.
func (s *Server) limited(routes []route) []route {
	limited := make([]route, len(routes))
	for i, r := range routes {
		limited[i] = r
		limiter := s.officers.limits.of(r)
		if limiter == nil {
			continue
		}
		limited[i].answer = func(w http.ResponseWriter, request *http.Request) error {
			if err := s.officers.limits.stranger(w, request, limiter); err != nil {
				return err
			}
			return r.answer(w, request)
		}
	}
	return limited
}

// stranger takes a call of somebody who has nothing but an address.
func (l *limiters) stranger(w http.ResponseWriter, r *http.Request, limiter *ratelimit.Limiter) error {
	return takeOne(w, limiter, ratelimit.Address(r, l.proxies))
}

// takeOne takes one call of a client, or says when there is one again.
func takeOne(w http.ResponseWriter, limiter *ratelimit.Limiter, client string) error {
	wait := limiter.Take(client)
	if wait == 0 {
		return nil
	}
	seconds := ratelimit.Seconds(wait)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return refuse(http.StatusTooManyRequests, CodeTooManyRequests, "These are too many calls from one client. Go on in %d seconds.", seconds)
}

// identified limits who was identified, and by address whoever was not: so one token
// that calls too much is in nobody else's way, and guessing costs.
func (l *limiters) identified(w http.ResponseWriter, r *http.Request, who caller, err error) (caller, error) {
	if err == nil {
		return who, takeOne(w, l.callers, who.by)
	}
	if problem.From(known(err)).Status != http.StatusUnauthorized {
		return who, err
	}
	if busy := l.stranger(w, r, l.signIns); busy != nil {
		return who, busy
	}
	return who, err
}
