package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	issuerserver "github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/fleet"
	"github.com/cyberbadge/cyberbadge/issuer/source/graph"
	"github.com/cyberbadge/cyberbadge/issuer/source/lrs"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
)

// Bounds of one call to a source.
const (
	sourceTimeout = 30 * time.Second
	sourcePage    = 16 << 20 // bytes of a page
)

// evidenceSection is evidence in issuer.yaml: where training and devices come from.
type evidenceSection struct {
	HomePage string           `yaml:"home_page"`
	Network  networkSection   `yaml:"network"`
	Sources  []sourceSection  `yaml:"sources"`
	Webhooks []webhookSection `yaml:"webhooks"`
	Tables   []tableSection   `yaml:"tables"`
}

// sourceSection is one system that is asked: exactly one of the three is there.
type sourceSection struct {
	Name     string        `yaml:"name"`
	Interval time.Duration `yaml:"interval"`
	LRS      *lrsSection   `yaml:"lrs"`
	Graph    *graphSection `yaml:"graph"`
	Fleet    *fleetSection `yaml:"fleet"`
}

type lrsSection struct {
	URL      string        `yaml:"url"`
	User     string        `yaml:"user"`
	Password config.Secret `yaml:"password"`
	Token    config.Secret `yaml:"token"`
}

type graphSection struct {
	Tenant       string        `yaml:"tenant"`
	ClientID     string        `yaml:"client_id"`
	ClientSecret config.Secret `yaml:"client_secret"`
	Delta        bool          `yaml:"delta"`
	GraphURL     string        `yaml:"graph_url"`
	LoginURL     string        `yaml:"login_url"`
}

type fleetSection struct {
	URL      string        `yaml:"url"`
	Token    config.Secret `yaml:"token"`
	Policies []int64       `yaml:"policies"`
}

// webhookSection is a system that reports devices. While the secret is changed,
// both are good.
type webhookSection struct {
	Source     string        `yaml:"source"`
	Secret     config.Secret `yaml:"secret"`
	NextSecret config.Secret `yaml:"next_secret"`
}

// tableSection is a learning system's CSV.
type tableSection struct {
	Name      string            `yaml:"name"`
	Columns   map[string]string `yaml:"columns"`
	Delimiter string            `yaml:"delimiter"`
	Dates     string            `yaml:"dates"`
	TimeZone  string            `yaml:"time_zone"`
}

// evidenceParts is what evidence needs of the rest of the program.
type evidenceParts struct {
	receiver  runner.Receiver
	inventory runner.Inventory
	cursors   source.Cursors
	directory source.Directory // nil: device managers name people by their ids
	roots     *x509.CertPool   // nil: the system's
	now       func() time.Time
	logger    *slog.Logger
}

// evidence is the folder's section, built for a program.
func (f *issuerFolder) evidence(program *issuer.Program, logger *slog.Logger) (issuerserver.Evidence, *runner.Runner, error) {
	section := f.whole.Evidence
	roots, err := f.authorities(section.Network.CAFile)
	if err != nil {
		return issuerserver.Evidence{}, nil, fmt.Errorf("evidence.network.ca_file: %w", err)
	}
	return section.build(evidenceParts{
		receiver: program, inventory: program, cursors: program.Cursors(), directory: program, roots: roots, now: f.now, logger: logger,
	})
}

// build returns what the server needs, and a runner to run beside it; nil when
// nothing is asked. It reports everything that is wrong at once.
func (c *evidenceSection) build(parts evidenceParts) (issuerserver.Evidence, *runner.Runner, error) {
	pushed := issuerserver.Evidence{HomePage: c.HomePage, Directory: parts.directory}
	var problems []error
	for n, section := range c.Tables {
		table, err := section.table()
		problems = append(problems, placed("tables", n, section.Name, err))
		pushed.Tables = append(pushed.Tables, table)
	}
	for n, section := range c.Webhooks {
		sender, err := section.sender()
		problems = append(problems, placed("webhooks", n, section.Source, err))
		pushed.Senders = append(pushed.Senders, sender)
	}
	asked, err := c.runner(parts)
	if err := errors.Join(append(problems, err)...); err != nil {
		return issuerserver.Evidence{}, nil, err
	}
	if asked != nil { // a nil *runner.Runner would be sources that are there
		pushed.Sources = asked
	}
	return pushed, asked, nil
}

