package main

import (
	"context"
	"crypto/rand"
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
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// What is in an issuer's folder.
const (
	issuerConfigFile = "issuer.yaml"
	policyFile       = "policy.yaml"
	databaseFile     = "data/issuer.db"
	socketFile       = "issuer.sock"
	keysFolder       = "keys"
	badgeKeyName     = "badge"
	listKeyName      = "lists"
	subjectKeyFile   = "subject.secret"
	passphraseFile   = "passphrase"
)

// issuerConfig is issuer.yaml.
type issuerConfig struct {
	Issuer issuerSection `yaml:"issuer"`
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
	ListSize          int64         `yaml:"list_size"`
	Passphrase        config.Secret `yaml:"passphrase"`
	InsecurePlainKeys bool          `yaml:"insecure_plain_keys"`
}

func defaultIssuerConfig() issuerConfig {
	return issuerConfig{issuerSection{
		Listen:    "127.0.0.1:8080",
		Policy:    policyFile,
		BadgeLife: issuer.DefaultBadgeLife,
		ListTTL:   issuer.DefaultListTTL,
		ListLife:  issuer.DefaultListLife,
		ListSize:  sqlite.DefaultListSize,
	}}
}

// issuerFolder is an issuer on this machine.
type issuerFolder struct {
	path   string
	config issuerSection
}

// path is joined to the folder unless it is absolute.
func (f *issuerFolder) file(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.path, path)
}

func openIssuerFolder(path string, environ []string) (*issuerFolder, error) {
	settings := defaultIssuerConfig()
	name := filepath.Join(path, issuerConfigFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, misuse("%s is not an issuer's folder; make one with: cyberbadge issuer init --dir %s --url https://…", path, path)
	}
	if err := config.Load(name, environ, &settings); err != nil {
		return nil, misuseError{err}
	}
	return &issuerFolder{path, settings.Issuer}, nil
}

func (f *issuerFolder) protection() keyfile.Protection {
	p := keyfile.Protection{InsecurePlain: f.config.InsecurePlainKeys}
	if f.config.Passphrase.IsSet() {
		p.Passphrase = func() ([]byte, error) { return []byte(f.config.Passphrase.Reveal()), nil }
	}
	return p
}

// program opens the store and everything else that the issuer needs. Close the
// store when done.
func (f *issuerFolder) program(ctx context.Context, logger *slog.Logger) (*issuer.Program, *sqlite.Store, error) {
	policyText, err := readBounded(f.file(f.config.Policy), policy.MaxFileSize)
	if err != nil {
		return nil, nil, err
	}
	rules, err := policy.Parse(policyText)
	if err != nil {
		return nil, nil, misuseError{fmt.Errorf("%s: %w", f.file(f.config.Policy), err)}
	}
	settings, err := f.programConfig(rules, logger)
	if err != nil {
		return nil, nil, err
	}
	database, err := sqlite.Open(ctx, sqlite.Config{
		Path:     f.file(databaseFile),
		Create:   false,
		ListSize: uint32(f.config.ListSize),
		Logger:   logger,
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

func (f *issuerFolder) programConfig(rules *policy.Policy, logger *slog.Logger) (issuer.Config, error) {
	keys := f.file(keysFolder)
	badgeKey, err := openKey(keys, badgeKeyName, f.protection())
	if err != nil {
		return issuer.Config{}, err
	}
	listKey, err := openKey(keys, listKeyName, f.protection())
	if err != nil {
		return issuer.Config{}, err
	}
	subjectKey, err := readSecret(filepath.Join(keys, subjectKeyFile))
	if err != nil {
		return issuer.Config{}, err
	}
	return issuer.Config{
		URL:        f.config.URL,
		Policy:     rules,
		BadgeKey:   badgeKey,
		ListKey:    listKey,
		SubjectKey: subjectKey,
		BadgeLife:  f.config.BadgeLife,
		ListTTL:    f.config.ListTTL,
		ListLife:   f.config.ListLife,
		Logger:     logger,
	}, nil
}

func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others; type: chmod 600 %s", path, path)
	}
	text, err := readBounded(path, keyfile.MaxFileSize)
	if err != nil {
		return nil, err
	}
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is not base64url", path)
	}
	return secret, nil
}

