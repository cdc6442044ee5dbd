package revocation

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// Trust says whose lists count. Its methods are called concurrently and return
// *code.Error.
type Trust interface {
	// CheckListURI fails with status_uri_not_allowed unless lists of that issuer
	// may be found there. It is asked before anything is fetched.
	CheckListURI(issuer, uri string) error
	// ListKey returns the key that signs the lists of that issuer under that
	// key id. A key that only signs badges is not one.
	ListKey(issuer, keyID string) (*ecdsa.PublicKey, error)
	// CheckListTime fails when that key did not sign lists any more at the time
	// of issue of one whose signature is good.
	CheckListTime(issuer, keyID string, issuedAt time.Time) error
}

// Fetcher gets list tokens. Fetch is called from one goroutine at a time for
// each URI, and concurrently for different ones. The context carries the bound
// on its time; Fetch MUST return soon after it ends. Package revocation/fetch
// has the one for HTTP.
type Fetcher interface {
	Fetch(ctx context.Context, uri string) (token string, err error)
}

// ConditionalFetcher is a [Fetcher] that can leave out what is known already.
type ConditionalFetcher interface {
	Fetcher
	// FetchIfChanged is called in place of Fetch.
	FetchIfChanged(ctx context.Context, uri string, known Known) (Fetched, error)
}

// Known is what is known of a list before it is fetched.
type Known struct {
	ETag string // of the copy at hand, as it was [Fetched]; empty when there is none
	// Changed says that the list was said to be another by now, so that a copy that
	// a cache on the way keeps is not what is asked for.
	Changed bool
}

// Fetched is what a [ConditionalFetcher] found.
type Fetched struct {
	Token string
	ETag  string // of Token; empty when it has none
	// NotModified says that the copy with the etag is still the one to be had, so
	// there is no Token. It does not make that copy any younger.
	NotModified bool
}

// Defaults and fixed bounds of a [Checker].
const (
	DefaultMaxAge       = 15 * time.Minute
	DefaultFetchTimeout = 10 * time.Second
	DefaultCooldown     = 5 * time.Second
	MaxCooldown         = time.Minute     // what Cooldown grows to while fetches fail
	MinRefresh          = time.Second     // what ttl is raised to
	MaxRefresh          = time.Hour       // what ttl is lowered to, and its default
	RenewFirst          = 30              // percent of its time that are left when a list in use is fetched ahead,
	RenewLast           = 5               // at the earliest and at the latest
	MaxPatience         = 2 * time.Second // how long a fetch holds up those who have a usable list
	MaxLists            = 1024
)

// CheckerConfig configures a [Checker]. Trust is required.
type CheckerConfig struct {
	Trust   Trust
	Fetcher Fetcher // nil: only lists given to Load are known
	Cache   Cache   // nil: a new checker knows nothing
	// MaxAge is the site's limit: the oldest list, by its own iat, that a
	// decision may rest on. DefaultMaxAge when zero.
	MaxAge       time.Duration
	FetchTimeout time.Duration // of one fetch; DefaultFetchTimeout when zero
	Cooldown     time.Duration // after a fetch that failed, then ever longer; DefaultCooldown when zero
	Now          func() time.Time
	// Elapsed is a clock that nobody can set: the time since some instant. When
	// nil, the monotonic readings in what Now returns are it; where it returns none,
	// a clock that was set is only noticed by what was signed.
	Elapsed func() time.Duration
	// Observe is told what becomes of lists and of the clock, when not nil. It is
	// called from several goroutines and must return soon.
	Observe func(Event)
	Logger  *slog.Logger // discards when nil
}

// Result is the status of a badge and how far it can be relied on.
type Result struct {
	Status   Status
	URI      string
	IssuedAt time.Time     // of the list, by its signed iat; zero without one
	Age      time.Duration // from IssuedAt to now
	// Signalled says that no list has said so yet, but a signal: see [Checker.Deny].
	Signalled bool
}

// Checker answers what status a badge has. It holds the newest good list of each
// URI. It is safe for concurrent use.
type Checker struct {
	config  CheckerConfig
	clock   *clockGuard
	running context.Context // of the fetches; ends with Close
	stop    context.CancelFunc
	fetches sync.WaitGroup
	denials atomic.Int64 // in all lists

	mu        sync.Mutex
	lists     map[listID]*entry
	listeners []*func(ListChange) // replaced, never changed
}

// listID keeps the lists of two issuers apart even where both name one URI.
type listID struct{ issuer, uri string }