// placed says where in the file a problem is.
func placed(list string, n int, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("evidence: %s: number %d, %q: %w", list, n+1, name, err)
}

func (c *evidenceSection) runner(parts evidenceParts) (*runner.Runner, error) {
	if len(c.Sources) == 0 {
		return nil, nil
	}
	rules := c.Network.rules(parts.roots)
	rules.Timeout, rules.MaxBody = sourceTimeout, sourcePage
	client, err := outbound.New(rules)
	if err != nil {
		return nil, fmt.Errorf("evidence: network: %w", err)
	}
	settings := runner.Config{
		Receiver: parts.receiver, Inventory: parts.inventory, Cursors: parts.cursors, Now: parts.now, Logger: parts.logger,
	}
	var problems []error
	for n, section := range c.Sources {
		name, feed, err := section.feed(client, c.HomePage, parts)
		problems = append(problems, placed("sources", n, section.Name, err))
		settings.Sources = append(settings.Sources, runner.Source{Name: name, Feed: feed, Interval: section.Interval})
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	asked, err := runner.New(settings)
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return asked, nil
}

// feed returns the name under which a source's records are kept, and the source.
func (s *sourceSection) feed(client *outbound.Client, homePage string, parts evidenceParts) (string, source.Feed, error) {
	kinds := 0
	for _, there := range []bool{s.LRS != nil, s.Graph != nil, s.Fleet != nil} {
		if there {
			kinds++
		}
	}
	if kinds != 1 {
		return s.Name, nil, errors.New("give one of lrs, graph and fleet")
	}
	switch {
	case s.LRS != nil:
		feed, err := lrs.New(lrs.Config{
			Name: s.Name, URL: s.LRS.URL, HomePage: homePage, User: s.LRS.User,
			Password: s.LRS.Password.Reveal(), Token: s.LRS.Token.Reveal(), Client: client, Now: parts.now,
		})
		return named(s.Name, lrs.DefaultName), feed, err
	case s.Graph != nil:
		feed, err := graph.New(graph.Config{
			Name: s.Name, Tenant: s.Graph.Tenant, ClientID: s.Graph.ClientID, ClientSecret: s.Graph.ClientSecret.Reveal(),
			GraphURL: s.Graph.GraphURL, LoginURL: s.Graph.LoginURL, Delta: s.Graph.Delta,
			Directory: parts.directory, Client: client, Now: parts.now,
		})
		return named(s.Name, graph.DefaultName), feed, err
	default:
		feed, err := fleet.New(fleet.Config{
			Name: s.Name, URL: s.Fleet.URL, Token: s.Fleet.Token.Reveal(), Policies: s.Fleet.Policies,
			Directory: parts.directory, Client: client, Now: parts.now,
		})
		return named(s.Name, fleet.DefaultName), feed, err
	}
}

func named(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

func (s *webhookSection) sender() (issuerserver.Sender, error) {
	secrets, err := webhookSecrets(s.Secret, s.NextSecret)
	return issuerserver.Sender{Source: s.Source, Secrets: secrets}, err
}

func (s *tableSection) table() (source.TableConfig, error) {
	table := source.TableConfig{Name: s.Name, Columns: s.Columns, Dates: s.Dates}
	if s.Delimiter != "" {
		delimiter, size := utf8.DecodeRuneInString(s.Delimiter)
		if size != len(s.Delimiter) {
			return table, fmt.Errorf("delimiter %q is more than one character", s.Delimiter)
		}
		table.Delimiter = delimiter
	}
	if s.TimeZone != "" {
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil || s.TimeZone == "Local" { // the machine's is whatever it is today
			return table, fmt.Errorf("time_zone %q is none: write it like Europe/Berlin", s.TimeZone)
		}
		table.Zone = zone
	}
	return table, table.Check()
}
