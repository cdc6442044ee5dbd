package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// Server listens, serves and stops. Its methods are called in that order, each
// once, by one goroutine; Addr and MetricsAddr may be called by any after Listen.
type Server struct {
	cfg Config

	public          *http.Server
	publicListener  net.Listener
	metrics         *http.Server // nil without MetricsAddr
	metricsListener net.Listener
}

// New checks cfg and returns a server that does not listen yet. All problems of
// cfg are reported at once.
func New(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg.withDefaults()}
	if err := s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) build() error {
	s.public = s.httpServer(s.publicHandler())
	if s.cfg.OnShutdown != nil {
		s.public.RegisterOnShutdown(s.cfg.OnShutdown)
	}
	if s.tls() {
		certificate, err := newCertificate(s.cfg.TLSCertFile, s.cfg.TLSKeyFile, s.cfg.Now, s.cfg.Logger)
		if err != nil {
			return err
		}
		s.public.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
	}
	if s.cfg.MetricsAddr != "" {
		s.metrics = s.httpServer(s.metricsHandler())
	}
	return nil
}

func (s *Server) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: s.cfg.ReadHeaderTimeout,
		ReadTimeout:       s.cfg.ReadTimeout,
		WriteTimeout:      s.cfg.WriteTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    s.cfg.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn),
	}
}

func (s *Server) publicHandler() http.Handler {
	handler := s.healthOr(s.cfg.Handler)
	handler = Recover(s.cfg.Logger)(handler)
	handler = AccessLog(s.cfg.Logger, s.cfg.Now)(handler)
	handler = RequestID(handler)
	// Outermost, because it hands a copy of the request on: the route that the
	// router notes in the request must be noted in the one that the log sees.
	return http.MaxBytesHandler(handler, s.cfg.MaxBody)
}

func (s *Server) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	s.addHealth(mux, s.cfg.OperationsReady)
	mux.Handle("GET /metrics", s.cfg.MetricsHandler)
	mux.Handle("/metrics", problem.MethodNotAllowed(http.MethodGet, http.MethodHead))
	mux.Handle("/", problem.NotFound())
	handler := RequestID(Recover(s.cfg.Logger)(mux))
	return http.MaxBytesHandler(handler, s.cfg.MaxBody)
}

func (s *Server) addHealth(mux *http.ServeMux, ready func(context.Context) error) {
	mux.Handle("GET /healthz", Healthy())
	mux.Handle("GET /readyz", Ready(ready, s.cfg.Logger))
	refused := problem.MethodNotAllowed(http.MethodGet, http.MethodHead)
	mux.Handle("/healthz", refused)
	mux.Handle("/readyz", refused)
}

// healthOr leaves every other path as it was sent: a ServeMux in front of the
// handler's own router would redirect some of them.
func (s *Server) healthOr(next http.Handler) http.Handler {
	health := http.NewServeMux()
	s.addHealth(health, s.cfg.Ready)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz":
			health.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Listen opens the listeners. On failure none stays open.
func (s *Server) Listen() error {
	listener, err := net.Listen("tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("httpserver: %w", err)
	}
	s.publicListener = listener
	if s.metrics == nil {
		return nil
	}
	s.metricsListener, err = net.Listen("tcp", s.cfg.MetricsAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("httpserver: metrics: %w", err), s.publicListener.Close())
	}
	return nil
}

// Addr returns the address that the public listener has. Call it after Listen.
func (s *Server) Addr() net.Addr { return s.publicListener.Addr() }

// MetricsAddr returns the address of the operator's listener, nil without one.
// Call it after Listen.
func (s *Server) MetricsAddr() net.Addr {
	if s.metricsListener == nil {
		return nil
	}
	return s.metricsListener.Addr()
}

// Close closes listeners that were opened but never served.
func (s *Server) Close() error {
	var problems []error
	for _, listener := range []net.Listener{s.publicListener, s.metricsListener} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// Serve answers requests until ctx is done or a listener fails. Then it stops
// accepting, waits up to ShutdownGrace for requests in progress, and cuts off
// the rest. It returns when nothing of the server runs any more: nil after an
// orderly end, else all that went wrong. Handlers never see ctx, so that ending
// does not break off the work that it waits for.
func (s *Server) Serve(ctx context.Context) error {
	if s.publicListener == nil {
		return errors.New("httpserver: Serve was called before Listen")
	}
	ended := make(chan error, 2)
	running := 1
	go func() { ended <- s.servePublic() }()
	if s.metrics != nil {
		running++
		go func() { ended <- s.metrics.Serve(s.metricsListener) }()
	}
	s.cfg.Logger.InfoContext(ctx, "listening", "address", s.Addr().String(), "tls", s.tls())

	var problems []error
	select {
	case <-ctx.Done():
	case err := <-ended:
		running--
		problems = append(problems, err)
	}
	problems = append(problems, s.shutdown(ctx))
	for range running {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			problems = append(problems, err)
		}
	}
	s.cfg.Logger.InfoContext(ctx, "stopped")
	return errors.Join(problems...)
}

func (s *Server) tls() bool { return s.cfg.TLSCertFile != "" }

func (s *Server) servePublic() error {
	if s.tls() {
		return s.public.ServeTLS(s.publicListener, "", "")
	}
	return s.public.Serve(s.publicListener)
}

// shutdown ends the public server first: the operator's listener answers for as
// long as there is something to observe.
func (s *Server) shutdown(ctx context.Context) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownGrace)
	defer cancel()
	var problems []error
	for _, server := range []*http.Server{s.public, s.metrics} {
		if server == nil {
			continue
		}
		if err := server.Shutdown(grace); err != nil {
			problems = append(problems, fmt.Errorf("httpserver: requests were cut off after %s: %w", s.cfg.ShutdownGrace, err), server.Close())
		}
	}
	return errors.Join(problems...)
}
