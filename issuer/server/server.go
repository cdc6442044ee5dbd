package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/secure"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/web"
)

// Bounds on a call.
const (
	MaxBody   = 16 << 10 // bytes of a call's body, imports aside
	MaxImport = 64 << 20 // bytes of an import, all its files together

	maxUploads = 2 // of pictures at once: a large one takes some 300 MB while it is read
	maxImports = 1 // under way at once: each holds what it has read
	maxWalks   = 4 // readers of everybody's standing at once: each holds a connection to the store
)

// TokenStore keeps the API tokens. A store.Store is one.
type TokenStore interface {
	store.TokenReader
	store.TokenWriter
}

// Config configures a [Server]. Program and Tokens are required.
type Config struct {
	// Program is the issuer. The server does not close its store.
	Program *issuer.Program
	Tokens  TokenStore
	// Office lets officers sign in; nil for API tokens alone.
	Office *officers.Office
	// TokenUses keeps when tokens were last used; nil does not.
	TokenUses officers.TokenUses
	Limits    Limits
	// Evidence says how training and devices are pushed and pulled.
	Evidence Evidence
	// TrustBundle returns the newest bundle without lists that the operator published,
	// empty for none. It is called for every reader. nil: there is never one.
	TrustBundle func() (string, error)
	// Courier delivers messages when POST /v1/program/advance is called; nil where
	// one runs beside the service, or nothing is delivered.
	Courier Courier
	// Signals is what other systems hear of changes from; nil for none.
	Signals *signal.Desk
	// TLS says that callers reach this service over TLS, here or at a proxy in
	// front; it adds Strict-Transport-Security.
	TLS    bool
	Now    func() time.Time // time.Now when nil; the same as the program's
	Logger *slog.Logger     // discards when nil
}

// Server answers calls. It is safe for concurrent use.
type Server struct {
	config      Config
	base        string // path of the issuer's URL: empty, or /… without a slash at its end
	desk        *enrol.Desk
	metrics     *metrics
	lists       compressedLists
	trustBundle trustBundle
	changes     *eventRing // of status lists, for the event streams
	streams     *eventstream.Desk
	officers    officeDesk
	console     *web.Pages // of which the console answers a browser whose sign-in failed
	evidence    *evidenceDesk
	uploads     chan struct{} // one for each picture that is taken in
	imports     chan struct{} // one for each import under way
	walks       chan struct{} // one for each reader of everybody's standing
	public      http.Handler
	local       http.Handler
	operations  http.Handler
}

// New reports everything that is wrong with the configuration at once. It
// starts nothing.
func New(config Config) (*Server, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("issuer/server: %w", err)
	}
	s := &Server{
		config:  config,
		uploads: make(chan struct{}, maxUploads),
		imports: make(chan struct{}, maxImports),
		walks:   make(chan struct{}, maxWalks),

		trustBundle: trustBundle{read: config.TrustBundle, issuer: config.Program.URL()},
	}
	if err := s.build(); err != nil {
		return nil, fmt.Errorf("issuer/server: %w", err)
	}
	return s, nil
}

func (c Config) check() error {
	var problems []error
	if c.Program == nil {
		problems = append(problems, errors.New("no Program: there is nothing to serve"))
	}
	if c.Tokens == nil {
		problems = append(problems, errors.New("no Tokens: nobody could call"))
	}
	return errors.Join(problems...)
}

func (s *Server) build() error {
	var err error
	if s.base, err = basePath(s.config.Program.URL()); err != nil {
		return err
	}
	headers, err := secure.New(secure.Config{TLS: s.config.TLS})
	if err != nil {
		return err
	}
	if s.desk, err = enrol.New(enrol.Config{
		Program: s.config.Program, Store: s.config.Program.Enrolments(), Now: s.config.Now, Logger: s.config.Logger,
	}); err != nil {
		return err
	}
	if err := s.openOffice(); err != nil {
		return err
	}
	if s.evidence, err = newEvidenceDesk(s.config.Evidence, s.config.Now); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	s.changes = newEventRing()
	if s.streams, err = eventstream.New(eventstream.Config{
		Streams: s.config.Limits.Streams, StreamsPerReader: s.config.Limits.StreamsPerClient,
	}); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	routes, err := s.routes()
	if err != nil {
		return err
	}
	pages, err := s.pages()
	if err != nil {
		return err
	}
	routes = append(routes, pages...)
	s.metrics = newMetrics(routes)
	s.metrics.watch(s.config.Program, s.streams)
	public, err := s.router(s.limited(routes), s.publicCaller)
	if err != nil {
		return err
	}
	local, err := s.router(routes, localCaller)
	if err != nil {
		return err
	}
	s.config.Program.OnListPublished(s.changes.put) // for as long as the program lives
	s.public, s.local, s.operations = headers(public), headers(local), headers(httpserver.Operations(s.metrics.handler(), s.OperationsReady, s.config.Logger))
	return nil
}

// plainPath is what the router takes as it is written.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

func basePath(issuerURL string) (string, error) {
	u, err := url.Parse(issuerURL)
	if err != nil {
		return "", err
	}
	if !plainPath.MatchString(u.EscapedPath()) {
		return "", fmt.Errorf("the path of the issuer's URL %q: use letters, digits and . _ ~ - only", issuerURL)
	}
	return u.EscapedPath(), nil
}

// Handler answers the public listener.
func (s *Server) Handler() http.Handler { return s.public }

// Local answers the operator's own machine: the same addresses, every scope, no
// token. It MUST NOT be reachable for anybody but the operator: mount it on a
// unix socket of mode 0600 or call it in process, never on TCP, not even on
// loopback, where every account and every page in a browser could call it.
//
// What is done is recorded as done by "local", or by "local:<name>" if the
// header [OperatorHeader] names somebody.
func (s *Server) Local() http.Handler { return s.local }

// Operations answers the operator's own listener, which must not be reachable
// for the public: /metrics for Prometheus, /healthz and /readyz.
func (s *Server) Operations() http.Handler { return s.operations }

// Ready fails while the store can't be read. It is what /readyz tells the public.
func (s *Server) Ready(ctx context.Context) error {
	_, err := s.config.Program.People(ctx, "", 1)
	return known(err)
}

// OperationsReady fails also while status lists can't be published or signed anew. It
// is what /readyz tells the operator: a balancer that took this service out for it
// would take away the lists that there are.
func (s *Server) OperationsReady(ctx context.Context) error {
	if err := s.Ready(ctx); err != nil {
		return err
	}
	return known(s.config.Program.ListsReady())
}

// take gets one of a few slots, or false at once when there is none: queueing
// would only let callers pile up.
func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}
