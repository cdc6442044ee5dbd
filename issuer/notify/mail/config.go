package mail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
)

// Times of sending. Those named Default are what a zero in [Config] means.
const (
	DefaultTimeout = 20 * time.Second // for connecting, and for each step after it

	portSTARTTLS = 587
	portTLS      = 465
	portPlain    = 25
)

// Config says how letters are sent. The zero value of all that is optional asks
// for STARTTLS on port 587.
type Config struct {
	Host string
	Port int // zero means the usual one
	// ImplicitTLS begins with TLS instead of asking for it.
	ImplicitTLS bool
	// InsecurePlain sends without encryption. It MUST NOT be set but for a server on
	// this machine, and is refused for any other address.
	InsecurePlain bool
	Username      string // empty means no authentication
	Password      string
	RootCAs       *x509.CertPool // nil means the system's
	Hello         string         // the name that we greet with; empty means the sender's domain
	Timeout       time.Duration

	Sender Sender
	Now    func() time.Time
}

// Sender says whose letters these are and how they are written.
type Sender struct {
	Address string // a bare address
	Name    string // empty means none
	ReplyTo string // a bare address; empty means none
	Letters *letter.Writer
}

func (s Sender) check() []error {
	var problems []error
	for name, address := range map[string]string{"Address": s.Address, "ReplyTo": s.ReplyTo} {
		if (address != "" || name == "Address") && !bare(address) {
			problems = append(problems, fmt.Errorf("mail: Sender.%s: %.80q is not a mail address by itself", name, address))
		}
	}
	if hasControl(s.Name) {
		problems = append(problems, errors.New("mail: Sender.Name has a control character"))
	}
	if s.Letters == nil {
		problems = append(problems, errors.New("mail: Sender.Letters is missing"))
	}
	return problems
}

// domain is what stands behind the sender's @.
func (s Sender) domain() string { return s.Address[strings.LastIndexByte(s.Address, '@')+1:] }

func (c Config) check() error {
	problems := c.Sender.check()
	refuse := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New("mail: "+text))
		}
	}
	refuse(c.Host == "" || strings.ContainsAny(c.Host, ":/ \r\n") && !strings.Contains(c.Host, "::"), "Host must be a host name or an address, without port")
	refuse(c.Port < 0 || c.Port > 65535, "Port must be from 1 to 65535")
	refuse(c.ImplicitTLS && c.InsecurePlain, "ImplicitTLS and InsecurePlain exclude each other")
	refuse((c.Username == "") != (c.Password == ""), "Username and Password come together")
	refuse(c.Username != "" && c.InsecurePlain, "a password is not sent without encryption; leave out Username or InsecurePlain")
	refuse(c.Timeout < 0, "Timeout is negative")
	refuse(hasControl(c.Hello) || strings.ContainsAny(c.Hello, " <>"), "Hello must be a host name")
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	if c.Port == 0 {
		switch {
		case c.ImplicitTLS:
			c.Port = portTLS
		case c.InsecurePlain:
			c.Port = portPlain
		default:
			c.Port = portSTARTTLS
		}
	}
	if c.Hello == "" {
		c.Hello = c.Sender.domain()
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	c.Now = clock(c.Now)
	return c
}

func (c Config) tls() *tls.Config {
	return &tls.Config{ServerName: c.Host, RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// bare reports whether this is an address and nothing else: no name, no second
// address, no line that could begin another header.
func bare(address string) bool {
	if hasControl(address) {
		return false
	}
	parsed, err := netmail.ParseAddress(address)
	return err == nil && parsed.Name == "" && parsed.Address == address
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 })
}
