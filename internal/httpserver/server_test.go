package httpserver

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// ok answers 200 and reads the body, so that its bound is felt.
func ok(logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			problem.WriteError(w, r, logger, err)
			return
		}
		answerOK(w)
	})
}

// started is a server that runs until the test ends or stop is called.
type started struct {
	*Server
	url     string
	metrics string
	stop    func() error
}

func start(t *testing.T, cfg Config) started {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	if cfg.Handler == nil {
		cfg.Handler = ok(cfg.Logger)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	s := started{Server: server, url: "http://" + server.Addr().String()}
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	if address := server.MetricsAddr(); address != nil {
		s.metrics = "http://" + address.String()
	}
	t.Cleanup(func() { _ = s.stop() })
	return s
}

func call(t *testing.T, method, url string, body io.Reader) (status int, header http.Header, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

func problemCode(t *testing.T, text string) string {
	t.Helper()
	var p problem.Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%q is no problem: %v", text, err)
	}
	return p.Code
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{
		MetricsAddr: "127.0.0.1:0", TLSCertFile: "cert.pem",
		ReadHeaderTimeout: -1, ReadTimeout: -1, WriteTimeout: -1, IdleTimeout: -1, ShutdownGrace: -1,
		MaxHeaderBytes: -1, MaxBody: -1,
	})
	want := `httpserver: Addr is empty; give an address such as 127.0.0.1:8443
httpserver: Handler is nil
httpserver: Logger is nil
httpserver: MetricsAddr is set but MetricsHandler is nil
httpserver: TLS needs both a certificate file and a key file
httpserver: ReadHeaderTimeout is negative (-1ns)
httpserver: ReadTimeout is negative (-1ns)
httpserver: WriteTimeout is negative (-1ns)
httpserver: IdleTimeout is negative (-1ns)
httpserver: ShutdownGrace is negative (-1ns)
httpserver: MaxHeaderBytes is negative (-1)
httpserver: MaxBody is negative (-1)`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

func TestZeroConfigHasEveryBound(t *testing.T) {
	t.Parallel()
	server, err := New(Config{Addr: "127.0.0.1:0", Handler: ok(quiet()), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	got := server.public
	if got.ReadHeaderTimeout != 5*time.Second || got.ReadTimeout != 15*time.Second || got.WriteTimeout != 30*time.Second ||
		got.IdleTimeout != time.Minute || got.MaxHeaderBytes != 16<<10 || server.cfg.MaxBody != 1<<20 || server.cfg.ShutdownGrace != 15*time.Second {
		t.Errorf("%+v", server.cfg)
	}
}

func TestListenFailsOnAnAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cases := []struct{ name, addr, metrics string }{
		{"public", taken.Addr().String(), ""},
		{"metrics", "127.0.0.1:0", taken.Addr().String()},
	}
	for _, c := range cases {
		server, err := New(Config{Addr: c.addr, MetricsAddr: c.metrics, MetricsHandler: ok(quiet()), Handler: ok(quiet()), Logger: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		err = server.Listen()
		if err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.name == "metrics" {
			// The public listener, which was open by then, is closed again.
			if _, err := net.Dial("tcp", server.publicListener.Addr().String()); err == nil {
				t.Error("the public listener is still open")
			}
		}
	}
}

func TestServeBeforeListenFails(t *testing.T) {
	t.Parallel()
	server, err := New(Config{Addr: "127.0.0.1:0", Handler: ok(quiet()), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context()); err == nil || err.Error() != "httpserver: Serve was called before Listen" {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestCloseAfterListen(t *testing.T) {
	t.Parallel()
	server, err := New(Config{Addr: "127.0.0.1:0", Handler: ok(quiet()), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Listen(), server.Close(), server.Close()); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreOnTheOperatorsListenerOnly(t *testing.T) {
	t.Parallel()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "badges 1\n") })
	public := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { problem.NotFound().ServeHTTP(w, r) })
	s := start(t, Config{Handler: public, MetricsAddr: "127.0.0.1:0", MetricsHandler: metrics})
	cases := []struct {
		method, url string
		status      int
		text        string
	}{
		{"GET", s.metrics + "/metrics", 200, "badges 1\n"},
		{"POST", s.metrics + "/metrics", 405, ""},
		{"GET", s.metrics + "/healthz", 200, "ok\n"},
		{"GET", s.metrics + "/readyz", 200, "ok\n"},
		{"GET", s.metrics + "/v1/verify", 404, ""},
		{"GET", s.url + "/metrics", 404, ""},
		{"GET", s.url + "/healthz", 200, "ok\n"},
		{"POST", s.url + "/healthz", 405, ""},
		{"DELETE", s.url + "/readyz", 405, ""},
	}
	for _, c := range cases {
		status, header, text := call(t, c.method, c.url, nil)
		if status != c.status || c.text != "" && text != c.text {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.url, status, text, c.status, c.text)
		}
		if status == 405 && header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", c.method, c.url, header.Get("Allow"))
		}
	}
}

func TestShutdownWaitsForTheRequestInProgress(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	closing := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		if r.Context().Err() != nil {
			t.Error("the request was cancelled by the shutdown")
		}
		answerOK(w)
	})
	s := start(t, Config{Handler: handler, OnShutdown: func() { close(closing) }})
	answered := make(chan string, 1)
	go func() {
		response, err := http.Get(s.url)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		answered <- string(text)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	<-closing
	close(release)
	if got := <-answered; got != "ok\n" {
		t.Errorf("answer %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestShutdownCutsOffWhatOutlivesTheGrace(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	left := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(left)
	})
	s := start(t, Config{Handler: handler, ShutdownGrace: 20 * time.Millisecond})
	go func() {
		if response, err := http.Get(s.url); err == nil {
			response.Body.Close()
		}
	}()
	<-entered
	err := s.stop()
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "requests were cut off after 20ms") {
		t.Errorf("%v", err)
	}
	<-left
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	t.Parallel()
	server, err := New(Config{Addr: "127.0.0.1:0", MetricsAddr: "127.0.0.1:0", MetricsHandler: ok(quiet()), Handler: ok(quiet()), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Listen(), server.publicListener.Close()); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := net.Dial("tcp", server.MetricsAddr().String()); err == nil {
		t.Error("the operator's listener outlived the server")
	}
}

func TestServesTLSAndRefusesOldVersions(t *testing.T) {
	t.Parallel()
	pair := newPair(t, "first")
	s := start(t, Config{TLSCertFile: pair.certFile, TLSKeyFile: pair.keyFile})
	for version, good := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if (err == nil) != good {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
}
