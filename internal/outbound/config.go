package outbound

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Bounds. Those named Default are what a zero in [Config] means.
const (
	DefaultTimeout = 10 * time.Second
	DefaultMaxBody = 256 << 10

	MaxRedirects     = 5        // that a configuration may allow
	MaxHeader        = 16 << 10 // of a response, in bytes
	MaxRequestBody   = 1 << 20  // in bytes
	connectTimeout   = 5 * time.Second
	idleTimeout      = 30 * time.Second
	idleConnections  = 16
	defaultUserAgent = "cyberbadge"
)

// Config says where a client may go and how far. The zero value calls any public
// host over https on port 443 and follows no redirect.
type Config struct {
	// AllowHosts, if not empty, are the only hosts called: names or addresses,
	// without port.
	AllowHosts []string
	// AllowPorts are ports beside 443 that may be called.
	AllowPorts []uint16
	// AllowPrivateNetworks are networks that may be called although they are not
	// public, such as the one of a device manager. The addresses at which cloud
	// machines get their credentials stay blocked even inside of them.
	AllowPrivateNetworks []netip.Prefix
	// InsecureAllowHTTP allows plain http, port 80. It MUST NOT be set for
	// anything whose content is not signed, or that is sent a secret.
	InsecureAllowHTTP bool
	// InsecureAllowLoopback calls this machine too, by its usual names, over plain
	// http as well and past the proxy, for trying things out. It MUST NOT be set
	// where this machine has a service that trusts whoever can reach it.
	InsecureAllowLoopback bool

	Timeout      time.Duration // for the whole call, up to the last byte of the body
	MaxRedirects int           // zero follows none, which is an error like any refused one
	MaxBody      int64         // bytes of a response's body, unpacked

	RootCAs   *x509.CertPool // nil means the system's
	UserAgent string
	// Proxy is an http or https proxy that all calls take. It resolves the names,
	// so addresses behind it are judged only where the URL spells them out: the
	// proxy MUST refuse internal addresses itself.
	Proxy *url.URL
	// Resolver looks up names; nil means the system's.
	Resolver *net.Resolver
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("outbound: "+format, args...))
		}
	}
	for _, host := range c.AllowHosts {
		_, err := netip.ParseAddr(host)
		refuse(err != nil && nameProblem(host) != "", "AllowHosts: %q is not a host name or address without port", host)
	}
	for _, prefix := range c.AllowPrivateNetworks {
		refuse(!prefix.IsValid(), "AllowPrivateNetworks: a prefix is not valid")
	}
	refuse(c.Timeout < 0, "Timeout is negative (%s)", c.Timeout)
	refuse(c.MaxRedirects < 0 || c.MaxRedirects > MaxRedirects, "MaxRedirects is %d; it must be from 0 to %d", c.MaxRedirects, MaxRedirects)
	refuse(c.MaxBody < 0, "MaxBody is negative (%d)", c.MaxBody)
	refuse(c.Proxy != nil && (c.Proxy.Scheme != "http" && c.Proxy.Scheme != "https" || c.Proxy.Host == ""),
		"Proxy must be an http or https URL with a host")
	return errors.Join(problems...)
}

// loopbackHosts are the names of this machine.
func loopbackHosts() []string { return []string{"localhost", "127.0.0.1", "::1"} }

// onLoopback is the same for this machine and nothing else.
func (c Config) onLoopback() Config {
	c.AllowHosts = loopbackHosts()
	c.AllowPrivateNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	c.InsecureAllowHTTP, c.InsecureAllowLoopback = true, false
	c.Proxy = nil
	return c
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.MaxBody = cmp.Or(c.MaxBody, DefaultMaxBody)
	c.UserAgent = cmp.Or(c.UserAgent, defaultUserAgent)
	hosts := make([]string, len(c.AllowHosts))
	for i, host := range c.AllowHosts {
		hosts[i] = strings.ToLower(host)
	}
	c.AllowHosts = hosts
	return c
}
