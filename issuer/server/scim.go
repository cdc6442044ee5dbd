package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/scim"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// scimPath is where identity providers provision people. Like the rest of the
// office it does not stand below the path of the issuer's URL.
const scimPath = "/scim/v2"

// anyQuery is taken where the query is read by another's rules: SCIM has callers
// send what they like.
var anyQuery = []string{"*"}

// provisioning returns the routes of SCIM.
func (s *Server) provisioning() ([]route, error) {
	address, err := url.Parse(s.config.Program.URL())
	if err != nil {
		return nil, err
	}
	service, err := scim.New(scim.Config{
		URL:       address.Scheme + "://" + address.Host + scimPath,
		Directory: directory{s},
		Groups:    groups{s.config.Program.Groups()},
		Now:       s.config.Now,
		Logger:    s.config.Logger,
	})
	if err != nil {
		return nil, err
	}
	var routes []route
	for _, r := range service.Routes() {
		path := scimPath + strings.ReplaceAll(r.Path, "{id}", ":id")
		routes = append(routes, route{r.Method, path, ScopeSCIM, anyQuery, s.inSCIM(r.Answer)})
	}
	return routes, nil
}

// inSCIM has errors answered in the words of SCIM. Who may not call at all gets a
// problem, as everywhere.
func (s *Server) inSCIM(to answer) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := to(w, r); err != nil {
			s.failSCIM(w, r, err)
		}
		return nil
	}
}

// isSCIM reports whether an address is answered in the words of SCIM.
func isSCIM(path string) bool {
	return path == scimPath || strings.HasPrefix(path, scimPath+"/")
}

// failSCIM is [Server.fail] in the words of SCIM.
func (s *Server) failSCIM(w http.ResponseWriter, r *http.Request, err error) {
	var refused *scim.Error
	if !errors.As(err, &refused) && !errors.Is(err, scim.ErrNotFound) {
		err = known(err)
	}
	if scim.Of(err).Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", problem.RetryAfter)
	}
	scim.WriteError(w, r, s.config.Logger, err)
}

// unlessSCIM answers with err in the words of SCIM below its address, and otherwise
// elsewhere.
func (s *Server) unlessSCIM(otherwise http.Handler, err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSCIM(r.URL.Path) {
			s.failSCIM(w, r, err)
			return
		}
		otherwise.ServeHTTP(w, r)
	})
}

// directory is the program's people for SCIM.
type directory struct{ *Server }

var _ scim.Directory = directory{}

// Person implements [scim.Directory].
func (d directory) Person(ctx context.Context, id string) (evidence.Person, error) {
	found, err := d.config.Program.Person(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && found.ID != id {
		return evidence.Person{}, scim.ErrNotFound
	}
	return found, err
}

// PersonByExternalID implements [scim.Directory].
func (d directory) PersonByExternalID(ctx context.Context, externalID string) (evidence.Person, error) {
	found, err := d.config.Program.PersonByExternalID(ctx, externalID)
	if errors.Is(err, store.ErrNotFound) {
		return evidence.Person{}, scim.ErrNotFound
	}
	return found, err
}

// PeopleNamed implements [scim.Directory].
func (d directory) PeopleNamed(ctx context.Context, userName string) ([]evidence.Person, error) {
	return d.config.Program.PeopleByUserName(ctx, userName)
}

// People implements [scim.Directory].
func (d directory) People(ctx context.Context, after string, limit int) ([]evidence.Person, error) {
	return d.config.Program.People(ctx, after, limit)
}

// Provision implements [scim.Directory].
func (d directory) Provision(ctx context.Context, person evidence.Person, portraits []source.Portrait) error {
	by := callerFrom(ctx).by
	im := store.Import{By: by, People: []evidence.Person{person}}
	for _, p := range portraits {
		im.Portraits = append(im.Portraits, store.PersonPortrait{PersonID: p.PersonID, Portrait: p.Portrait})
	}
	result, err := d.config.Program.Receive(ctx, im)
	if err != nil {
		return err
	}
	d.config.Logger.InfoContext(ctx, "provisioned", "by", by, "person", person.ID, "active", person.Active,
		"added", result.People.Added, "changed", result.People.Changed)
	return nil
}

// nothingThere and notThatWay are what the router answers by itself.
var (
	nothingThere = problem.Errorf(http.StatusNotFound, CodeNotFound, "There is nothing at this address.")
	notThatWay   = problem.Errorf(http.StatusMethodNotAllowed, problem.CodeMethodNotAllowed,
		"This address does not answer to that method. The header Allow names those that it does.")
)
