package issuer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Defaults for the fields of [Config] that are left zero.
const (
	DefaultBadgeLife = 24 * time.Hour
	DefaultListTTL   = time.Minute
	DefaultListLife  = 24 * time.Hour
)

// MinSubjectKey is the least number of bytes of the key that makes subjects.
const MinSubjectKey = 32

// Paths under the issuer's URL.
const (
	BadgeTypePath   = "/vct/cyber-badge/1"
	StatusListPath  = "/status-lists/"
	AggregationPath = "/status-lists" // which lists there are
	EventsPath      = "/v1/events"    // that a list has changed
)

// Config configures a [Program]. The fields up to SubjectKey are required, the first
// keys only until others were activated.
type Config struct {
	// URL identifies the issuer, and is where its public endpoints are reached:
	// an HTTPS URL without a slash at its end.
	URL    string
	Store  store.Store
	Policy *policy.Policy
	// BadgeKey signs badges and ListKey signs status lists: two P-256 keys,
	// because whoever serves lists must not be able to make badges. They are the
	// first ones: from [Program.ActivateKey] on the store says which key signs.
	BadgeKey crypto.Signer
	ListKey  crypto.Signer
	// SubjectKey is the secret that makes opaque subjects out of people's ids.
	// It has to stay the same for subjects to stay the same.
	SubjectKey []byte

	// Keys makes the keys that follow, and finds them. When nil, the first keys stay.
	Keys PrivateKeys
	// RootKey is the public half of the key that customers pin; for the record. The
	// private one is never here.
	RootKey *ecdsa.PublicKey
	// KeyWait is how long a key is published before it may sign: at least the ttl of
	// lists, and as long as any bundle is good. DefaultKeyWait when zero.
	KeyWait time.Duration

	// Tell is who is told of reminders, lapses, restorations and of what the office
	// has to look at. Name only channels
	// that have a carrier: what is queued for another one waits until it has, and is
	// stale by then. Empty, nobody is told.
	Tell []Recipient
	// LockOut has the devices of people locked who stay without good standing for
	// longer than the policy's grace. It needs Tell: nobody is locked out unwarned.
	LockOut bool
	// LockOutDryRun says that the carrier of lock-outs only says what it would do:
	// nobody is told of a lock-out that will not come.
	LockOutDryRun bool
	// MassLimit is how many people may lose their good standing by one import or
	// leave for good within an hour, unless an officer confirmed it, and how many may
	// be suspended for their devices' silence after the program stood still.
	MassLimit store.MassLimit
	// Retention is how long what is over is kept.
	Retention store.Retention
	// Queued is called after messages were queued: wake the courier with it. It must
	// not block.
	Queued func()

	// NotBefore and Stopped go into trust lists and bundles, and verifiers keep to them:
	// no badge that was issued before that instant counts any more, and none of these
	// types. They are for emergencies, and for what is over.
	NotBefore time.Time
	Stopped   []string

	BadgeLife time.Duration // at most credential.MaxLifetime
	ListTTL   time.Duration // after which verifiers look for a newer list; at least a second
	ListLife  time.Duration // after which a list must not be relied on
	Now       func() time.Time
	After     func(time.Duration) <-chan time.Time // as time.After, for Run
	Logger    *slog.Logger
}

// Program is the issuer. It is safe for concurrent use.
type Program struct {
	config   Config
	keys     *keyring
	lists    *publisher
	policies policies
	wake     chan struct{} // the scheduler: something changed

	catchingUp atomic.Bool
}

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Program, error) {
	setDefault(&config.BadgeLife, DefaultBadgeLife)
	setDefault(&config.ListTTL, DefaultListTTL)
	setDefault(&config.ListLife, DefaultListLife)
	setDefault(&config.KeyWait, DefaultKeyWait)
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.After == nil {
		config.After = time.After
	}
	if config.Queued == nil {
		config.Queued = func() {}
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if err := errors.Join(config.check(), config.checkKeys()); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	p := &Program{config: config, policies: policies{first: config.Policy}, wake: make(chan struct{}, 1)}
	p.keys = newKeyring(p)
	p.lists = newPublisher(p, p.listSigner)
	if err := errors.Join(p.keys.begin(context.Background()), p.policies.read(context.Background(), config.Store)); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	config.Store.UseSignaller(p.signals)
	return p, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

func (c *Config) check() error {
	var problems []error
	if strings.HasSuffix(c.URL, "/") {
		problems = append(problems, fmt.Errorf("URL %q ends in a slash; leave it out", c.URL))
	}
	if c.Store == nil {
		problems = append(problems, errors.New("no store"))
	}
	if c.Policy == nil {
		problems = append(problems, errors.New("no policy"))
	}
	if len(c.SubjectKey) < MinSubjectKey {
		problems = append(problems, fmt.Errorf("the subject key has %d bytes, at least %d are needed", len(c.SubjectKey), MinSubjectKey))
	}
	if c.BadgeLife < 2*credential.TimeGranularity || c.BadgeLife > credential.MaxLifetime {
		problems = append(problems, fmt.Errorf("a badge lives %v to %v, not %v", 2*credential.TimeGranularity, credential.MaxLifetime, c.BadgeLife))
	}
	if c.ListTTL < time.Second || c.ListLife <= c.ListTTL {
		problems = append(problems, fmt.Errorf("a list's ttl is at least a second and less than its life, not %v and %v", c.ListTTL, c.ListLife))
	}
	if c.KeyWait < c.ListTTL {
		problems = append(problems, fmt.Errorf("a key is published for at least a list's ttl before it signs, not %v", c.KeyWait))
	}
	if c.LockOut && !slices.ContainsFunc(c.Tell, func(r Recipient) bool { return r.Takes(notify.Lapse) }) {
		problems = append(problems, errors.New("devices are to be locked and nobody is told of a lapse: set Tell"))
	}
	for _, r := range c.Tell {
		if err := r.check(); err != nil {
			problems = append(problems, err)
		}
	}
	if slices.Contains(c.Stopped, "") {
		problems = append(problems, errors.New("an empty text among the stopped types; leave it out"))
	}
	if _, err := c.Retention.Complete(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// URL is the issuer's identifier.
func (p *Program) URL() string { return p.config.URL }

// BadgeType is the credential type (vct) of the badges.
func (p *Program) BadgeType() string { return p.config.URL + BadgeTypePath }

// ListURI is where a status list is published, as badges name it.
func (p *Program) ListURI(listID int64) string {
	return p.config.URL + StatusListPath + strconv.FormatInt(listID, 10)
}

// subject makes the opaque sub of a person: stable here, and of no use for
// finding the same person at another issuer or in the HR system.
func (p *Program) subject(personID string) string {
	mac := hmac.New(sha256.New, p.config.SubjectKey)
	mac.Write([]byte("sub:" + personID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
