package faultproxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"syscall"
	"testing"
	"time"
)

const (
	name = "server.example.test"
	text = "what the server says"
)

// road is a client, a proxy and a server.
type road struct {
	*Proxy
	client *http.Client
	names  *Names
}

func newRoad(t *testing.T, timeout time.Duration) *road {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Config{Name: name, Target: target})
	if err != nil {
		t.Fatal(err)
	}
	names := NewNames(netip.MustParseAddr("127.0.0.1"))
	transport := &http.Transport{
		DialContext:     (&net.Dialer{Resolver: names.Resolver()}).DialContext,
		TLSClientConfig: &tls.Config{RootCAs: p.Roots()},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return &road{p, &http.Client{Transport: transport, Timeout: timeout}, names}
}

func (r *road) get() (*http.Response, string, error) {
	response, err := r.client.Get(r.URL() + "/path")
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

func (r *road) works(t *testing.T, when string) {
	t.Helper()
	if _, body, err := r.get(); err != nil || body != text {
		t.Errorf("%s: %q, %v", when, body, err)
	}
}

func TestFaultsLookToAClientLikeWhatTheyAre(t *testing.T) {
	t.Parallel()
	isTimeout := func(_ *http.Response, _ string, err error) bool {
		var failed net.Error
		return errors.As(err, &failed) && failed.Timeout()
	}
	for title, c := range map[string]struct {
		fault Fault
		seen  func(*http.Response, string, error) bool
	}{
		"black hole": {BlackHole(), isTimeout},
		"half open":  {HalfOpen(), isTimeout},
		"latency":    {Latency(time.Hour), isTimeout},
		"reset":      {Reset(), func(_ *http.Response, _ string, err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		"truncated": {Truncated(4), func(_ *http.Response, body string, err error) bool {
			return body == text[:4] && errors.Is(err, io.ErrUnexpectedEOF)
		}},
		"media type": {MediaType("text/html"), func(r *http.Response, body string, err error) bool {
			return err == nil && body == text && r.Header.Get("Content-Type") == "text/html"
		}},
		"instead": {Instead("text/css", "else"), func(r *http.Response, body string, err error) bool {
			return err == nil && body == "else" && r.Header.Get("Content-Type") == "text/css"
		}},
		"redirect loop": {RedirectLoop(), func(r *http.Response, _ string, err error) bool {
			var failed *url.Error
			return errors.As(err, &failed) && failed.Err.Error() == "stopped after 10 redirects"
		}},
		"certificate": {OtherCertificate(), func(_ *http.Response, _ string, err error) bool {
			var unknown x509.UnknownAuthorityError
			return errors.As(err, &unknown)
		}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r := newRoad(t, 500*time.Millisecond)
			r.works(t, "before")
			r.Set(c.fault)
			if response, body, err := r.get(); !c.seen(response, body, err) {
				t.Errorf("%q, %v", body, err)
			}
			r.Set(Fault{})
			r.works(t, "after")
		})
	}
}

func TestHalfOpen_NewConnectionsWork(t *testing.T) {
	t.Parallel()
	r := newRoad(t, 500*time.Millisecond)
	r.works(t, "before")
	r.Set(HalfOpen())
	if _, _, err := r.get(); err == nil {
		t.Error("the old connection works")
	}
	r.works(t, "by a new connection")
}

func TestNames_Change(t *testing.T) {
	t.Parallel()
	names := NewNames(netip.MustParseAddr("192.0.2.1"))
	for _, want := range []string{"192.0.2.1", "10.0.0.7", "2001:db8::1"} {
		names.Set(netip.MustParseAddr(want))
		got, err := names.Resolver().LookupHost(context.Background(), name)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%v, %v, want %s", got, err, want)
		}
	}
}

func TestNew_NeedsBoth(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil || err.Error() != "faultproxy: give Name and Target" {
		t.Errorf("%v", err)
	}
}
