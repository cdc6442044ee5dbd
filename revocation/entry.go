package revocation

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// entry is the place of one list in a [Checker]. Of the locks, announcing is taken
// before mu, and mu before the checker's.
type entry struct {
	mu       sync.Mutex
	held     *Token            // newest good list; nil until there is one
	text     string            // of held, as it was signed
	etag     string            // of held, where it was fetched; may be empty
	denials  map[uint64]denial // by index
	looked   time.Time         // when the last fetch ended, or a list was loaded
	due      time.Time         // when to look for a newer one
	failure  error             // of the last fetch; nil when it succeeded
	failures int               // in a row
	asked    bool              // a status was asked for since the last fetch began
	told     bool              // somebody knows of a change since then
	fetching *fetching         // nil when no fetch is under way
	alarm    *time.Timer       // for the next fetch; nil before the first

	announcing sync.Mutex // held while others are told of a newer list and it is saved
	saved      string     // the token in the cache; guarded by announcing
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

// ask begins a fetch when one is due, and waits for it unless there is an answer
// already that it can't make stricter, or a list that is not due yet.
func (c *Checker) ask(ctx context.Context, id listID, e *entry, index uint64) {
	e.mu.Lock()
	e.asked = true
	usable := e.held != nil && e.held.checkFresh(c.now(), c.config.MaxAge) == nil
	_, denied := e.denials[index]
	fetching := c.fetchIfDue(id, e)
	ahead := usable && !e.isDue(c.now()) && fetching != nil && !fetching.again
	e.mu.Unlock()
	if fetching != nil && !denied && !ahead {
		fetching.wait(ctx, usable)
	}
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

// state returns what there is to answer with.
func (e *entry) state(ctx context.Context, index uint64) (held *Token, denied denial, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	denied = e.denials[index]
	if e.held == nil {
		return nil, denied, e.unavailable(ctx)
	}
	return e.held, denied, nil
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

// accept takes a good list in place of the held one if it is newer, by issue time
// and number. Whoever can answer in the issuer's place must not be able to undo a
// revocation with an old list; and an issuer, or whoever has its key, must not
// tell verifiers different things under one name. The caller holds e.mu; announce
// is to be called without it.
func (c *Checker) accept(id listID, e *entry, list *Token, from Fetched) (ListChange, error) {
	change := ListChange{Issuer: id.issuer, URI: id.uri, New: list.IssuedAt, Entries: true}
	if e.held != nil {
		change.Old = e.held.IssuedAt
		same := list.List.equals(e.held.List)
		order := list.compare(e.held)
		switch {
		case order < 0:
			return ListChange{}, code.Refuse(code.StatusRollback, "a list %s, one %s is known", list.name(), e.held.name())
		case order == 0 && !same:
			return ListChange{}, code.Refuse(code.StatusEquivocation, "another list %s than the one that is known; its issuer or its key is not to be trusted", list.name())
		case order == 0:
			e.etag = from.ETag
			return ListChange{}, nil
		}
		change.Entries = !same
	}
	e.held, e.text, e.etag = list, from.Token, from.ETag
	c.clock.signed(c.config.Now(), list, id.issuer)
	c.forgetDenials(e)
	return change, nil
}

// isCopy tells an older list that a cache on the way may still hold, while a newer
// one came another way, from one that was kept to undo what has happened since.
func (t *Token) isCopy(now time.Time, err error) bool {
	return code.Of(err) == code.StatusRollback && now.Sub(t.IssuedAt) < min(t.TTL, MaxRefresh)
}

// name is how a list is told from others of its URI.
func (t *Token) name() string {
	return fmt.Sprintf("of %s, number %d", t.IssuedAt.Format(time.RFC3339), t.Seq)
}

func (l *List) equals(other *List) bool {
	return l.bits == other.bits && bytes.Equal(l.entries, other.entries)
}

// isNewer is false for a list that was there already.
func (l ListChange) isNewer() bool { return !l.New.IsZero() }

// announce does what follows a newer list: tell whoever wants to know, keep it, and
// see what it says of the clock.
func (c *Checker) announce(id listID, e *entry, change ListChange) {
	if !change.isNewer() {
		return
	}
	defer func() { _ = c.checkClock() }()
	e.announcing.Lock()
	defer e.announcing.Unlock()
	c.tell(change)
	c.report(Event{Kind: ListNewer, Issuer: id.issuer, URI: id.uri, IssuedAt: change.New})
	c.save(id, e)
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
