package issuer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// program is an issuer over a database that holds the sample.
type program struct {
	*issuer.Program
	*clocktest.Clock
	store *sqlite.Store
}

// configure is a good configuration over an empty database.
func configure(t testing.TB, database sqlite.Config) (issuer.Config, *clocktest.Clock) {
	t.Helper()
	c := issuertest.Clock(t)
	database.Now = c.Now
	return issuertest.Config(issuertest.Database(t, database), c.Now), c
}

// start is a program that knows the sample; change may make its configuration
// another.
func start(t testing.TB, change func(*issuer.Config)) program {
	t.Helper()
	config, c := configure(t, sqlite.Config{})
	if change != nil {
		change(&config)
	}
	p := issuertest.New(t, config)
	issuertest.ImportSample(t, p)
	return program{p, c, config.Store.(*sqlite.Store)}
}

func (p program) standings(t testing.TB) []issuer.Standing {
	t.Helper()
	var list []issuer.Standing
	if err := p.Standings(t.Context(), time.Time{}, func(s issuer.Standing) error {
		list = append(list, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// eligible returns the standings of everybody who may have a badge.
func (p program) eligible(t testing.TB) []issuer.Standing {
	t.Helper()
	return slices.DeleteFunc(p.standings(t), func(s issuer.Standing) bool { return !s.Eligible })
}

func (p program) issue(ctx context.Context, person string) (issuer.Issued, error) {
	return p.Issue(ctx, issuer.IssueRequest{Person: person, HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"})
}

func (p program) mustIssue(t testing.TB, person string) issuer.Issued {
	t.Helper()
	issued, err := p.issue(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// opened is what a badge says, all of it.
func opened(t testing.TB, text string) *credential.Badge {
	t.Helper()
	badge, err := credential.Opener{Keys: credentialtest.Keys{}}.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	return badge
}

func TestNew_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := issuer.New(issuer.Config{URL: "https://badge.vendor.example/", BadgeLife: time.Minute, ListTTL: time.Hour, ListLife: time.Hour})
	want := []string{
		`URL "https://badge.vendor.example/" ends in a slash; leave it out`,
		"no store",
		"no policy",
		"the subject key has 0 bytes, at least 32 are needed",
		"a badge lives 10m0s to 168h0m0s, not 1m0s",
		"a list's ttl is at least a second and less than its life, not 1h0m0s and 1h0m0s",
		"no badge key",
		"no list key",
	}
	if err == nil || err.Error() != "issuer: "+strings.Join(want, "\n") {
		t.Errorf("got %v", err)
	}
}

func TestNew_OnePartWrong(t *testing.T) {
	t.Parallel()
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*issuer.Config){
		"the list key signs something else, too; make another": func(c *issuer.Config) { c.ListKey = c.BadgeKey },
		"badge key: key_type_mismatch":                         func(c *issuer.Config) { c.BadgeKey = other },
		"list key: key_type_mismatch":                          func(c *issuer.Config) { c.ListKey = other },
		"is not an HTTPS URL":                                  func(c *issuer.Config) { c.URL = "http://badge.vendor.example" },
		"31 bytes, at least 32":                                func(c *issuer.Config) { c.SubjectKey = c.SubjectKey[1:] },
		"not 168h0m0.000000001s":                               func(c *issuer.Config) { c.BadgeLife = credential.MaxLifetime + 1 },
		"not 9m59.999999999s":                                  func(c *issuer.Config) { c.BadgeLife = 2*credential.TimeGranularity - 1 },
		"not 999.999999ms and 24h0m0s":                         func(c *issuer.Config) { c.ListTTL = time.Second - 1 },
		"locked and nobody is told":                            func(c *issuer.Config) { c.LockOut = true },
		`channel "mail" for the role ""`:                       func(c *issuer.Config) { c.Tell = []issuer.Recipient{{Channel: "mail"}} },
		"retention of tokens is 23h59m59.999999999s":           func(c *issuer.Config) { c.Retention.Tokens = store.MinRetention - 1 },
	} {
		config, _ := configure(t, sqlite.Config{})
		change(&config)
		if _, err := issuer.New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestNew_BoundsAreTaken(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*issuer.Config){
		func(c *issuer.Config) { c.BadgeLife = credential.MaxLifetime },
		func(c *issuer.Config) { c.BadgeLife = 2 * credential.TimeGranularity },
		func(c *issuer.Config) { c.ListTTL, c.ListLife = time.Second, time.Second+1 },
	} {
		config, _ := configure(t, sqlite.Config{})
		change(&config)
		if _, err := issuer.New(config); err != nil {
			t.Error(err)
		}
	}
}

// signer is the issuer's key with something in front of it.
type signer struct {
	credentialtest.Key
	before func() error
}

func (s signer) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := s.before(); err != nil {
		return nil, err
	}
	return s.Key.Sign(r, digest, opts)
}

var errKeyStore = errors.New("the key store is gone")
