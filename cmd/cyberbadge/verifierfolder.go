package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/cache"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// What is in a verifier's folder.
const (
	verifierConfigFile = "verifier.yaml"
	trustFile          = "trust.json"
	listsFolder        = "lists" // status lists, for a restart without a network
)

// verifierConfig is verifier.yaml.
type verifierConfig struct {
	Verifier verifierSection `yaml:"verifier"`
	Gates    gatesSection    `yaml:"gates"`
	Visits   visitsSection   `yaml:"visits"`
	Roots    []rootSection   `yaml:"roots"`
}

type verifierSection struct {
	Site             string           `yaml:"site"`
	Audience         string           `yaml:"audience"`
	Listen           string           `yaml:"listen"`
	Address          string           `yaml:"address"`
	OperationsListen string           `yaml:"operations_listen"`
	TLSCertificate   string           `yaml:"tls_certificate"`
	TLSKey           string           `yaml:"tls_key"`
	Trust            string           `yaml:"trust"`
	MaxStatusAge     time.Duration    `yaml:"max_status_age"`
	AuthorizeAccess  string           `yaml:"authorize_access"`
	Policy           policySection    `yaml:"policy"`
	Fetch            fetchSection     `yaml:"fetch"`
	Ended            endedSection     `yaml:"ended"`
	Signals          []signalsSection `yaml:"signals"`
}

type policySection struct {
	Roles         []string `yaml:"roles"`
	Organizations []string `yaml:"organizations"`
	Courses       []string `yaml:"courses"`
	Equipment     bool     `yaml:"equipment"`
	Name          bool     `yaml:"name"`
	Picture       bool     `yaml:"picture"`
}

type fetchSection struct {
	Off                   bool     `yaml:"off"`
	AllowHosts            []string `yaml:"allow_hosts"`
	AllowPorts            []uint16 `yaml:"allow_ports"`
	AllowPrivateNetworks  []string `yaml:"allow_private_networks"`
	InsecureAllowLoopback bool     `yaml:"insecure_allow_loopback"`
}

func defaultVerifierConfig() verifierConfig {
	return verifierConfig{Verifier: verifierSection{
		Listen:          "127.0.0.1:8090",
		Trust:           trustFile,
		MaxStatusAge:    revocation.DefaultMaxAge,
		AuthorizeAccess: string(credential.Remote),
	}}
}

// verifierFolder is a verifier on this machine.
type verifierFolder struct {
	path   string
	config verifierSection
	gates  gatesSection
	visits visitsSection
	roots  []rootSection
	lists  *verifierserver.ListEvents
	now    func() time.Time
}

func (f *verifierFolder) file(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.path, path)
}

func openVerifierFolder(path string, s streams) (*verifierFolder, error) {
	settings := defaultVerifierConfig()
	name := filepath.Join(path, verifierConfigFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, misuse("%s is not a verifier's folder; make one with: cyberbadge verifier init --dir %s", path, path)
	}
	if err := config.Load(name, s.environ, &settings); err != nil {
		return nil, misuseError{err}
	}
	return &verifierFolder{
		path: path, config: settings.Verifier, gates: settings.Gates, visits: settings.Visits, roots: settings.Roots,
		lists: verifierserver.NewListEvents(), now: s.now,
	}, nil
}

// verifier builds the verifier that the folder describes.
func (f *verifierFolder) verifier(logger *slog.Logger) (*verifier.Verifier, error) {
	trust, err := f.trustList()
	if err != nil {
		return nil, err
	}
	roots, err := f.pinned()
	if err != nil {
		return nil, err
	}
	settings := verifier.Config{
		Trust:        trust,
		Roots:        roots,
		Cache:        f.listCache(logger),
		MaxStatusAge: f.config.MaxStatusAge,
		Audience:     f.config.Audience,
		Policy:       verifier.Policy(f.config.Policy),
		Observe:      f.lists.Observe,
		Now:          f.now,
		Logger:       logger,
	}
	fetcher, err := f.config.Fetch.client()
	if err != nil {
		return nil, misuseError{err}
	}
	if fetcher != nil {
		settings.Fetcher, settings.Aggregator, settings.Follower = fetcher, fetcher, fetcher
	}
	v, err := verifier.New(settings)
	if err != nil {
		return nil, misuseError{err}
	}
	return v, nil
}

// listCache is nil where no lists can be kept: decisions can be made without.
func (f *verifierFolder) listCache(logger *slog.Logger) revocation.Cache {
	lists, err := cache.Open(f.file(listsFolder))
	if err == nil {
		return lists
	}
	if logger != nil {
		logger.Warn("status lists are not kept over a restart", "error", err)
	}
	return nil
}

// trustList reads the trust list. A verifier that pins root keys needs none: then it
// is nil when there is no file.
func (f *verifierFolder) trustList() (*verifier.Trust, error) {
	path := f.file(f.config.Trust)
	text, err := readBounded(path, verifier.MaxTrustSize)
	if errors.Is(err, fs.ErrNotExist) {
		if len(f.roots) > 0 {
			return nil, nil
		}
		return nil, misuse("no issuer is trusted yet; add one with: cyberbadge verifier trust --dir %s --add trust-list.json", f.path)
	}
	if err != nil {
		return nil, misuse("trust list: %w", err)
	}
	trust, err := verifier.ParseTrust(text)
	if err != nil {
		return nil, misuse("%w (in %s)", err, path)
	}
	return trust, nil
}

// client is nil where nothing is to be fetched.
func (s *fetchSection) client() (*fetch.Client, error) {
	if s.Off {
		return nil, nil
	}
	settings, err := s.settings()
	if err != nil {
		return nil, err
	}
	return fetch.New(settings)
}

func (s *fetchSection) settings() (fetch.Config, error) {
	settings := fetch.Config{
		AllowHosts:            s.AllowHosts,
		AllowPorts:            s.AllowPorts,
		InsecureAllowLoopback: s.InsecureAllowLoopback,
	}
	for _, text := range s.AllowPrivateNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return settings, fmt.Errorf("allow_private_networks: %q is not a network like 10.0.0.0/8", text)
		}
		settings.AllowPrivateNetworks = append(settings.AllowPrivateNetworks, network)
	}
	return settings, nil
}

// addTrust puts the issuers of a trust list into the folder's own, replacing
// those that are there. Nothing is written unless the result is good.
func (f *verifierFolder) addTrust(added []byte) ([]string, error) {
	if _, err := verifier.ParseTrust(added); err != nil {
		return nil, err
	}
	type list struct {
		Issuers []json.RawMessage `json:"issuers"`
	}
	var held, extra list
	if err := json.Unmarshal(added, &extra); err != nil {
		return nil, err
	}
	path := f.file(f.config.Trust)
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &held)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, issuer := range extra.Issuers {
		held.Issuers = slices.DeleteFunc(held.Issuers, func(other json.RawMessage) bool {
			return issuerName(other) == issuerName(issuer)
		})
		held.Issuers = append(held.Issuers, issuer)
	}
	merged, err := json.MarshalIndent(held, "", "  ")
	if err != nil {
		return nil, err
	}
	trust, err := verifier.ParseTrust(merged)
	if err != nil {
		return nil, err
	}
	return trust.Issuers(), replaceFile(path, append(merged, '\n'))
}

func issuerName(entry json.RawMessage) string {
	var named struct {
		Issuer string `json:"issuer"`
	}
	if json.Unmarshal(entry, &named) != nil {
		return ""
	}
	return named.Issuer
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, text []byte) error {
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.Write(text)
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}
