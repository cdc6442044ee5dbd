package issuer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const (
	// publishEvery is how much time lies between two rounds of publishing at least,
	// so that a burst of revocations is published a few times and not a thousand.
	publishEvery = 50 * time.Millisecond
	// lookEvery is how often changes are looked for that other processes made. Those
	// of this process are known at once.
	lookEvery = 100 * time.Millisecond
	// republishAfter is how long what failed is left alone, and complainEvery how
	// often it is logged.
	republishAfter = time.Second
	complainEvery  = time.Minute
	// maxPublishLag is for how long publishing may fail before [Program.ListsReady]
	// says so.
	maxPublishLag = 5 * time.Second
)

// ErrListsLate is what [Program.ListsReady] says.
var ErrListsLate = errors.New("issuer: status lists are not being published")

// health is how publishing is doing. It is read without a lock, because whoever
// publishes may be stuck.
type health struct {
	signed   atomic.Uint64
	failures atomic.Uint64
	files    atomic.Uint64             // that could not be written
	trouble  atomic.Pointer[time.Time] // since when rounds fail; nil while they do not
}

// Publishing says how the publishing of status lists is doing.
type Publishing struct {
	Lists        int       // of which there is a token
	Signed       uint64    // tokens since the start
	Failures     uint64    // to read, compress or sign a list
	FileFailures uint64    // to write one into a [ListFolder]
	Oldest       time.Time // when the oldest of the tokens was issued; zero without any
}

// Publishing returns how the publishing of status lists is doing.
func (p *Program) Publishing() Publishing {
	u := p.lists
	state := Publishing{Signed: u.health.signed.Load(), Failures: u.health.failures.Load(), FileFailures: u.health.files.Load()}
	for _, token := range u.tokens() {
		state.Lists++
		if state.Oldest.IsZero() || token.IssuedAt.Before(state.Oldest) {
			state.Oldest = token.IssuedAt
		}
	}
	return state
}

// ListsReady returns [ErrListsLate] if [Program.PublishLists] runs and can't do its
// work: for some seconds no change could be published, or the time of a list is
// older than its ttl. Verifiers go on with the lists they have until the limit that
// their site sets, and no list is near its exp by then.
func (p *Program) ListsReady() error {
	u := p.lists
	if u.watching.Load() == 0 {
		return nil
	}
	now := p.config.Now()
	if since := u.health.trouble.Load(); since != nil && now.Sub(*since) > maxPublishLag {
		return ErrListsLate
	}
	for _, token := range u.tokens() {
		if now.Sub(token.IssuedAt) > p.config.ListTTL {
			return ErrListsLate
		}
	}
	return nil
}

// tokens are the newest ones of all lists, in the order of their numbers.
func (u *publisher) tokens() []ListToken {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []ListToken
	for _, id := range slices.Sorted(maps.Keys(u.lists)) {
		if held := u.lists[id].current.Load(); held != nil {
			all = append(all, held.token)
		}
	}
	return all
}

// OnListPublished has told called with each list token as it is signed, whether or
// not its entries have changed, until stop is called; first, before OnListPublished
// returns, with those that there are. Those of one list come in their order, perhaps
// one twice; those of different ones at the same time. told must return at once, and
// must not ask for lists.
func (p *Program) OnListPublished(told func(ListToken)) (stop func()) {
	u := p.lists
	stop = u.subscribe(told)
	u.mu.Lock()
	lists := slices.Collect(maps.Values(u.lists))
	u.mu.Unlock()
	for _, list := range lists {
		list.mu.Lock()
		if held := list.current.Load(); held != nil {
			told(held.token)
		}
		list.mu.Unlock()
	}
	return stop
}

func (u *publisher) subscribe(told func(ListToken)) (stop func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last++
	number := u.last
	all := maps.Clone(u.told)
	if all == nil {
		all = make(map[int]func(ListToken))
	}
	all[number] = told
	u.told = all
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.told = maps.Clone(u.told)
		delete(u.told, number)
	}
}

func (u *publisher) tell(token ListToken) {
	u.mu.Lock()
	all := u.told
	u.mu.Unlock()
	for _, told := range all {
		told(token)
	}
}

// PublishLists keeps every status list signed and ready until ctx is done, and then
// returns nil. A change that this process commits is published at once, or, after
// others, publishEvery after them; one that another process commits, within
// lookEvery of that. A list is signed anew well before half of its ttl has passed.
// What fails is tried again, for ever: PublishLists gives up only when the store is
// closed.
func (p *Program) PublishLists(ctx context.Context) error {
	u := p.lists
	changed := make(chan struct{}, 1)
	stop := p.config.Store.WatchLists(func() {
		u.commits.Add(1)
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	defer stop()
	u.watching.Add(1)
	defer u.watching.Add(-1)
	u.commits.Add(1) // what was read before nobody watched is not relied on

	var complained time.Time
	for ctx.Err() == nil {
		signed := u.health.signed.Load()
		err := u.round(ctx, changed)
		if errors.Is(err, store.ErrClosed) {
			return err
		}
		rest, look := time.Duration(0), lookEvery
		switch {
		case err != nil && ctx.Err() == nil:
			u.complain(ctx, err, &complained)
			rest, look = publishEvery, republishAfter
		case u.health.signed.Load() != signed:
			rest = publishEvery
		}
		if err == nil {
			u.healed(ctx)
		}
		u.wait(ctx, nil, rest)
		u.wait(ctx, changed, look)
	}
	return nil
}

// wait waits for a time, or until something is ready.
func (u *publisher) wait(ctx context.Context, ready <-chan struct{}, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-ready:
	case <-u.program.config.After(d):
	}
}

// round publishes what has changed, and then signs what is getting old unless
// something else has changed meanwhile. One list that fails keeps no other from
// being published.
func (u *publisher) round(ctx context.Context, changed <-chan struct{}) error {
	known, err := u.look(ctx)
	if err != nil {
		return err
	}
	var failures []error
	var rest []store.List
	for _, l := range known.lists {
		list := u.list(l.ID)
		if held := list.current.Load(); held != nil && held.token.Seq == l.Version {
			rest = append(rest, l)
			continue
		}
		failures = append(failures, u.publish(ctx, list, l.Version, u.renewal()))
	}
	for _, l := range rest {
		if len(changed) > 0 {
			break
		}
		if list := u.list(l.ID); !u.good(list.current.Load(), l.Version, u.renewal()) {
			failures = append(failures, u.publish(ctx, list, l.Version, u.renewal()))
		}
	}
	return errors.Join(failures...)
}

// renewal is the age at which a list is signed anew: early enough that no request
// has to wait for it.
func (u *publisher) renewal() time.Duration { return u.program.config.ListTTL * 2 / 5 }

func (u *publisher) complain(ctx context.Context, err error, complained *time.Time) {
	now := u.program.config.Now()
	u.health.trouble.CompareAndSwap(nil, &now)
	if since := now.Sub(*complained); since < 0 || since >= complainEvery {
		*complained = now
		u.program.config.Logger.ErrorContext(ctx, "status lists could not be published; it is tried again", "error", err)
	}
}

func (u *publisher) healed(ctx context.Context) {
	if since := u.health.trouble.Swap(nil); since != nil {
		u.program.config.Logger.InfoContext(ctx, "status lists are published again", "after", u.program.config.Now().Sub(*since))
	}
}
