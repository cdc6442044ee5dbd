// Package issuertest makes issuers for tests: over a database of their own, with
// keys that everybody knows, at the instant of the sample program.
package issuertest

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// Clock stands at the instant at which the sample has the standings that are
// expected of it.
func Clock(t testing.TB) *clocktest.Clock {
	t.Helper()
	at, err := time.Parse(time.RFC3339, sample.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	return clocktest.New(at)
}

// Database opens a new database that closes with the test. Path and Create of its
// configuration are set here.
func Database(t testing.TB, config sqlite.Config) *sqlite.Store {
	t.Helper()
	config.Path, config.Create = filepath.Join(t.TempDir(), "db", "store.db"), true
	database, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	return database
}

// Config is a good configuration: the default policy, the keys and the address of
// package credentialtest.
func Config(records store.Store, now func() time.Time) issuer.Config {
	return issuer.Config{
		URL:        credentialtest.IssuerURL,
		Store:      records,
		Policy:     policy.Default(),
		BadgeKey:   credentialtest.IssuerKey,
		ListKey:    credentialtest.ListKey,
		SubjectKey: bytes.Repeat([]byte{7}, issuer.MinSubjectKey),
		Now:        now,
	}
}

// New is an issuer that must be good.
func New(t testing.TB, config issuer.Config) *issuer.Program {
	t.Helper()
	program, err := issuer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// ImportSample has an issuer learn of everybody in the sample.
func ImportSample(t testing.TB, program *issuer.Program) {
	t.Helper()
	var files issuer.Files
	for name, to := range map[string]*io.Reader{sample.People: &files.People, sample.Training: &files.Training, sample.Devices: &files.Devices} {
		f, err := sample.Files.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		*to = f
	}
	if _, err := program.Import(t.Context(), files, "a test"); err != nil {
		t.Fatal(err)
	}
}
