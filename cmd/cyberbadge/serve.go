package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	issuerserver "github.com/cyberbadge/cyberbadge/issuer/server"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, nil))
}

func issuerServeCommand(s streams) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "serve --dir DIR",
		Short: "Serve the issuer until stopped",
		Long: `Serve the issuer until stopped. Meanwhile the other commands on the same folder
work through it, over a socket in the folder that only its owner can reach.`,
		Example: `  cyberbadge issuer serve --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			folder, err := openIssuerFolder(dir, s)
			if err != nil {
				return err
			}
			return folder.serve(c.Context(), newLogger(s.err), func(url string) {
				fmt.Fprintf(s.err, "cyberbadge: issuer %s listens on %s\n", folder.config.URL, url)
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the issuer's folder")
	required(c, "dir")
	return c
}

func verifierServeCommand(s streams) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:     "serve --dir DIR",
		Short:   "Serve the verifier until stopped",
		Example: `  cyberbadge verifier serve --dir verifier`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			collectLessOften(s.environ)
			folder, err := openVerifierFolder(dir, s)
			if err != nil {
				return err
			}
			return folder.serve(c.Context(), newLogger(s.err), func(url string) {
				fmt.Fprintf(s.err, "cyberbadge: verifier listens on %s\n", url)
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the verifier's folder")
	required(c, "dir")
	return c
}

// collectLessOften sets the collector as a verifier is measured with, unless the
// operator has said otherwise.
func collectLessOften(environ []string) {
	said := func(variable string) bool { return strings.HasPrefix(variable, "GOGC=") }
	if !slices.ContainsFunc(environ, said) {
		debug.SetGCPercent(verifierserver.GCPercent)
	}
}

// serve runs the issuer until ctx is done. ready is called once it listens.
func (f *issuerFolder) serve(ctx context.Context, logger *slog.Logger, ready func(url string)) (err error) {
	settings, err := f.settings(logger)
	if err != nil {
		return err
	}
	var bell bell
	settings.Queued = bell.ring
	program, database, err := f.program(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	if err := program.UnlockKeys(); err != nil {
		return err
	}
	consequences, err := f.consequences(ctx, program, database, logger)
	if err != nil {
		return err
	}
	bell.courier.Store(consequences.courier)
	desk, err := f.office(program, database, logger)
	if err != nil {
		return err
	}
	pushed, asked, err := f.evidence(program, logger)
	if err != nil {
		return misuseError{err}
	}
	signals, err := f.signals(program, database, logger)
	if err != nil {
		return err
	}
	defer signals.Close()
	if err := signals.Unlock(); err != nil {
		return err
	}
	api, err := issuerserver.New(issuerserver.Config{
		Signals: signals,
		Office:  desk, TokenUses: database, Limits: f.whole.Limits.limits(), Evidence: pushed,
		TrustBundle: f.trustBundle,
		Program:     program, Tokens: database, Now: f.now, Logger: logger, TLS: f.config.TLSCertificate != "",
	})
	if err != nil {
		return err
	}
	local, err := listenLocal(f.file(socketFile), api.Local())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Stopped in the opposite order: calls, what asks for evidence, the scheduler, the
	// courier, what tells other systems, what publishes lists; each leaves work to the
	// next.
	stopPublishing, err := f.publishing(program, cancel)
	if err != nil {
		return errors.Join(err, local.Close())
	}
	defer func() { err = errors.Join(err, stopPublishing()) }()
	stopSignals := beside(func(ctx context.Context) error { signals.Run(ctx); return nil })
	defer func() { err = errors.Join(err, stopSignals()) }()
	stop := consequences.start(func(ctx context.Context) { hearFirst(ctx, asked, askFirst, logger) }, cancel)
	defer func() { err = errors.Join(err, stop()) }()
	defer resuming(ctx, desk, logger)()
	if asked != nil {
		stopAsking := beside(func(ctx context.Context) error { asked.Run(ctx); return nil })
		defer func() { err = errors.Join(err, stopAsking()) }()
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	return runServer(ctx, httpserver.Config{
		Addr:           f.config.Listen,
		Handler:        api.Handler(),
		MetricsAddr:    f.config.OperationsListen,
		MetricsHandler: consequences.metrics.handler(api.Operations()),
		TLSCertFile:    f.file(f.config.TLSCertificate),
		TLSKeyFile:     f.file(f.config.TLSKey),
		MaxBody:        issuerserver.MaxImport,
		Now:            f.now,
		Logger:         logger,
		// Status lists are served however late the scheduler is: a balancer that took
		// this node out for it would close every gate.
		Ready:           api.Ready,
		OperationsReady: bothReady(api.OperationsReady, consequences.ready),
		OnShutdown:      api.EndStreams,
	}, ready)
}

// serve runs the verifier until ctx is done. ready is called once it listens.
func (f *verifierFolder) serve(ctx context.Context, logger *slog.Logger, ready func(url string)) (err error) {
	v, err := f.verifier(logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	settings := verifierserver.Config{
		Verifier:        v,
		Lists:           f.lists,
		Site:            f.config.Site,
		AuthorizeAccess: credential.Access(f.config.AuthorizeAccess),
		TLS:             f.config.TLSCertificate != "" || strings.HasPrefix(f.config.Address, "https:"),
		Now:             f.now,
		Logger:          logger,
	}
	maxBody := verifierserver.MaxBody
	if f.hasGates() {
		gates, err := f.openGates(ctx, logger)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, gates.database.Close()) }()
		if err := gates.addTo(&settings, f); err != nil {
			return err
		}
		maxBody = verifierserver.MaxVisitsBody
		defer gates.tend(ctx, logger)()
	}
	if settings.Webhooks, err = f.endings(logger); err != nil {
		return err
	}
	fetcher, err := f.config.Fetch.client()
	if err != nil {
		return misuseError{err}
	}
	defer f.keepBundles(ctx, v, fetcher, logger)()
	heard, err := f.signals(v, logger)
	if err != nil {
		return err
	}
	if heard.arePushed() {
		settings.Signals = heard
	}
	api, err := verifierserver.New(settings)
	if err != nil {
		return misuseError{err}
	}
	// What lists end is told to the last: they stop first, then the webhooks.
	stopTelling := telling(settings.Webhooks)
	defer func() { err = errors.Join(err, stopTelling()) }()
	stopHearing := beside(heard.run)
	defer func() { err = errors.Join(err, stopHearing()) }()
	stopKeeping := beside(func(ctx context.Context) error { v.KeepLists(ctx); return nil })
	defer func() { err = errors.Join(err, stopKeeping()) }()
	return runServer(ctx, httpserver.Config{
		Addr:           f.config.Listen,
		Handler:        api.Handler(),
		MetricsAddr:    f.config.OperationsListen,
		MetricsHandler: api.Operations(),
		TLSCertFile:    f.file(f.config.TLSCertificate),
		TLSKeyFile:     f.file(f.config.TLSKey),
		MaxBody:        int64(maxBody),
		Now:            f.now,
		Logger:         logger,
		Ready:          api.Ready,
		OnShutdown:     api.EndStreams,
	}, ready)
}

func runServer(ctx context.Context, config httpserver.Config, ready func(url string)) error {
	server, err := httpserver.New(config)
	if err != nil {
		return misuseError{err}
	}
	if err := server.Listen(); err != nil {
		return err
	}
	scheme := "http"
	if config.TLSCertFile != "" {
		scheme = "https"
	}
	ready(scheme + "://" + server.Addr().String())
	return server.Serve(ctx)
}

// localServer answers the operator's own commands on this machine.
type localServer struct {
	server *http.Server
	done   chan error
}

// maxSocketPath is what every system takes; Linux takes four bytes more.
const maxSocketPath = 103

// listenLocal serves on a unix socket that only its owner can reach; that is the
// whole of the authentication there. The store's lock says that no other process
// serves this folder, so a socket that is there was left by one that died.
func listenLocal(path string, handler http.Handler) (*localServer, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(path) > maxSocketPath {
		return nil, misuse("%s: the path of a socket has %d bytes at most; use a folder with a shorter path, or a relative one", path, maxSocketPath)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	l := &localServer{
		server: &http.Server{Handler: httpserver.RequestID(handler), ReadHeaderTimeout: httpserver.DefaultReadHeaderTimeout},
		done:   make(chan error, 1),
	}
	go func() { l.done <- l.server.Serve(listener) }()
	return l, nil
}

// Close ends the calls under way and removes the socket.
func (l *localServer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := l.server.Shutdown(ctx)
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
