package graph

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clientcredentials"
	"github.com/cyberbadge/cyberbadge/internal/microsoft"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
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
	GraphURL     string // empty means microsoft.DefaultGraphURL
	LoginURL     string // empty means microsoft.DefaultLoginURL
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
	cfg.Name = cmp.Or(cfg.Name, DefaultName)
	application, err := microsoft.New("graph", microsoft.Config{
		Tenant: cfg.Tenant, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		GraphURL: cfg.GraphURL, LoginURL: cfg.LoginURL, Client: cfg.Client, Now: cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	return &Intune{cfg, call.New(call.Caller{
		What: "Microsoft Graph", Client: cfg.Client, Base: application.GraphURL, Authorize: bearer(application.Tokens), Wait: cfg.Wait, Now: cfg.Now,
	})}, nil
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

// address is one below the devices, with the members that are wanted.
func (g *Intune) address(path string) string {
	return g.caller.Base + devicesPath + path + "?$select=" + url.QueryEscape(strings.Join(source.DeviceMembers(), ","))
}
