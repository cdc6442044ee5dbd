package lrs

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
)

// Bounds and times of reading.
const (
	Overlap      = 15 * time.Minute // by which a query reaches back behind what was seen
	PagesPerCall = 20               // of each verb
)

// DefaultName is the source under which statements are kept, whichever way they
// come: a statement's id is unique in the world, and one that is pushed and pulled
// is one record.
const DefaultName = "xapi"

// version is sent and understood (xAPI 1.0.3, Communication 3.3).
const version = "1.0.3"

// Config is what a [Store] needs. Either User and Password are set, or Token.
type Config struct {
	Name     string // the source in every record's origin; empty means DefaultName
	URL      string // of the record store, without /statements
	HomePage string // see source.Config
	User     string
	Password string
	Token    string
	Client   *outbound.Client // its MaxBody bounds a page
	Now      func() time.Time // time.Now when nil
	// Wait is how to wait for a store that asks for it; nil means real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// Store is a record store. It is safe for concurrent use.
type Store struct {
	cfg    Config
	caller *call.Caller
}

var _ source.Feed = (*Store)(nil)

// New checks cfg and reports all that is wrong with it. It calls nobody.
func New(cfg Config) (*Store, error) {
	cfg.Name = cmp.Or(cfg.Name, DefaultName)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var problems []error
	refuse := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New("lrs: "+text))
		}
	}
	basic := cfg.User != "" || cfg.Password != ""
	refuse(basic == (cfg.Token != ""), "give either User and Password or Token")
	refuse(basic && (cfg.User == "" || cfg.Password == ""), "User and Password belong together")
	refuse(strings.Contains(cfg.User, ":"), "User may not contain a colon")
	refuse(strings.ContainsAny(cfg.URL, "?"), "URL may not have a query")
	if err := cfg.Client.CheckField("URL", cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("lrs: %w", err))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	return &Store{cfg, call.New(call.Caller{
		What: "the record store", Client: cfg.Client, Base: cfg.URL, Wait: cfg.Wait, Now: cfg.Now,
		Header:    http.Header{"X-Experience-Api-Version": {version}},
		Authorize: cfg.authorize,
	})}, nil
}

func (c *Config) authorize(context.Context, string) (string, error) {
	if c.Token != "" {
		return "Bearer " + c.Token, nil
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password)), nil
}
