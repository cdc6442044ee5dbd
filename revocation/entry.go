package revocation

import (
	"context"
	"crypto/ecdsa"
	"strings"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// entry is the place of one list in a [Checker].
type entry struct {
	mu       sync.Mutex
	held     *Token    // newest good list; nil until there is one
	text     string    // of held, as it was signed
	looked   time.Time // when the last fetch ended, or a list was loaded
	due      time.Time // when to look for a newer one
	failure  error     // of the last fetch; nil when it succeeded
	fetching *fetching // nil when no fetch is under way
}

// fetching is a fetch under way.
type fetching struct {
	done    chan struct{} // closed when it has ended
	overdue chan struct{} // closed when it has taken MaxPatience
	retry   bool          // the fetch before it failed
	again   bool          // somebody learned of a change since it began; guarded by entry.mu
}

// isDue is also true when the clock went back since the list was looked for:
// otherwise the next look would come that much later.
func (e *entry) isDue(now time.Time) bool {
	return !now.Before(e.due) || now.Before(e.looked)
}

// isDueSoon asks the same of a moment ahead, but lets a failure cool down.
func (e *entry) isDueSoon(now time.Time, ahead time.Duration) bool {
	if e.failure == nil {
		now = now.Add(ahead)
	}
	return e.isDue(now)
}

// current returns the newest list there is, fetching when one is due.
func (c *Checker) current(ctx context.Context, id listID, e *entry) (*Token, error) {
	e.mu.Lock()
	usable := e.held != nil && e.held.checkFresh(c.now(), c.config.MaxAge) == nil
	fetching := c.fetchIfDue(id, e)
	e.mu.Unlock()

	if fetching != nil {
		fetching.wait(ctx, usable)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.held != nil {
		return e.held, nil
	}
	return nil, e.unavailable(ctx)
}

func (f *fetching) wait(ctx context.Context, usable bool) {
	if usable && f.retry {
		return
	}
	var overdue <-chan struct{}
	if usable {
		overdue = f.overdue
	}
	select {
	case <-f.done:
	case <-overdue:
	case <-ctx.Done():
	}
}

// unavailable says why there is no list. A code about the list itself is passed
// on; one that could be read as a verdict on the badge is not.
func (e *entry) unavailable(ctx context.Context) error {
	switch {
	case e.failure != nil && strings.HasPrefix(string(code.Of(e.failure)), "status_"):
		return e.failure
	case e.failure != nil:
		return code.Refuse(code.StatusUnavailable, "%v", e.failure)
	case ctx.Err() != nil:
		return code.Refuse(code.StatusUnavailable, "%v", ctx.Err())
	}
	return code.Refuse(code.StatusUnavailable, "no list was loaded and none can be fetched")
}

// fetchIfDue returns the fetch under way, beginning one when the list is due. It
// is nil when none is needed or possible. The caller holds e.mu.
func (c *Checker) fetchIfDue(id listID, e *entry) *fetching {
	if e.isDue(c.now()) {
		c.beginFetch(id, e)
	}
	return e.fetching
}

// beginFetch begins a fetch unless one is under way or none is possible. The
// caller holds e.mu.
func (c *Checker) beginFetch(id listID, e *entry) {
	if e.fetching != nil || !c.begin() {
		return
	}
	e.fetching = &fetching{
		done:    make(chan struct{}),
		overdue: make(chan struct{}),
		retry:   e.failure != nil,
	}
	go c.fetch(id, e, e.fetching)
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

// fetch works under a context of its own: a caller who gives up must not fail
// the others who wait.
func (c *Checker) fetch(id listID, e *entry, f *fetching) {
	defer c.fetches.Done()
	ctx, cancel := context.WithTimeout(c.running, c.config.FetchTimeout)
	defer cancel()
	patience := time.AfterFunc(MaxPatience, func() { close(f.overdue) })
	defer patience.Stop()

	var list Token
	text, err := c.config.Fetcher.Fetch(ctx, id.uri)
	if err == nil {
		list, err = c.open(id, text)
	}
	if err = c.finish(e, f, &list, text, err); err != nil {
		c.config.Logger.Warn("status list not refreshed", "uri", id.uri, "code", code.Of(err), "error", err)
	}
}

// finish notes how a fetch ended and lets those who wait go on.
func (c *Checker) finish(e *entry, f *fetching, list *Token, text string, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := c.now()
	if err == nil {
		err = e.accept(list, text, now, c.config.MaxAge)
	}
	e.failure = err
	if err != nil {
		e.looked, e.due = now, now.Add(c.config.Cooldown)
	}
	if soon := now.Add(MinRefresh); f.again && soon.Before(e.due) {
		e.due = soon
	}
	e.fetching = nil
	close(f.done)
	return err
}

func (c *Checker) open(id listID, text string) (Token, error) {
	return Open(text, id.uri, func(keyID string) (*ecdsa.PublicKey, error) {
		return c.config.Trust.ListKey(id.issuer, keyID)
	})
}

// accept replaces the held list unless that one is newer: whoever can answer in
// the issuer's place must not be able to undo a revocation with an old list. Of
// two lists of the same second the later to come is taken, because an issuer can
// publish twice in a second.
func (e *entry) accept(list *Token, text string, now time.Time, maxAge time.Duration) error {
	if e.held != nil && list.IssuedAt.Before(e.held.IssuedAt) {
		return code.Refuse(code.StatusRollback, "a list of %s, one of %s is known",
			list.IssuedAt.Format(time.RFC3339), e.held.IssuedAt.Format(time.RFC3339))
	}
	e.held, e.text = list, text
	e.looked, e.due = now, now.Add(list.refreshAfter(now, maxAge))
	return nil
}

// refreshAfter is the time until a newer list is looked for: the ttl, or sooner
// where the list would be too old before that.
func (t *Token) refreshAfter(now time.Time, maxAge time.Duration) time.Duration {
	after := MaxRefresh
	if t.TTL != 0 {
		after = min(after, t.TTL)
	}
	after = min(after, t.IssuedAt.Add(maxAge).Sub(now))
	if !t.Expires.IsZero() {
		after = min(after, t.Expires.Sub(now))
	}
	return max(after, MinRefresh)
}
