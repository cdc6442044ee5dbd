package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Defaults of [Config]. They suit small requests from many callers; a server
// that needs more says so.
const (
	DefaultReadHeaderTimeout = 5 * time.Second
	DefaultReadTimeout       = 15 * time.Second
	DefaultWriteTimeout      = 30 * time.Second
	DefaultIdleTimeout       = time.Minute
	DefaultShutdownGrace     = 15 * time.Second

	DefaultMaxHeaderBytes = 16 << 10
	DefaultMaxBody        = 1 << 20
)

// Config describes one server. Only Addr, Handler and Logger are required; a
// timeout or bound of zero is its default, and none can be switched off.
type Config struct {
	// Addr is the address of the public listener, as net.Listen takes it.
	// Port 0 takes a free one.
	Addr    string
	Handler http.Handler

	// MetricsAddr is the operator's own listener, without TLS. Empty means none.
	// It must not be reachable for the public.
	MetricsAddr string
	// MetricsHandler answers /metrics there.
	MetricsHandler http.Handler

	// TLSCertFile and TLSKeyFile are PEM files; either both or none. They are
	// read again when they change, so a renewed certificate needs no restart.
	TLSCertFile string
	TLSKeyFile  string

	ReadHeaderTimeout time.Duration
	ReadTimeout       time.Duration
	WriteTimeout      time.Duration // a handler that streams sets its own with http.ResponseController
	IdleTimeout       time.Duration
	ShutdownGrace     time.Duration // how long requests in progress may take to end

	MaxHeaderBytes int   // bytes of the request line and headers; net/http allows 4 KiB of slack
	MaxBody        int64 // bytes of any request's body; a handler may set a lower bound

	// Ready says whether this server can do its work now; nil means always. It
	// is called at most for [ReadyTimeout] and by several callers at once. The
	// detail of a *problem.Error is shown to the caller, any other error is only
	// logged.
	Ready func(context.Context) error
	// OperationsReady says the same on the operator's own listener, where more may
	// count than what the public needs; nil means as Ready.
	OperationsReady func(context.Context) error

	// OnShutdown is called once, when shutting down begins. It ends what would
	// not end by itself, such as event streams. It must not block.
	OnShutdown func()

	Logger *slog.Logger
	Now    func() time.Time // nil means time.Now
}

func (c Config) withDefaults() Config {
	c.ReadHeaderTimeout = cmp.Or(c.ReadHeaderTimeout, DefaultReadHeaderTimeout)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, DefaultReadTimeout)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, DefaultWriteTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, DefaultIdleTimeout)
	c.ShutdownGrace = cmp.Or(c.ShutdownGrace, DefaultShutdownGrace)
	c.MaxHeaderBytes = cmp.Or(c.MaxHeaderBytes, DefaultMaxHeaderBytes)
	c.MaxBody = cmp.Or(c.MaxBody, DefaultMaxBody)
	if c.OperationsReady == nil {
		c.OperationsReady = c.Ready
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("httpserver: "+format, args...))
		}
	}
	refuse(c.Addr == "", "Addr is empty; give an address such as 127.0.0.1:8443")
	refuse(c.Handler == nil, "Handler is nil")
	refuse(c.Logger == nil, "Logger is nil")
	refuse(c.MetricsAddr != "" && c.MetricsHandler == nil, "MetricsAddr is set but MetricsHandler is nil")
	refuse((c.TLSCertFile == "") != (c.TLSKeyFile == ""), "TLS needs both a certificate file and a key file")
	for _, timeout := range []struct {
		name  string
		value time.Duration
	}{
		{"ReadHeaderTimeout", c.ReadHeaderTimeout},
		{"ReadTimeout", c.ReadTimeout},
		{"WriteTimeout", c.WriteTimeout},
		{"IdleTimeout", c.IdleTimeout},
		{"ShutdownGrace", c.ShutdownGrace},
	} {
		// net/http takes a negative timeout for none at all.
		refuse(timeout.value < 0, "%s is negative (%s)", timeout.name, timeout.value)
	}
	refuse(c.MaxHeaderBytes < 0, "MaxHeaderBytes is negative (%d)", c.MaxHeaderBytes)
	refuse(c.MaxBody < 0, "MaxBody is negative (%d)", c.MaxBody)
	return errors.Join(problems...)
}
