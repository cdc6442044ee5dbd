package office

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// How long things last. Those named Default are what a zero in [Config] means.
const (
	DefaultIdle         = 30 * time.Minute
	DefaultLife         = 10 * time.Hour
	DefaultProposalLife = 72 * time.Hour

	MinIdle         = 5 * time.Minute
	MaxLife         = 24 * time.Hour
	MaxProposalLife = 30 * 24 * time.Hour

	StepUpAge   = 5 * time.Minute  // how long ago an approver may have signed in
	SignInAge   = 10 * time.Minute // how long signing in may take
	TouchEvery  = time.Minute      // how often a use is noted
	MetadataAge = time.Hour        // after which the provider is asked anew where its endpoints are
)

// maxClientSecret is more than any provider gives out.
const maxClientSecret = 1024

// DefaultMassRevocation is whose badges one officer may revoke alone within
// [MassWindow]: that many people.
const (
	DefaultMassRevocation = 10
	MaxMassRevocation     = 1000
	MassWindow            = time.Hour
)

// Config configures an [Office]. Issuer, ClientID, Address, HTTP and Records are
// required.
type Config struct {
	// Issuer is the identity provider's issuer identifier, exactly as it writes it.
	Issuer   string
	ClientID string
	// ClientSecret is empty for a public client, which has PKCE alone.
	ClientSecret string
	// Address is the origin at which browsers reach this service, as
	// https://host[:port]; plain http is for loopback alone.
	Address string
	// Scopes are asked for beside openid; profile and email when nil.
	Scopes []string

	// RoleClaim is the claim of the ID token that holds roles or groups, and Roles
	// what its values mean; of several, the highest counts. Both or neither: with
	// neither the roles are those of the list in Records.
	RoleClaim string
	Roles     map[string]Role

	// HTTP is what the provider is called with. [NewHTTPClient] makes one that
	// keeps to the rules for calls that go out.
	HTTP    *http.Client
	Records Records
	// Actions are what can be proposed, beside changes of the list of officers.
	Actions map[Kind]Action

	Idle           time.Duration // a session that is not used that long ends
	Life           time.Duration // every session ends after it
	ProposalLife   time.Duration
	MassRevocation int

	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger     // discards when nil
}

// CallbackPath is where the provider sends browsers back to.
const CallbackPath = "/office/callback"

// Office decides who is an officer, and what takes two. It is safe for concurrent
// use.
type Office struct {
	config Config
	sealer sealer
	spent  *lru.Cache[string, struct{}] // states that came back

	metadata metadata
	revoked  revoked

	mu        sync.Mutex
	executing map[string]bool // proposals
}

// maxSpent is how many states are remembered as spent. A state is good for
// [SignInAge] and has the provider's one-time code beside it.
const maxSpent = 4096

// New reports everything that is wrong with the configuration at once. It calls
// nobody: a provider that is down must not keep an issuer from starting.
func New(c Config) (*Office, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	spent, err := lru.New[string, struct{}](maxSpent)
	if err != nil {
		return nil, err
	}
	var key [sealKeyBytes]byte
	_, _ = rand.Read(key[:]) // never fails
	sealer, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	o := &Office{config: c, sealer: sealer, spent: spent, executing: make(map[string]bool)}
	o.config.Actions = maps.Clone(c.Actions)
	if o.config.Actions == nil {
		o.config.Actions = make(map[Kind]Action)
	}
	for _, kind := range []Kind{OfficerSet, OfficerRemove} {
		o.config.Actions[kind] = officerAction{o, kind}
	}
	return o, o.revoked.init()
}

func (c Config) withDefaults() Config {
	if c.Scopes == nil {
		c.Scopes = []string{"profile", "email"}
	}
	c.Idle = cmp.Or(c.Idle, DefaultIdle)
	c.Life = cmp.Or(c.Life, DefaultLife)
	c.ProposalLife = cmp.Or(c.ProposalLife, DefaultProposalLife)
	c.MassRevocation = cmp.Or(c.MassRevocation, DefaultMassRevocation)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("office: "+format, args...))
		}
	}
	refuse(!isOrigin(c.Address), "Address %q is not an origin that a browser keeps sessions for; write https://host or https://host:port", c.Address)
	refuse(!isIssuer(c.Issuer), "Issuer %q is not an issuer identifier: it is an https URL without query and fragment", c.Issuer)
	refuse(c.ClientID == "", "no ClientID: register this service with the identity provider, with the redirect URI %s", c.Address+CallbackPath)
	// RFC 6749, appendix A.2. The end of a file's line is what usually comes along.
	refuse(!isVisible(c.ClientSecret) || len(c.ClientSecret) > maxClientSecret, "ClientSecret is at most %d printable ASCII characters, and without a line's end", maxClientSecret)
	refuse(c.HTTP == nil, "no HTTP client to call the identity provider with")
	refuse(c.Records == nil, "no Records: nobody would stay signed in")
	refuse(c.RoleClaim == "" && len(c.Roles) > 0, "Roles without the RoleClaim whose values they are")
	refuse(c.RoleClaim != "" && len(c.Roles) == 0, "a RoleClaim without Roles: nobody would have one")
	for value, role := range c.Roles {
		refuse(!role.Known(), "Roles: %q is to mean %q; use viewer, officer or admin", value, role)
		refuse(value == "", "Roles: an empty value")
	}
	refuse(c.RoleClaim != "" && !slices.Contains(slices.Collect(maps.Values(c.Roles)), RoleAdmin), "Roles has no admin: nobody could approve anything")
	for _, scope := range c.Scopes {
		refuse(scope == "" || strings.ContainsAny(scope, " \t\r\n\"\\"), "Scopes: %q is not a scope", scope)
	}
	refuse(c.Life < 0 || c.Life > MaxLife, "Life is %s, at most %s", c.Life, MaxLife)
	refuse(c.Idle < MinIdle || c.Idle > c.Life, "Idle is %s; it must be from %s to Life, which is %s", c.Idle, MinIdle, c.Life)
	refuse(c.ProposalLife < 0 || c.ProposalLife > MaxProposalLife, "ProposalLife is %s, at most %s", c.ProposalLife, MaxProposalLife)
	refuse(c.MassRevocation < 0 || c.MassRevocation > MaxMassRevocation, "MassRevocation is %d, at most %d", c.MassRevocation, MaxMassRevocation)
	return errors.Join(problems...)
}

func isIssuer(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && !strings.ContainsAny(text, "?#") &&
		(u.Scheme == "https" || u.Scheme == "http" && isLoopback(u))
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && text == u.Scheme+"://"+u.Host &&
		(u.Scheme == "https" || u.Scheme == "http" && isLoopback(u))
}

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Lists reports whether roles are those of the list, and not the provider's.
func (o *Office) Lists() bool { return o.config.RoleClaim == "" }

// Issuer is the identity provider's issuer identifier.
func (o *Office) Issuer() string { return o.config.Issuer }
