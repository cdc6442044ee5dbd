package faultproxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Config says what a [Proxy] stands in front of.
type Config struct {
	// Name is the host name that the certificate is for.
	Name string
	// Target is where the server is: http://host:port.
	Target *url.URL
}

// Proxy listens on this machine. It is safe for concurrent use.
type Proxy struct {
	config          Config
	listening       net.Listener
	server          *http.Server
	upstream        *http.Transport
	identity, other *identity
	ended           chan error

	mu    sync.Mutex
	fault Fault
	conns map[*connection]struct{}
}

// New listens on a free port and passes everything on.
func New(config Config) (*Proxy, error) {
	if config.Name == "" || config.Target == nil {
		return nil, errors.New("faultproxy: give Name and Target")
	}
	p := &Proxy{config: config, conns: make(map[*connection]struct{}), ended: make(chan error, 1)}
	var err error
	for _, to := range []**identity{&p.identity, &p.other} {
		if *to, err = newIdentity(config.Name); err != nil {
			return nil, fmt.Errorf("faultproxy: %w", err)
		}
	}
	if p.listening, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("faultproxy: %w", err)
	}
	p.upstream = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	quiet := log.New(discard{}, "", 0)
	p.server = &http.Server{ErrorLog: quiet, ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(config.Target); r.Out.Host = r.In.Host },
		Transport:      p.upstream,
		FlushInterval:  -1,
		ModifyResponse: p.change,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       quiet,
	}}
	go func() {
		p.ended <- p.server.Serve(tls.NewListener(listener{p.listening, p}, &tls.Config{
			MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true, GetCertificate: p.certificate,
		}))
	}()
	return p, nil
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// Port is the port on 127.0.0.1 where it listens.
func (p *Proxy) Port() uint16 { return uint16(p.listening.Addr().(*net.TCPAddr).Port) }

// URL is its address by its name, which only [Names] or the like can resolve.
func (p *Proxy) URL() string { return fmt.Sprintf("https://%s:%d", p.config.Name, p.Port()) }

// Roots trust its certificate, but not that of [OtherCertificate].
func (p *Proxy) Roots() *x509.CertPool { return p.identity.roots() }

// Set makes that fault the one there is, from now on; the zero Fault mends
// everything. Connections that an earlier fault silenced are closed.
func (p *Proxy) Set(fault Fault) {
	p.mu.Lock()
	p.fault = fault
	conns := slices.Collect(maps.Keys(p.conns))
	p.mu.Unlock()
	for _, c := range conns {
		if c.silent.Load() {
			c.treat(drop)
			continue
		}
		c.treat(fault.open)
	}
}

// Close ends the proxy and every connection.
func (p *Proxy) Close() error {
	p.Set(Fault{open: drop, fresh: drop})
	err := p.server.Close()
	p.upstream.CloseIdleConnections()
	if ended := <-p.ended; !errors.Is(ended, http.ErrServerClosed) {
		return errors.Join(err, ended)
	}
	return err
}

// admit treats a new connection, and returns nil if nothing is left of it.
func (p *Proxy) admit(conn net.Conn) *connection {
	c := &connection{Conn: conn, proxy: p, closed: make(chan struct{})}
	p.mu.Lock()
	how := p.fault.fresh
	if how == silence {
		c.silent.Store(true)
	}
	if how == pass || how == silence {
		p.conns[c] = struct{}{}
		p.mu.Unlock()
		return c
	}
	p.mu.Unlock()
	c.treat(how)
	return nil
}

func (p *Proxy) forget(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *Proxy) current() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

func (p *Proxy) change(r *http.Response) error {
	if change := p.current().change; change != nil {
		return change(r)
	}
	return nil
}

func (p *Proxy) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if p.current().stranger {
		return &p.other.certificate, nil
	}
	return &p.identity.certificate, nil
}
