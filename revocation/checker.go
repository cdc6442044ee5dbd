package revocation

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
// each URI; the context carries the bound on its time. Package
// revocation/fetch has the one for HTTP.
type Fetcher interface {
	Fetch(ctx context.Context, uri string) (token string, err error)
}

// Defaults and fixed bounds of a [Checker].
const (
	DefaultMaxAge       = 15 * time.Minute
	DefaultFetchTimeout = 10 * time.Second
	DefaultCooldown     = 5 * time.Second
	MaxClockBehind      = time.Minute // a list from further ahead means that this clock is wrong
	MinRefresh          = time.Second // what ttl is raised to
	MaxRefresh          = time.Hour   // what ttl is lowered to, and its default
	MaxPatience         = 2 * time.Second
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

type entry struct {
	mu        sync.Mutex
	held      *Token        // newest good list; nil until there is one
	due       time.Time     // when to look for a newer one
	fetching  chan struct{} // closed when the fetch under way ends; nil when none is
	fetchFail error         // of the last fetch; nil when it succeeded
}

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
// When a list is due again, Check waits for the newer one; with a usable list in
// hand, for no longer than MaxPatience.
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

func (c *Checker) judge(list *Token, ref credential.StatusRef) (Result, error) {
	now := c.config.Now()
	result := Result{URI: ref.URI, IssuedAt: list.IssuedAt, Age: now.Sub(list.IssuedAt)}
	switch {
	case result.Age < -MaxClockBehind:
		return result, code.Refuse(code.ClockUntrusted, "this clock is %v behind the list's own time", -result.Age)
	case result.Age > c.config.MaxAge:
		return result, code.Refuse(code.StatusStale, "the list is %v old, the limit is %v", result.Age, c.config.MaxAge)
	case !list.Expires.IsZero() && !now.Before(list.Expires):
		return result, code.Refuse(code.StatusStale, "the list expired at %s", list.Expires.Format(time.RFC3339))
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

// current returns the newest list there is, fetching when one is due.
func (c *Checker) current(ctx context.Context, id listID, e *entry) (*Token, error) {
	e.mu.Lock()
	held, fetching := e.held, e.fetching
	if fetching == nil && !c.config.Now().Before(e.due) && c.begin() {
		fetching = make(chan struct{})
		e.fetching = fetching
		go c.refresh(id, e, fetching)
	}
	e.mu.Unlock()

	if fetching != nil {
		c.wait(ctx, fetching, held != nil)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.held != nil {
		return e.held, nil
	}
	return nil, e.unavailable(ctx)
}

// begin registers a fetch, unless there is nothing to fetch with or the checker
// is closed.
func (c *Checker) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config.Fetcher == nil || c.running.Err() != nil {
		return false
	}
	c.fetches.Add(1)
	return true
}

// unavailable says why there is no list. A code about the list itself is passed
// on; one that could be read as a verdict on the badge's issuer or key is not.
func (e *entry) unavailable(ctx context.Context) error {
	switch {
	case e.fetchFail != nil && strings.HasPrefix(string(code.Of(e.fetchFail)), "status_"):
		return e.fetchFail
	case e.fetchFail != nil:
		return code.Refuse(code.StatusUnavailable, "%v", e.fetchFail)
	case ctx.Err() != nil:
		return code.Refuse(code.StatusUnavailable, "%v", ctx.Err())
	}
	return code.Refuse(code.StatusUnavailable, "no list was loaded and none can be fetched")
}

func (c *Checker) wait(ctx context.Context, fetching <-chan struct{}, usable bool) {
	var patience <-chan time.Time
	if usable {
		timer := time.NewTimer(MaxPatience)
		defer timer.Stop()
		patience = timer.C
	}
	select {
	case <-fetching:
	case <-patience:
	case <-ctx.Done():
	}
}

// refresh fetches under a context of its own: a caller who gives up must not
// fail the others who wait.
func (c *Checker) refresh(id listID, e *entry, done chan struct{}) {
	defer c.fetches.Done()
	ctx, cancel := context.WithTimeout(c.running, c.config.FetchTimeout)
	defer cancel()
	text, err := c.config.Fetcher.Fetch(ctx, id.uri)
	var list Token
	if err == nil {
		list, err = c.open(id, text)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		err = e.accept(&list, c.config.Now())
	}
	e.fetchFail = err
	if err != nil {
		e.due = c.config.Now().Add(c.config.Cooldown)
		c.config.Logger.Warn("status list not refreshed", "uri", id.uri, "code", code.Of(err), "error", err)
	}
	e.fetching = nil
	close(done)
}

func (c *Checker) open(id listID, text string) (Token, error) {
	return Open(text, id.uri, func(keyID string) (*ecdsa.PublicKey, error) {
		return c.config.Trust.ListKey(id.issuer, keyID)
	})
}

// accept replaces the held list unless that one is newer: whoever can answer in
// the issuer's place must not be able to undo a revocation with an old list.
func (e *entry) accept(list *Token, now time.Time) error {
	if e.held != nil && list.IssuedAt.Before(e.held.IssuedAt) {
		return code.Refuse(code.StatusRollback, "a list of %s, one of %s is known",
			list.IssuedAt.Format(time.RFC3339), e.held.IssuedAt.Format(time.RFC3339))
	}
	e.held = list
	ttl := list.TTL
	if ttl == 0 {
		ttl = MaxRefresh
	}
	e.due = now.Add(min(max(ttl, MinRefresh), MaxRefresh))
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
	return e.accept(&list, c.config.Now())
}
