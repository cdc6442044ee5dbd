package scim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// maxWalks bounds how many callers may look through everybody at once.
const maxWalks = 2

// Directory is who the program knows. It is safe for concurrent use.
type Directory interface {
	// Person returns the person with this evidence.Person.ID, or ErrNotFound.
	Person(ctx context.Context, id string) (evidence.Person, error)

	// PersonByExternalID returns the person with this
	// evidence.Person.ExternalID, or ErrNotFound.
	PersonByExternalID(ctx context.Context, externalID string) (evidence.Person, error)

	// PeopleNamed returns who has this evidence.Person.UserName, in whatever
	// capitals; nobody is no error.
	PeopleNamed(ctx context.Context, userName string) ([]evidence.Person, error)

	// People returns at most limit people in order of external id, beginning
	// behind the external id after; "" begins at the start. Fewer than limit
	// means the end.
	People(ctx context.Context, after string, limit int) ([]evidence.Person, error)

	// Provision takes in one person, and their portrait if one came with them, in
	// one transaction with what follows for the person's badges. When it returns
	// nil, Person returns the person as given. An *[Error] is shown to the caller.
	Provision(ctx context.Context, person evidence.Person, portraits []source.Portrait) error
}

// Config configures a [Service]. URL and Directory are required.
type Config struct {
	// URL is where the service is mounted, without a slash at its end. It is part
	// of every meta.location.
	URL       string
	Directory Directory
	// Groups keeps groups. Without it there are none, and whoever writes one is
	// answered 501.
	Groups Groups
	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger     // discards when nil
}

// Service answers SCIM requests. It is safe for concurrent use.
type Service struct {
	config Config
	users  endpoint[user]
	groups endpoint[Group]
	types  []*resourceType

	walks chan struct{} // one for each who looks through everybody
}

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Service, error) {
	var problems []error
	if u, err := url.Parse(config.URL); err != nil || u.Host == "" || strings.HasSuffix(config.URL, "/") {
		problems = append(problems, fmt.Errorf("URL %q: give the whole address, without a slash at its end", config.URL))
	}
	if config.Directory == nil {
		problems = append(problems, errors.New("no Directory: there is nobody to provision"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("issuer/scim: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: config, walks: make(chan struct{}, maxWalks)}
	s.users = endpoint[user]{s, userType(), people{s}, make(chan struct{}, 1)}
	s.groups = endpoint[Group]{s, groupType(), groups{s}, make(chan struct{}, 1)}
	s.types = []*resourceType{s.users.kind}
	if config.Groups != nil {
		s.types = append(s.types, s.groups.kind)
	}
	return s, nil
}

// Route is an address of the service.
type Route struct {
	Method string
	Path   string // below the base; {id} is the request's path value "id"
	// Answer writes the answer. An error that it returns, having written nothing,
	// is for [WriteError].
	Answer func(http.ResponseWriter, *http.Request) error
}

// Routes returns the addresses.
func (s *Service) Routes() []Route {
	routes := []Route{
		{"GET", "", s.serviceProviderConfig},
		{"GET", "/ServiceProviderConfig", s.serviceProviderConfig},
		{"GET", "/ResourceTypes", s.resourceTypes},
		{"GET", "/ResourceTypes/{id}", s.resourceType},
		{"GET", "/Schemas", s.schemas},
		{"GET", "/Schemas/{id}", s.schema},
	}
	return append(append(routes, s.users.routes()...), s.groups.routes()...)
}

// now is the time as it is kept: to the microsecond, in UTC.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Microsecond) }
