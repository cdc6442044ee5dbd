package graph

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clientcredentials"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
)

// Where Microsoft Graph is, unless the tenant is in a cloud of its own.
const (
	DefaultGraphURL = "https://graph.microsoft.com"
	DefaultLoginURL = "https://login.microsoftonline.com"
)

// DefaultName is the source under which devices are kept, whichever way they come.
const DefaultName = "graph"

// Bounds of a reading.
const (
	MaxPages  = 2000 // of one listing
	MaxReread = 500  // devices that are asked for one by one
)

// devicesPath is below the service's address.
const devicesPath = "/v1.0/deviceManagement/managedDevices"

// Config is what an [Intune] needs.
type Config struct {
	Name         string // the source in every record's origin; empty means DefaultName
	Tenant       string // the tenant's id or domain
	ClientID     string
	ClientSecret string
	GraphURL     string // empty means DefaultGraphURL
	LoginURL     string // empty means DefaultLoginURL
	// Delta asks for what has changed instead of everything. Graph serves that for
	// managed devices, but does not document it.
	Delta bool
	// Directory says whose a device is by its userId or, failing that, its
	// userPrincipalName; nil takes the userId for the person's id.
	Directory source.Directory
	Client    *outbound.Client // its MaxBody bounds a page
	Now       func() time.Time // time.Now when nil
	// Wait is how to wait for a service that asks for it; nil means real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// Intune is a tenant's device manager. It is safe for concurrent use.
type Intune struct {
	cfg    Config
	caller *call.Caller
}

var (
	_ source.Feed     = (*Intune)(nil)
	_ source.Rereader = (*Intune)(nil)
)

// New checks cfg and reports all that is wrong with it. It calls nobody.
func New(cfg Config) (*Intune, error) {
	cfg = cfg.withDefaults()
	var problems []error
	refuse := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New("graph: "+text))
		}
	}
	refuse(!regexp.MustCompile(`^[A-Za-z0-9.-]{1,255}$`).MatchString(cfg.Tenant), "Tenant must be the tenant's id or domain")
	refuse(cfg.ClientID == "", "ClientID is empty")
	refuse(cfg.ClientSecret == "", "ClientSecret is empty")
	refuse(cfg.Client == nil, "Client is missing")
	if cfg.Client != nil {
		for _, address := range []struct{ name, url string }{{"GraphURL", cfg.GraphURL}, {"LoginURL", cfg.LoginURL}} {
			if err := cfg.Client.CheckURL(address.url); err != nil {
				problems = append(problems, fmt.Errorf("graph: %s: %w", address.name, err))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	tokens, err := clientcredentials.New(clientcredentials.Config{
		URL: cfg.LoginURL + "/" + cfg.Tenant + "/oauth2/v2.0/token", ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		Scope: cfg.GraphURL + "/.default", Client: cfg.Client, Now: cfg.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	return &Intune{cfg, &call.Caller{
		What: "Microsoft Graph", Client: cfg.Client, Base: cfg.GraphURL, Authorize: bearer(tokens), Wait: cfg.Wait, Now: cfg.Now,
	}}, nil
}

// bearer makes Authorization out of tokens.
func bearer(tokens *clientcredentials.Tokens) func(context.Context, string) (string, error) {
	return func(ctx context.Context, refused string) (string, error) {
		token, err := tokens.Token(ctx, strings.TrimPrefix(refused, "Bearer "))
		if err != nil {
			return "", err
		}
		return "Bearer " + token, nil
	}
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = DefaultName
	}
	if c.GraphURL == "" {
		c.GraphURL = DefaultGraphURL
	}
	if c.LoginURL == "" {
		c.LoginURL = DefaultLoginURL
	}
	c.GraphURL, c.LoginURL = strings.TrimSuffix(c.GraphURL, "/"), strings.TrimSuffix(c.LoginURL, "/")
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = call.Sleep
	}
	return c
}

// address is one below the devices, with the members that are wanted.
func (g *Intune) address(path string) string {
	return g.cfg.GraphURL + devicesPath + path + "?$select=" + url.QueryEscape(strings.Join(source.DeviceMembers(), ","))
}
