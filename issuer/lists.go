package issuer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// maxListCache is how long what lies between may hold a list. A verifier that is told
// of a revocation fetches the list at once, and must not get the one from before; a
// second is enough to have a thousand verifiers answered by a cache.
const maxListCache = time.Second

// ListToken is a signed status list, ready to be served.
type ListToken struct {
	ListID   int64
	URI      string
	Text     string
	ETag     string // strong, quoted
	IssuedAt time.Time
	Expires  time.Time
	Seq      uint64        // the version of the entries: tokens are ordered by IssuedAt, then Seq
	MaxAge   time.Duration // how long it may be served from a cache
	// MaxStale is how long a cache that can't reach the issuer may go on serving it
	// beyond that: verifiers judge its age by IssuedAt, so that a list from a cache
	// is better than none.
	MaxStale time.Duration
}

// ListURIs returns the addresses of all status lists.
func (p *Program) ListURIs(ctx context.Context) ([]string, error) {
	lists, err := p.config.Store.Lists(ctx)
	if err != nil {
		return nil, err
	}
	uris := make([]string, len(lists))
	for i, l := range lists {
		uris[i] = p.ListURI(l.ID)
	}
	return uris, nil
}

// ListToken returns a signed status list, or store.ErrNotFound. It holds every
// change that this process has committed before the call, and none that is not
// committed. Its time of issue is never older than half its ttl, unless it can't be
// signed anew.
//
// While [Program.PublishLists] runs, it is answered from memory if it can be, and
// what another process commits is in it soon; else, at once.
func (p *Program) ListToken(ctx context.Context, listID int64) (ListToken, error) {
	return p.lists.token(ctx, listID)
}

// publisher signs status lists. Of a list that has changed it reads what changed,
// compresses that part anew and signs; a list whose time is getting old it only
// signs. In between it hands out the tokens it has.
type publisher struct {
	program *Program
	signer  func() revocation.Signer // the one to use from now on

	watching atomic.Int64  // how many PublishLists run
	commits  atomic.Uint64 // counts what the store's watcher tells, while one does
	known    atomic.Pointer[knowledge]
	health   health

	mu    sync.Mutex
	lists map[int64]*published
	told  map[int]func(ListToken) // replaced as a whole
	last  int                     // number of the newest of them
}

// knowledge is which lists there are and their versions, as read when so much had
// been committed.
type knowledge struct {
	commits uint64
	lists   []store.List
}

func newPublisher(p *Program, signer func() revocation.Signer) *publisher {
	return &publisher{program: p, signer: signer, lists: make(map[int64]*published)}
}

func (u *publisher) token(ctx context.Context, listID int64) (ListToken, error) {
	known, err := u.versions(ctx)
	if err != nil {
		return ListToken{}, err
	}
	for _, l := range known.lists {
		if l.ID == listID {
			return u.atVersion(ctx, l)
		}
	}
	return ListToken{}, fmt.Errorf("issuer: no status list %d: %w", listID, store.ErrNotFound)
}

// atVersion returns the token of a list that is known to have a version.
func (u *publisher) atVersion(ctx context.Context, l store.List) (ListToken, error) {
	list, half := u.list(l.ID), u.program.config.ListTTL/2
	if held := list.current.Load(); u.good(held, l.Version, half) {
		return held.token, nil
	}
	err := u.publish(ctx, list, l.Version, half)
	held := list.current.Load()
	if err != nil && held != nil && held.token.Seq == l.Version && u.program.config.Now().Before(held.token.Expires) {
		return held.token, nil // it says the truth still, and verifiers see its age
	}
	if err != nil {
		return ListToken{}, err
	}
	return held.token, nil
}

// versions returns which lists there are: as remembered, if this process has
// committed nothing since.
func (u *publisher) versions(ctx context.Context) (*knowledge, error) {
	if k := u.known.Load(); k != nil && u.watching.Load() > 0 && k.commits == u.commits.Load() {
		return k, nil
	}
	return u.look(ctx)
}

// look asks the database. The commits are counted before: what comes in between is
// looked for once more.
func (u *publisher) look(ctx context.Context) (*knowledge, error) {
	commits := u.commits.Load()
	lists, err := u.program.config.Store.Lists(ctx)
	if err != nil {
		return nil, err
	}
	k := &knowledge{commits, lists}
	u.known.Store(k)
	return k, nil
}

func (u *publisher) list(listID int64) *published {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := u.lists[listID]
	if list == nil {
		list = &published{id: listID}
		u.lists[listID] = list
	}
	return list
}

// good reports whether a token holds the entries of a version and was signed less
// than a time ago, by the key that is to be used.
func (u *publisher) good(held *signedList, version uint64, less time.Duration) bool {
	if held == nil || held.token.Seq != version || held.keyID != u.signer().KeyID {
		return false
	}
	age := u.program.config.Now().Sub(held.token.IssuedAt)
	return age >= -clockHold && age < less
}

// publish makes a good token, unless another caller has while this one waited.
func (u *publisher) publish(ctx context.Context, list *published, version uint64, less time.Duration) error {
	list.mu.Lock()
	defer list.mu.Unlock()
	if u.good(list.current.Load(), version, less) {
		return nil
	}
	err := u.refresh(ctx, list, version)
	if err == nil {
		err = u.sign(list)
	}
	if err != nil {
		u.health.failures.Add(1)
		return fmt.Errorf("issuer: publish status list %d: %w", list.id, err)
	}
	return nil
}