// NewChecker reports everything that is wrong with the configuration at once.
func NewChecker(config CheckerConfig) (*Checker, error) {
	var problems []error
	if config.Trust == nil {
		problems = append(problems, errors.New("no trust: nobody's lists would count"))
	}
	if config.MaxAge < 0 || config.FetchTimeout < 0 || config.Cooldown < 0 {
		problems = append(problems, errors.New("a negative duration"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("revocation: checker: %w", err)
	}
	setDefault(&config.MaxAge, DefaultMaxAge)
	setDefault(&config.FetchTimeout, DefaultFetchTimeout)
	setDefault(&config.Cooldown, DefaultCooldown)
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	running, stop := context.WithCancel(context.Background())
	c := &Checker{config: config, running: running, stop: stop, lists: make(map[listID]*entry)}
	c.clock = newClockGuard(&c.config)
	c.restore()
	return c, nil
}

// Close ends the fetches under way and waits for them. After it, Check answers
// from the lists that are held.
func (c *Checker) Close() error {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.fetches.Wait()
	for _, e := range c.entries() {
		e.mu.Lock()
		if e.alarm != nil {
			e.alarm.Stop()
		}
		e.mu.Unlock()
	}
	return nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Check returns the status of the badge at ref, by the issuer's list. A badge's
// signature and times must have been found good before. The error's code is
// status_missing, status_uri_not_allowed, status_unavailable (never got a good
// list), status_stale (the newest is older than MaxAge or expired),
// clock_untrusted, status_index_out_of_range or status_unknown_value; a status
// of Invalid or Suspended is an answer, not an error.
//
// When a list is due again, Check waits for the newer one. With a usable list in
// hand it does so no longer than MaxPatience after the fetch began, and not at
// all when the fetch before failed: an issuer that can't be reached must not
// slow down a gate that can still decide. A list that is asked for while it is
// good is fetched ahead of its time.
func (c *Checker) Check(ctx context.Context, issuer string, ref credential.StatusRef) (Result, error) {
	if ref.URI == "" {
		return Result{}, code.Refuse(code.StatusMissing, "the badge names no status list")
	}
	e, err := c.entry(issuer, ref.URI)
	if err != nil {
		return Result{}, err
	}
	c.ask(ctx, listID{issuer, ref.URI}, e, ref.Index)
	return c.answer(ctx, e, ref)
}

// Status is Check without a look for a newer list: by what is held, now.
func (c *Checker) Status(issuer string, ref credential.StatusRef) (Result, error) {
	e := c.known(listID{issuer, ref.URI})
	if e == nil {
		return Result{}, code.Refuse(code.StatusUnavailable, "no such list is held")
	}
	return c.answer(context.Background(), e, ref)
}

// CheckClock fails with clock_untrusted when this clock can't be right, by what
// any trusted issuer signed and by the time that has elapsed; see MaxClockBehind.
// It does not wait. When it fails, it has the list fetched that the badge names:
// a newer one can say that the clock is right after all.
func (c *Checker) CheckClock(issuer string, ref credential.StatusRef) error {
	err := c.checkClock()
	if err == nil {
		return nil
	}
	id := listID{issuer, ref.URI}
	if e := c.known(id); e != nil {
		e.mu.Lock()
		c.fetchIfDue(id, e)
		e.mu.Unlock()
	}
	return err
}

// now has no monotonic part. A computer that slept counts no monotonic time, but
// its lists got older all the same.
func (c *Checker) now() time.Time { return c.config.Now().Round(0) }

// answer says what is known of a badge. A signal is heard before anything is said
// against the list, unless the list is the stricter.
func (c *Checker) answer(ctx context.Context, e *entry, ref credential.StatusRef) (Result, error) {
	list, denied, err := e.state(ctx, ref.Index)
	result := Result{URI: ref.URI}
	if list != nil {
		result.IssuedAt, result.Age = list.IssuedAt, c.now().Sub(list.IssuedAt)
	}
	if denied.status != Valid && !list.revokes(ref.Index) {
		result.Status, result.Signalled = denied.status, true
		return result, nil
	}
	if err == nil {
		err = c.checkClock()
	}
	if err == nil {
		err = list.checkFresh(c.now(), c.config.MaxAge)
	}
	if err != nil {
		return result, err
	}
	status, err := list.List.Status(ref.Index)
	if err != nil {
		return result, err
	}
	if status > Suspended {
		return result, code.Refuse(code.StatusUnknownValue, "status %v", status)
	}
	result.Status = status
	return result, nil
}

func (t *Token) revokes(index uint64) bool {
	if t == nil {
		return false
	}
	status, err := t.List.Status(index)
	return err == nil && status == Invalid
}

func (t *Token) checkFresh(now time.Time, maxAge time.Duration) error {
	if age := now.Sub(t.IssuedAt); age > maxAge {
		return code.Refuse(code.StatusStale, "the list is %v old, the limit is %v", age, maxAge)
	}
	if !t.Expires.IsZero() && !now.Before(t.Expires) {
		return code.Refuse(code.StatusStale, "the list expired at %s", t.Expires.Format(time.RFC3339))
	}
	return nil
}

// entry returns the place of a list, making it when the URI is allowed. Only
// trusted issuers get this far, so MaxLists is a bound on them, not on attackers.
func (c *Checker) entry(issuer, uri string) (*entry, error) {
	if err := c.config.Trust.CheckListURI(issuer, uri); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id := listID{issuer, uri}
	if e := c.lists[id]; e != nil {
		return e, nil
	}
	if len(c.lists) >= MaxLists {
		return nil, code.Refuse(code.StatusUnavailable, "more than %d lists", MaxLists)
	}
	e := &entry{}
	c.lists[id] = e
	return e, nil
}

// known returns the place of a list, nil when there is none.
func (c *Checker) known(id listID) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[id]
}

// entries returns the places of all lists.
func (c *Checker) entries() map[listID]*entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.lists)
}
