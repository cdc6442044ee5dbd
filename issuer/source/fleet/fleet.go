package fleet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
)

// DefaultName is the source under which devices are kept.
const DefaultName = "fleet"

// Bounds of a listing.
const (
	MaxPages = 2000
	perPage  = 100
)

// Config is what a [Manager] needs.
type Config struct {
	Name  string // the source in every record's origin; empty means DefaultName
	URL   string // of the Fleet server, without /api
	Token string // of an API-only user
	// Policies are the ids of those that count; empty means all.
	Policies  []int64
	Directory source.Directory
	Client    *outbound.Client // its MaxBody bounds a page
	Now       func() time.Time // time.Now when nil
	// Wait is how to wait for a server that asks for it; nil means real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// Manager is a Fleet server. It is safe for concurrent use.
type Manager struct {
	cfg    Config
	caller *call.Caller
}

var (
	_ source.Feed     = (*Manager)(nil)
	_ source.Rereader = (*Manager)(nil)
)

// New checks cfg and reports all that is wrong with it. It calls nobody.
func New(cfg Config) (*Manager, error) {
	cfg.Name = cmp.Or(cfg.Name, DefaultName)
	var problems []error
	refuse := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New("fleet: "+text))
		}
	}
	refuse(cfg.Token == "", "Token is empty")
	refuse(cfg.Directory == nil, "Directory is missing: nobody could say whose a host is")
	if err := cfg.Client.CheckField("URL", cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("fleet: %w", err))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	return &Manager{cfg, call.New(call.Caller{
		What: "Fleet", Client: cfg.Client, Base: cfg.URL, Wait: cfg.Wait, Now: cfg.Now,
		Authorize: func(context.Context, string) (string, error) { return "Bearer " + cfg.Token, nil },
	})}, nil
}

// Changes implements [source.Feed]. There is no cursor: Fleet does not say what
// has changed.
func (m *Manager) Changes(ctx context.Context, _ string) (source.Changes, error) {
	pages, err := source.NewHostPages(source.Config{Source: m.cfg.Name}, m.cfg.Policies)
	if err != nil {
		return source.Changes{}, err
	}
	if err := m.walk(ctx, pages); err != nil {
		return source.Changes{}, fmt.Errorf("fleet: %w", err)
	}
	return m.finish(ctx, pages, source.Changes{Full: true})
}

func (m *Manager) walk(ctx context.Context, pages *source.HostPages) error {
	for range MaxPages {
		before := pages.Last()
		page, err := m.read(ctx, pages, before, perPage)
		if err != nil {
			return err
		}
		if page.Records == 0 {
			return nil
		}
		if pages.Last() == before {
			return source.ErrRepeats
		}
	}
	return source.ErrTooLong
}

// read reads the hosts behind an id.
func (m *Manager) read(ctx context.Context, pages *source.HostPages, after int64, count int) (source.Page, error) {
	query := url.Values{
		"order_key": {"id"}, "order_direction": {"asc"}, "after": {strconv.FormatInt(after, 10)},
		"per_page": {strconv.Itoa(count)}, "populate_policies": {"true"}, "device_mapping": {"true"},
	}
	response, err := m.caller.Get(ctx, m.cfg.URL+"/api/v1/fleet/hosts?"+query.Encode())
	if err != nil {
		return source.Page{}, err
	}
	return pages.Read(bytes.NewReader(response.Body))
}

// Reread implements [source.Rereader]. It asks for a listing of one, because that
// alone says whose a host is in the same words as a whole listing.
func (m *Manager) Reread(ctx context.Context, ids []string) (source.Changes, error) {
	all, err := source.NewHostPages(source.Config{Source: m.cfg.Name}, m.cfg.Policies)
	if err != nil {
		return source.Changes{}, err
	}
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 1 {
			return source.Changes{}, fmt.Errorf("fleet: %.40q is no id of a host", text)
		}
		if err := m.rereadOne(ctx, all, id); err != nil {
			return source.Changes{}, fmt.Errorf("fleet: %w", err)
		}
	}
	return m.finish(ctx, all, source.Changes{})
}

func (m *Manager) rereadOne(ctx context.Context, all *source.HostPages, id int64) error {
	if _, err := m.read(ctx, all, id-1, 1); err != nil {
		return err
	}
	if !all.Has(id) { // the next one came instead, which is as true
		all.Gone(id)
	}
	return nil
}

// finish finds whose the hosts are.
func (m *Manager) finish(ctx context.Context, pages *source.HostPages, changes source.Changes) (source.Changes, error) {
	changes.Devices = pages.Result()
	for n := range changes.Devices.Records {
		device := &changes.Devices.Records[n]
		people, err := m.owners(ctx, pages.Names(device.Origin.ID))
		if err != nil {
			return source.Changes{}, fmt.Errorf("fleet: whose the hosts are could not be found: %w", err)
		}
		switch len(people) {
		case 0:
		case 1:
			device.PersonID = people[0]
		default:
			changes.Devices.Problems = append(changes.Devices.Problems, source.Problem{
				ID:      device.Origin.ID,
				Message: "the host belongs to several people: it counts for nobody; assign it to one of them in Fleet",
			})
		}
	}
	return changes, nil
}

// owners are the people whom the surest names that lead to anybody lead to.
func (m *Manager) owners(ctx context.Context, names [][]string) ([]string, error) {
	for _, class := range names {
		var people []string
		for _, name := range class {
			person, err := m.cfg.Directory.PersonID(ctx, name)
			if err != nil {
				return nil, err
			}
			if person != "" && !slices.Contains(people, person) {
				people = append(people, person)
			}
		}
		if len(people) > 0 {
			return people, nil
		}
	}
	return nil, nil
}
