package revocation

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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
}

// Fetcher gets list tokens. Fetch is called from one goroutine at a time for
// each URI, and concurrently for different ones. The context carries the bound
// on its time; Fetch MUST return soon after it ends. Package revocation/fetch
// has the one for HTTP.
type Fetcher interface {
	Fetch(ctx context.Context, uri string) (token string, err error)
}

// Defaults and fixed bounds of a [Checker].
const (
	DefaultMaxAge       = 15 * time.Minute
	DefaultFetchTimeout = 10 * time.Second
	DefaultCooldown     = 5 * time.Second
	MaxClockBehind      = time.Minute     // a list from further ahead means that this clock is wrong
	MinRefresh          = time.Second     // what ttl is raised to
	MaxRefresh          = time.Hour       // what ttl is lowered to, and its default
	MaxPatience         = 2 * time.Second // how long a fetch holds up those who have a usable list
	MaxLists            = 1024
)

// CheckerConfig configures a [Checker]. Trust is required.
type CheckerConfig struct {
	Trust   Trust
	Fetcher Fetcher // nil: only lists given to Load are known
	// MaxAge is the site's limit: the oldest list, by its own iat, that a
	// decision may rest on. DefaultMaxAge when zero.
	MaxAge       time.Duration
	FetchTimeout time.Duration // of one fetch; DefaultFetchTimeout when zero
	Cooldown     time.Duration // after a fetch that failed; DefaultCooldown when zero
	Now          func() time.Time
	Logger       *slog.Logger // discards when nil
}

// Result is the status of a badge and how far it can be relied on.
type Result struct {
	Status   Status
	URI      string
	IssuedAt time.Time     // of the list, by its signed iat
	Age      time.Duration // from IssuedAt to now
}

// Checker answers what status a badge has. It holds the newest good list of each
// URI. It is safe for concurrent use.
type Checker struct {
	config  CheckerConfig
	running context.Context // of the fetches; ends with Close
	stop    context.CancelFunc
	fetches sync.WaitGroup

	mu    sync.Mutex
	lists map[listID]*entry
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
	return &Checker{config: config, running: running, stop: stop, lists: make(map[listID]*entry)}, nil
}

// Close ends the fetches under way and waits for them. After it, Check answers
// from the lists that are held.
func (c *Checker) Close() error {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.fetches.Wait()
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
// slow down a gate that can still decide.
func (c *Checker) Check(ctx context.Context, issuer string, ref credential.StatusRef) (Result, error) {
	if ref.URI == "" {
		return Result{}, code.Refuse(code.StatusMissing, "the badge names no status list")
	}
	e, err := c.entry(issuer, ref.URI)
	if err != nil {
		return Result{}, err
	}
	list, err := c.current(ctx, listID{issuer, ref.URI}, e)
	if err != nil {
		return Result{}, err
	}
	return c.judge(list, ref)
}

// CheckClock fails with clock_untrusted when this clock is more than
// MaxClockBehind behind the held list that the badge names. It fetches nothing;
// without a held list it finds no fault.
func (c *Checker) CheckClock(issuer string, ref credential.StatusRef) error {
	c.mu.Lock()
	e := c.lists[listID{issuer, ref.URI}]
	c.mu.Unlock()
	if e == nil {
		return nil
	}
	e.mu.Lock()
	held := e.held
	e.mu.Unlock()
	if held == nil {
		return nil
	}
	return held.checkClock(c.now())
}

// now has no monotonic part. A computer that slept counts no monotonic time, but
// its lists got older all the same.
func (c *Checker) now() time.Time { return c.config.Now().Round(0) }

func (c *Checker) judge(list *Token, ref credential.StatusRef) (Result, error) {
	now := c.now()
	result := Result{URI: ref.URI, IssuedAt: list.IssuedAt, Age: now.Sub(list.IssuedAt)}
	if err := list.checkClock(now); err != nil {
		return result, err
	}
	if err := list.checkFresh(now, c.config.MaxAge); err != nil {
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

func (t *Token) checkClock(now time.Time) error {
	if behind := t.IssuedAt.Sub(now); behind > MaxClockBehind {
		return code.Refuse(code.ClockUntrusted, "this clock is %v behind the list's own time", behind)
	}
	return nil
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

// Load takes a list that came another way than through the Fetcher: from a file,
// a bundle or an earlier run. It is verified like any other; an older one than
// the one held is refused with status_rollback.
func (c *Checker) Load(issuer, uri, token string) error {
	e, err := c.entry(issuer, uri)
	if err != nil {
		return err
	}
	list, err := c.open(listID{issuer, uri}, token)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.accept(&list, token, c.now(), c.config.MaxAge)
}

// Refresh has a list fetched now rather than when its ttl is over: what to do
// when an event says that the list has changed. It does not wait; a Check that
// follows does. All that an event can bring about is a newer list, so a forged
// one does no harm, and a flood of them leads to one fetch each MinRefresh.
func (c *Checker) Refresh(issuer, uri string) error {
	id := listID{issuer, uri}
	e, err := c.entry(issuer, uri)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fetching != nil {
		// It may have begun before the change.
		e.fetching.again = true
		return nil
	}
	if soon := e.looked.Add(MinRefresh); soon.Before(e.due) {
		e.due = soon
	}
	c.fetchIfDue(id, e)
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
