package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/internal/secure"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/grant/webhook"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// Bounds on a call.
const (
	MaxBody     = 16 << 10 // bytes of a call's body
	MaxSite     = 128      // bytes of a site's name
	MaxAudience = 1024     // bytes of an audience
	// MaxWait is how long a decision may wait for a status list. What is not
	// known by then is denied as status_unavailable.
	MaxWait = 5 * time.Second
	// VerificationsPerCPU times GOMAXPROCS is how many decisions may be under
	// way at once. Each is a fraction of a millisecond of work, so a caller who
	// gets in waits for some ten milliseconds behind the others.
	VerificationsPerCPU = 64
)

// GCPercent is the garbage collector's target that suits a process which does
// nothing else, for debug.SetGCPercent. A decision leaves much behind and holds
// nothing, so with Go's own 100 the collector runs all the time over a heap of a
// few megabytes, for a sixth of a decision's cost.
const GCPercent = 400

// Config configures a [Server]. Only Verifier is required.
type Config struct {
	// Verifier decides. The server does not close it.
	Verifier *verifier.Verifier
	// Site is the site of decisions whose request names none.
	Site string
	// AuthorizeAccess is what forward auth asks of a badge; credential.Remote
	// when empty.
	AuthorizeAccess credential.Access
	// TLS says that callers reach this service over TLS, here or at a proxy in
	// front; it adds Strict-Transport-Security.
	TLS bool

	// Signals takes security event tokens that issuers push to /v1/signals; see
	// package verifier/signal. Nothing is found there when nil.
	Signals http.Handler

	// Lists counts what becomes of the verifier's lists; not among the metrics when
	// nil.
	Lists *ListEvents

	// Webhooks tells other systems when something must end that a decision here
	// allowed; nobody when nil. The server does not run it.
	Webhooks *webhook.Sender

	// Gates pairs tablets and knows them again. When nil, there are no gates here:
	// none of the fields below has a meaning, and nothing below /gate/ answers.
	Gates *gate.Desk
	// Register keeps the visits that gates report, for a time that guards are told.
	// Off when nil.
	Register *visit.Register
	// Policies are what gates may ask for beyond the verifier's own policy, by the
	// names that Gates knows.
	Policies map[string]verifier.Policy
	// Pictures fetches people's pictures from the issuers' sites for the gates;
	// none are shown when nil.
	Pictures PictureFetcher
	Help     Help
	// Address is the origin that browsers know this service by, such as
	// https://gate.customer.example. It is needed only where a proxy in front
	// changes the Host header: calls of pages from there are taken, too.
	Address string

	// Ready says whether decisions can be made, beyond a trust list being
	// loaded, which New has seen to. nil: always.
	Ready  func(context.Context) error
	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger     // discards when nil
}

// Server answers calls. It is safe for concurrent use.
type Server struct {
	config     Config
	slots      chan struct{} // one for each decision under way
	metrics    *metrics
	grants     *grants
	gates      *gates // nil: none
	handler    http.Handler
	operations http.Handler
}

// New reports everything that is wrong with the configuration at once. It
// starts nothing.
func New(config Config) (*Server, error) {
	if config.AuthorizeAccess == "" {
		config.AuthorizeAccess = credential.Remote
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Signals == nil {
		config.Signals = problem.NotFound()
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	s := &Server{
		config: config,
		slots:  make(chan struct{}, VerificationsPerCPU*runtime.GOMAXPROCS(0)),
	}
	s.metrics = newMetrics(func() float64 { return float64(len(s.slots)) })
	s.metrics.registry.MustRegister(newBundleMetrics(config.Verifier))
	if config.Lists != nil {
		s.metrics.registry.MustRegister(config.Lists.total)
	}
	headers, err := secure.New(secure.Config{TLS: config.TLS})
	if err != nil {
		return nil, fmt.Errorf("verifier/server: %w", err)
	}
	if config.Gates != nil {
		if s.gates, err = s.newGates(); err != nil {
			return nil, fmt.Errorf("verifier/server: %w", err)
		}
	}
	if s.grants, err = s.newGrants(); err != nil {
		return nil, fmt.Errorf("verifier/server: %w", err)
	}
	router, err := s.router()
	if err != nil {
		return nil, fmt.Errorf("verifier/server: %w", err)
	}
	s.handler = headers(router)
	s.operations = headers(httpserver.Operations(s.metrics.handler(), s.Ready, s.config.Logger))
	return s, nil
}

func (c Config) check() error {
	var problems []error
	if c.Verifier == nil {
		problems = append(problems, errors.New("verifier/server: no Verifier: nothing could be decided"))
	}
	if len(c.Site) > MaxSite {
		problems = append(problems, fmt.Errorf("verifier/server: Site has %d bytes; %d at most", len(c.Site), MaxSite))
	}
	if !c.AuthorizeAccess.Known() {
		problems = append(problems, fmt.Errorf("verifier/server: AuthorizeAccess is %q; give onsite or remote", c.AuthorizeAccess))
	}
	return errors.Join(append(problems, c.checkGates()...)...)
}

// Handler answers the public listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Operations answers the operator's own listener, which must not be reachable
// for the public: /metrics for Prometheus, /healthz and /readyz.
func (s *Server) Operations() http.Handler { return s.operations }

// Ready fails while no decisions can be made. It is what /readyz tells.
func (s *Server) Ready(ctx context.Context) error {
	if s.config.Ready == nil {
		return nil
	}
	return s.config.Ready(ctx)
}
