package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/keyfile"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// issuerSetup is what issuer init is asked for.
type issuerSetup struct {
	dir, url       string
	listen         string
	passphraseFile string // empty: one is made up
	insecurePlain  bool
	listTTL        time.Duration
	listSize       uint32
}

// initIssuer makes an issuer's folder, whole or not at all. A folder that is an
// issuer's already is left alone: keys that are gone take every badge with them.
func initIssuer(ctx context.Context, setup issuerSetup, s streams) (err error) {
	folder := &issuerFolder{path: setup.dir, now: s.now}
	parts := []string{issuerConfigFile, policyFile, keysFolder, filepath.Dir(databaseFile)}
	for _, part := range parts {
		if exists(folder.file(part)) {
			return misuse("%s is an issuer's folder already: it has %s; choose another", setup.dir, part)
		}
	}
	defer func() {
		for _, part := range parts {
			if err != nil {
				err = errors.Join(err, os.RemoveAll(folder.file(part)))
			}
		}
	}()
	if err := setup.write(ctx, folder); err != nil {
		return err
	}
	return setup.check(ctx, s)
}

// check opens what was made, because what can't be served should not be there.
// The environment is left out of it: it may be another one tomorrow.
func (s *issuerSetup) check(ctx context.Context, with streams) error {
	folder, err := openIssuerFolder(s.dir, streams{now: with.now})
	if err != nil {
		return err
	}
	settings, err := folder.settings(nil)
	if err != nil {
		return err
	}
	_, database, err := folder.program(ctx, settings)
	if err != nil {
		return err
	}
	return database.Close()
}

func (s *issuerSetup) write(ctx context.Context, folder *issuerFolder) error {
	for _, sub := range []string{".", keysFolder, filepath.Dir(databaseFile)} {
		if err := os.MkdirAll(folder.file(sub), 0o700); err != nil {
			return err
		}
	}
	protection, passphrase, err := s.protect(folder)
	if err != nil {
		return err
	}
	if err := s.makeSecrets(folder, protection); err != nil {
		return explainKey(err)
	}
	if err := os.WriteFile(folder.file(policyFile), []byte(policy.DefaultYAML()), 0o600); err != nil {
		return err
	}
	database, err := sqlite.Open(ctx, sqlite.Config{
		Path: folder.file(databaseFile), Create: true, ListSize: s.listSize, Now: folder.now,
	})
	if err != nil {
		return misuseError{err}
	}
	if err := database.Close(); err != nil {
		return err
	}
	// Last, because this file is what makes the folder an issuer's.
	return os.WriteFile(folder.file(issuerConfigFile), s.configText(passphrase), 0o600)
}

// protect says how keys are protected and where the passphrase is.
func (s *issuerSetup) protect(folder *issuerFolder) (keyfile.Protection, string, error) {
	if s.insecurePlain {
		return keyfile.Protection{InsecurePlain: true}, "", nil
	}
	if s.passphraseFile != "" {
		path, err := filepath.Abs(s.passphraseFile)
		if err != nil {
			return keyfile.Protection{}, "", err
		}
		passphrase, err := passphraseFrom(path)()
		if err != nil {
			return keyfile.Protection{}, "", misuseError{err}
		}
		return keyfile.Protection{Passphrase: func() ([]byte, error) { return passphrase, nil }}, path, nil
	}
	path := filepath.Join(keysFolder, passphraseFile)
	err := writeNew(folder.file(path), rand.Text()+"\n", 0o600)
	return keyfile.Protection{Passphrase: passphraseFrom(folder.file(path))}, path, err
}

func (s *issuerSetup) makeSecrets(folder *issuerFolder, protection keyfile.Protection) error {
	keys := keyFolder{folder.file(keysFolder), protection}
	for _, purpose := range []store.KeyPurpose{store.ForBadges, store.ForLists, store.ForRoot} {
		if _, err := keys.MakeKey(purpose); err != nil {
			return err
		}
	}
	secret := make([]byte, issuer.MinSubjectKey)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	return writeNew(folder.file(filepath.Join(keysFolder, subjectKeyFile)), base64.RawURLEncoding.EncodeToString(secret)+"\n", 0o600)
}

// rootFile is where the private root key lies after the setup.
func rootFile(s issuerSetup) string {
	ending := encryptedEnding
	if s.insecurePlain {
		ending = plainEnding
	}
	return filepath.Join(s.dir, keysFolder, keyNames[store.ForRoot]+ending)
}

// writeNew writes a file that is not there yet.
func writeNew(path, text string, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
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
	fmt.Fprintf(&b, "# Nobody is told of a lapse, and nothing is locked, until notify and mail are set.\n")
	fmt.Fprintf(&b, "issuer:\n  url: %q\n  listen: %q\n  policy: %s\n", s.url, s.listen, policyFile)
	fmt.Fprintf(&b, "  list_ttl: %s\n  list_size: %d\n", s.listTTL, s.listSize)
	if s.insecurePlain {
		fmt.Fprintf(&b, "  insecure_plain_keys: true # for development only\n")
	} else {
		fmt.Fprintf(&b, "  passphrase:\n    file: %q # keep it apart from the keys\n", passphrase)
	}
	return []byte(b.String())
}
