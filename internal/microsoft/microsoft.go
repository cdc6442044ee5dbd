// Package microsoft signs in at Microsoft Graph as an application of a tenant, with
// its client id and secret (RFC 6749, section 4.4). It knows where the services
// are and what a tenant is called; what is asked of Graph is its caller's.
package microsoft

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clientcredentials"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
)

// Where the services are, unless the tenant is in a cloud of its own.
const (
	DefaultGraphURL = "https://graph.microsoft.com"
	DefaultLoginURL = "https://login.microsoftonline.com"
)

// Config is what an [Application] needs.
type Config struct {
	Tenant       string // the tenant's id or domain
	ClientID     string
	ClientSecret string
	GraphURL     string // empty means DefaultGraphURL
	LoginURL     string // empty means DefaultLoginURL
	Client       *outbound.Client
	Now          func() time.Time // time.Now when nil
}

// Application is one that may call Graph. It is safe for concurrent use.
type Application struct {
	*clientcredentials.Tokens
	GraphURL string // without a slash at its end
}

var tenantForm = regexp.MustCompile(`^[A-Za-z0-9.-]{1,255}$`)

// New checks cfg and reports all that is wrong with it, each with the owner in
// front. It calls nobody.
func New(owner string, cfg Config) (*Application, error) {
	cfg.GraphURL = strings.TrimSuffix(cmp.Or(cfg.GraphURL, DefaultGraphURL), "/")
	cfg.LoginURL = strings.TrimSuffix(cmp.Or(cfg.LoginURL, DefaultLoginURL), "/")
	if err := cfg.check(owner); err != nil {
		return nil, err
	}
	tokens, err := clientcredentials.New(clientcredentials.Config{
		URL: cfg.LoginURL + "/" + cfg.Tenant + "/oauth2/v2.0/token", ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		Scope: cfg.GraphURL + "/.default", Client: cfg.Client, Now: cfg.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", owner, err)
	}
	return &Application{tokens, cfg.GraphURL}, nil
}

func (c Config) check(owner string) error {
	var problems []error
	refuse := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New(owner+": "+text))
		}
	}
	refuse(!tenantForm.MatchString(c.Tenant), "Tenant must be the tenant's id or domain")
	refuse(c.ClientID == "", "ClientID is empty")
	refuse(c.ClientSecret == "", "ClientSecret is empty")
	refuse(c.Client == nil, "Client is missing")
	if c.Client == nil {
		return errors.Join(problems...)
	}
	for _, address := range []struct{ name, url string }{{"GraphURL", c.GraphURL}, {"LoginURL", c.LoginURL}} {
		if err := c.Client.CheckField(address.name, address.url); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", owner, err))
		}
	}
	return errors.Join(problems...)
}