// issuerSetup is what issuer init is asked for.
type issuerSetup struct {
	dir, url       string
	listen         string
	passphraseFile string // empty: one is made up
	insecurePlain  bool
	listTTL        time.Duration
	listSize       int64
}

// initIssuer makes an issuer's folder. A folder that is an issuer's already is
// left alone: keys that are gone take every badge with them.
func initIssuer(ctx context.Context, setup issuerSetup) error {
	folder := &issuerFolder{path: setup.dir}
	if _, err := os.Stat(folder.file(issuerConfigFile)); err == nil {
		return misuse("%s is an issuer's folder already; choose another", setup.dir)
	}
	for _, sub := range []string{".", keysFolder, filepath.Dir(databaseFile)} {
		if err := os.MkdirAll(folder.file(sub), 0o700); err != nil {
			return err
		}
	}
	protection, passphrase, err := setup.protect(folder)
	if err != nil {
		return err
	}
	if err := setup.makeSecrets(folder, protection); err != nil {
		return err
	}
	if err := os.WriteFile(folder.file(policyFile), []byte(policy.DefaultYAML()), 0o600); err != nil {
		return err
	}
	database, err := sqlite.Open(ctx, sqlite.Config{Path: folder.file(databaseFile), Create: true, ListSize: uint32(setup.listSize)})
	if err != nil {
		return err
	}
	if err := database.Close(); err != nil {
		return err
	}
	// Last, because this file is what makes the folder an issuer's.
	return os.WriteFile(folder.file(issuerConfigFile), setup.configText(passphrase), 0o600)
}

// protect says how keys are protected and where the passphrase is.
func (s *issuerSetup) protect(folder *issuerFolder) (keyfile.Protection, string, error) {
	if s.insecurePlain {
		return keyfile.Protection{InsecurePlain: true}, "", nil
	}
	if s.passphraseFile != "" {
		path, err := filepath.Abs(s.passphraseFile)
		return keyfile.Protection{Passphrase: passphraseFrom(path)}, path, err
	}
	path := filepath.Join(keysFolder, passphraseFile)
	err := writeNew(folder.file(path), rand.Text()+"\n")
	return keyfile.Protection{Passphrase: passphraseFrom(folder.file(path))}, path, err
}

func (s *issuerSetup) makeSecrets(folder *issuerFolder, protection keyfile.Protection) error {
	ending := encryptedEnding
	if s.insecurePlain {
		ending = plainEnding
	}
	for _, name := range []string{badgeKeyName, listKeyName} {
		if _, err := makeKey(folder.file(filepath.Join(keysFolder, name+ending)), protection); err != nil {
			return err
		}
	}
	secret := make([]byte, issuer.MinSubjectKey)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	return writeNew(folder.file(filepath.Join(keysFolder, subjectKeyFile)), base64.RawURLEncoding.EncodeToString(secret)+"\n")
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (s *issuerSetup) configText(passphrase string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# An issuer of Cyber Badges. docs/operations.md explains every setting; each can\n")
	fmt.Fprintf(&b, "# be overridden from the environment, for example CYBERBADGE_ISSUER_LISTEN.\n")
	fmt.Fprintf(&b, "issuer:\n  url: %q\n  listen: %q\n  policy: %s\n", s.url, s.listen, policyFile)
	fmt.Fprintf(&b, "  list_ttl: %s\n  list_size: %d\n", s.listTTL, s.listSize)
	if s.insecurePlain {
		fmt.Fprintf(&b, "  insecure_plain_keys: true # for development only\n")
	} else {
		fmt.Fprintf(&b, "  passphrase:\n    file: %q # keep it apart from the keys\n", passphrase)
	}
	return []byte(b.String())
}
