package secure

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// TrustedTypesPolicy is the name of the only Trusted Types policy that a page's
// scripts may create.
const TrustedTypesPolicy = "cyberbadge"

// strictTransport lasts one year (RFC 6797). It does not include subdomains:
// the operator's other hosts below this name are not ours to decide on.
const strictTransport = "max-age=31536000"

// Config chooses the headers. The zero value is the API profile, without
// Strict-Transport-Security.
type Config struct {
	// TLS says that this site is reached over TLS, here or at a proxy in front.
	// It adds Strict-Transport-Security. It must stay false where plain HTTP is
	// still in use, because browsers would refuse that for a year.
	TLS bool
	// Page chooses the page profile; nil is the API profile.
	Page *Page
}

// Page is what a page needs beyond its own scripts, styles, images and calls to
// its own origin.
type Page struct {
	AllowWasm   bool     // scripts may compile WebAssembly
	AllowCamera bool     // this origin may ask for the camera
	ConnectTo   []string // other origins that scripts may call, as https://host[:port]
}

// New returns middleware that sets the headers of cfg on every answer. It fails
// on an origin that is not exactly https://host[:port].
func New(cfg Config) (func(http.Handler) http.Handler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	headers := cfg.headers()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, h := range headers {
				w.Header().Set(h.name, h.value)
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}

func (c Config) check() error {
	if c.Page == nil {
		return nil
	}
	var problems []error
	for _, origin := range c.Page.ConnectTo {
		// A directive is a list split at spaces, commas and semicolons: a value
		// with one of those in it would add directives of its own.
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" || u.Host == "" || origin != "https://"+u.Host || strings.ContainsAny(origin, " ,;'\"*") {
			problems = append(problems, fmt.Errorf("secure: ConnectTo %q is not an origin; write https://host or https://host:port", origin))
		}
	}
	return errors.Join(problems...)
}

type header struct{ name, value string }

func (c Config) headers() []header {
	list := []header{
		// No guessing of a type: data must never be taken for a script.
		{"X-Content-Type-Options", "nosniff"},
		// Addresses may name people and sites; they are nobody else's business.
		{"Referrer-Policy", "no-referrer"},
		// No other origin gets a handle on our window, or embeds our answers.
		// Public documents are fetched with CORS, which this does not hinder.
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		// For browsers that do not know frame-ancestors.
		{"X-Frame-Options", "DENY"},
		{"Permissions-Policy", c.permissions()},
		{"Content-Security-Policy", c.contentSecurity()},
		// Nothing with a person in it stays in a cache unless a handler says so.
		{"Cache-Control", "no-store"},
	}
	if c.Page != nil {
		list = append(list, header{"Cross-Origin-Embedder-Policy", "require-corp"})
	}
	if c.TLS {
		list = append(list, header{"Strict-Transport-Security", strictTransport})
	}
	return list
}

// permissions switches off what no page of ours uses. What is not named here,
// such as the screen's wake lock that gate and badge need, stays with this
// origin, which is what browsers do by default.
func (c Config) permissions() string {
	camera := "camera=()"
	if c.Page != nil && c.Page.AllowCamera {
		camera = "camera=(self)"
	}
	return strings.Join([]string{
		camera,
		"accelerometer=()", "autoplay=(self)", "browsing-topics=()", "display-capture=()",
		"geolocation=()", "gyroscope=()", "hid=()", "magnetometer=()", "microphone=()", "midi=()",
		"payment=()", "serial=()", "usb=()", "xr-spatial-tracking=()",
	}, ", ")
}

func (c Config) contentSecurity() string {
	directives := []string{
		"default-src 'none'",     // what is not named below is refused
		"frame-ancestors 'none'", // no clickjacking; default-src does not cover it
	}
	if c.Page != nil {
		directives = append(directives, c.Page.directives()...)
	}
	if c.Page != nil && c.TLS {
		directives = append(directives, "upgrade-insecure-requests")
	}
	return strings.Join(directives, "; ")
}

func (p Page) directives() []string {
	script := "script-src 'self'" // no inline script, no eval
	if p.AllowWasm {
		script += " 'wasm-unsafe-eval'" // compiling WebAssembly, and only that
	}
	return []string{
		script,
		"style-src 'self'",                   // no inline style
		"img-src 'self' data: blob:",         // a badge carries its picture as data
		"font-src 'self'",                    // the page's own fonts
		"media-src 'self' blob:",             // the sounds for yes and no
		"worker-src 'self'",                  // the service worker, and the scanner's worker
		"manifest-src 'self'",                // so that the page can be installed
		p.connect(),                          // its own server, and origins that the operator named
		"form-action 'self'",                 // default-src does not cover it
		"base-uri 'none'",                    // an injected <base> cannot redirect our scripts
		"object-src 'none'",                  // said again for browsers that treat it apart
		"require-trusted-types-for 'script'", // no string becomes script by way of the DOM
		"trusted-types " + TrustedTypesPolicy,
	}
}

func (p Page) connect() string {
	return strings.Join(append([]string{"connect-src 'self'"}, p.ConnectTo...), " ")
}
