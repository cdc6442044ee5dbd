package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/internal/keyfile"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// What is in an issuer's folder.
const (
	issuerConfigFile = "issuer.yaml"
	policyFile       = "policy.yaml"
	databaseFile     = "data/issuer.db"
	socketFile       = "issuer.sock"
	keysFolder       = "keys"
	subjectKeyFile   = "subject.secret"
	passphraseFile   = "passphrase"
)

// issuerConfig is issuer.yaml.
type issuerConfig struct {
	Issuer   issuerSection      `yaml:"issuer"`
	Program  programSection     `yaml:"program"`
	Notify   notifySection      `yaml:"notify"`
	Mail     mailSection        `yaml:"mail"`
	Teams    roomSection        `yaml:"teams"`
	Slack    roomSection        `yaml:"slack"`
	Webhooks []receiverSection  `yaml:"webhooks"`
	LockOut  lockOutSection     `yaml:"lockout"`
	Outbound networkSection     `yaml:"outbound"`
	Office   officeSection      `yaml:"office"`
	Limits   limitsSection      `yaml:"limits"`
	Evidence evidenceSection    `yaml:"evidence"`
	Signals  transmitterSection `yaml:"signals"`
	Lists    listsSection       `yaml:"lists"`
}

type issuerSection struct {
	URL               string        `yaml:"url"`
	Listen            string        `yaml:"listen"`
	OperationsListen  string        `yaml:"operations_listen"`
	TLSCertificate    string        `yaml:"tls_certificate"`
	TLSKey            string        `yaml:"tls_key"`
	Policy            string        `yaml:"policy"`
	BadgeLife         time.Duration `yaml:"badge_life"`
	ListTTL           time.Duration `yaml:"list_ttl"`
	ListLife          time.Duration `yaml:"list_life"`
	ListSize          uint32        `yaml:"list_size"`
	KeyWait           time.Duration `yaml:"key_wait"`
	NotBefore         string        `yaml:"not_before"`
	Stopped           []string      `yaml:"stopped"`
	Passphrase        config.Secret `yaml:"passphrase"`
	InsecurePlainKeys bool          `yaml:"insecure_plain_keys"`
}

func defaultIssuerConfig() issuerConfig {
	return issuerConfig{
		Issuer: issuerSection{
			Listen:    "127.0.0.1:8080",
			Policy:    policyFile,
			BadgeLife: issuer.DefaultBadgeLife,
			ListTTL:   issuer.DefaultListTTL,
			ListLife:  issuer.DefaultListLife,
			ListSize:  sqlite.DefaultListSize,
			KeyWait:   issuer.DefaultKeyWait,
		},
		Program: defaultProgramSection(),
		Notify:  notifySection{Program: "Cyber Badge program", TimeZone: "UTC"},
		Mail:    mailSection{TLS: tlsStart},
		LockOut: defaultLockOutSection(),
	}
}

// issuerFolder is an issuer on this machine.
type issuerFolder struct {
	path   string
	config issuerSection
	whole  issuerConfig // of which config is the section issuer
	now    func() time.Time
}

// path is joined to the folder unless it is absolute.
func (f *issuerFolder) file(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.path, path)
}

func openIssuerFolder(path string, s streams) (*issuerFolder, error) {
	settings := defaultIssuerConfig()
	name := filepath.Join(path, issuerConfigFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, notIssuer(path)
	}
	if err := config.Load(name, s.environ, &settings); err != nil {
		return nil, misuseError{err}
	}
	return &issuerFolder{path, settings.Issuer, settings, s.now}, nil
}

func notIssuer(path string) error {
	return misuse("%s is not an issuer's folder; make one with: cyberbadge issuer init --dir %s --url https://…", path, path)
}

func (f *issuerFolder) protection() keyfile.Protection {
	p := keyfile.Protection{InsecurePlain: f.config.InsecurePlainKeys}
	if f.config.Passphrase.IsSet() {
		p.Passphrase = func() ([]byte, error) { return []byte(f.config.Passphrase.Reveal()), nil }
	}
	return p
}

func (f *issuerFolder) keys() keyFolder { return keyFolder{f.file(keysFolder), f.protection()} }

// program opens the store and everything else that the issuer needs. Close the
// store when done.
func (f *issuerFolder) program(ctx context.Context, settings issuer.Config) (*issuer.Program, *sqlite.Store, error) {
	database, err := sqlite.Open(ctx, sqlite.Config{
		Path:     f.file(databaseFile),
		Create:   false,
		ListSize: f.config.ListSize,
		Now:      f.now,
		Logger:   settings.Logger,
	})
	if err != nil {
		return nil, nil, err
	}
	settings.Store = database
	program, err := issuer.New(settings)
	if err != nil {
		return nil, nil, errors.Join(misuseError{err}, database.Close())
	}
	return program, database, nil
}

// settings is the program that the folder describes, without its store.
func (f *issuerFolder) settings(logger *slog.Logger) (issuer.Config, error) {
	rules, err := f.policy()
	if err != nil {
		return issuer.Config{}, err
	}
	keys := f.keys()
	badgeKey, err := keys.first(store.ForBadges)
	if err != nil {
		return issuer.Config{}, misuseError{err}
	}
	listKey, err := keys.first(store.ForLists)
	if err != nil {
		return issuer.Config{}, misuseError{err}
	}
	rootKey, err := keys.rootPublic()
	if err != nil {
		return issuer.Config{}, misuseError{err}
	}
	subjectKey, err := readSecret(filepath.Join(keys.path, subjectKeyFile))
	if err != nil {
		return issuer.Config{}, misuseError{err}
	}
	notBefore, err := parseNotBefore(f.config.NotBefore)
	if err != nil {
		return issuer.Config{}, err
	}
	settings := issuer.Config{
		URL:        f.config.URL,
		Policy:     rules,
		BadgeKey:   badgeKey,
		ListKey:    listKey,
		SubjectKey: subjectKey,
		Keys:       keys,
		RootKey:    rootKey,
		KeyWait:    f.config.KeyWait,
		NotBefore:  notBefore,
		Stopped:    f.config.Stopped,
		BadgeLife:  f.config.BadgeLife,
		ListTTL:    f.config.ListTTL,
		ListLife:   f.config.ListLife,
		Now:        f.now,
		Logger:     logger,
	}
	f.whole.addTo(&settings)
	return settings, nil
}

func (f *issuerFolder) policy() (*policy.Policy, error) {
	path := f.file(f.config.Policy)
	text, err := readBounded(path, policy.MaxFileSize)
	if err != nil {
		return nil, misuseError{err}
	}
	rules, err := policy.Parse(text)
	if err != nil {
		return nil, misuse("%s: %w", path, err)
	}
	return rules, nil
}

func readSecret(path string) ([]byte, error) {
	text, err := readPrivate(path, config.MaxSecretSize)
	if err != nil {
		return nil, err
	}
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is not base64url", path)
	}
	return secret, nil
}
