package revocation

import (
	"context"
	"crypto/ecdsa"
	"math/rand/v2"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// fetching is a fetch under way.
type fetching struct {
	done    chan struct{} // closed when it has ended
	overdue chan struct{} // closed when it has taken MaxPatience
	known   Known
	retry   bool // the fetch before it failed
	again   bool // somebody learned of a change since it began; guarded by entry.mu
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
		known:   Known{ETag: e.etag, Changed: e.told},
		retry:   e.failure != nil,
	}
	e.asked, e.told = false, false
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

	got, err := c.get(ctx, id, f)
	var list *Token
	if err == nil && !got.NotModified {
		var opened Token
		opened, err = c.open(id, got.Token)
		list = &opened
	}
	change, err := c.finish(id, e, f, list, got, err)
	c.announce(id, e, change)
	switch {
	case err != nil:
		c.reportRefused(id, err)
	case !change.isNewer():
		c.report(Event{Kind: ListUnchanged, Issuer: id.issuer, URI: id.uri})
	}
}

func (c *Checker) get(ctx context.Context, id listID, f *fetching) (Fetched, error) {
	conditional, is := c.config.Fetcher.(ConditionalFetcher)
	if !is {
		token, err := c.config.Fetcher.Fetch(ctx, id.uri)
		return Fetched{Token: token}, err
	}
	got, err := conditional.FetchIfChanged(ctx, id.uri, f.known)
	if err == nil && got.NotModified && f.known.ETag == "" {
		return Fetched{}, errNotAsked
	}
	return got, err
}

func (c *Checker) open(id listID, text string) (Token, error) {
	var signer string
	list, err := Open(text, id.uri, func(keyID string) (*ecdsa.PublicKey, error) {
		signer = keyID
		return c.config.Trust.ListKey(id.issuer, keyID)
	})
	if err != nil {
		return Token{}, err
	}
	if err := c.config.Trust.CheckListTime(id.issuer, signer, list.IssuedAt); err != nil {
		return Token{}, unsigned(err)
	}
	return list, nil
}

// finish notes how a fetch ended, lets those who wait go on, and sees to the next.
func (c *Checker) finish(id listID, e *entry, f *fetching, list *Token, got Fetched, err error) (ListChange, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var change ListChange
	if err == nil && list != nil {
		if change, err = c.accept(id, e, list, got); list.isCopy(c.now(), err) {
			err = nil
		}
	}
	e.settle(c, change.isNewer(), err)
	if soon := e.looked.Add(MinRefresh); f.again && soon.Before(e.due) {
		e.due = soon
	}
	e.told = f.again
	e.fetching = nil
	close(f.done)
	c.setAlarm(id, e)
	return change, err
}

// settle says when to look again. A 304 says nothing of the list's age, nor does
// the same list: both are as old as their issue time.
func (e *entry) settle(c *Checker, newer bool, err error) {
	now := c.now()
	e.looked, e.failure = now, err
	if err != nil {
		e.failures++
		e.due = now.Add(c.cooldown(e.failures))
		return
	}
	e.failures = 0
	after := e.held.refreshAfter(now, c.config.MaxAge)
	switch {
	case c.clock.isLost():
		after = c.config.Cooldown
	case !newer:
		// Nothing is won by asking every second for a list that is too old.
		after = max(after, c.config.Cooldown)
	}
	e.due = now.Add(after)
}

// cooldown is the time after so many failures in a row: twice as long each time,
// and from the second on a bit less at random, so that the verifiers that lost an
// issuer together do not come back together.
func (c *Checker) cooldown(failures int) time.Duration {
	d := c.config.Cooldown
	for n := 1; n < failures && d < MaxCooldown; n++ {
		d = min(2*d, max(MaxCooldown, c.config.Cooldown))
	}
	if failures > 1 {
		d -= rand.N(d/4 + 1)
	}
	return d
}

// setAlarm has the list fetched before its time is over if somebody asks for it
// until then, so that nobody has to wait who asks often; or, when a change is
// known, as soon as it is due. The caller holds e.mu.
func (c *Checker) setAlarm(id listID, e *entry) {
	if c.config.Fetcher == nil || c.running.Err() != nil {
		return
	}
	wait := max(e.due.Sub(c.now()), 0)
	if e.failure == nil && !e.told {
		// Time for the fetch itself, and a bit at random: verifiers that began
		// together must not come together for ever.
		wait -= wait*RenewLast/100 + rand.N(wait*(RenewFirst-RenewLast)/100+1)
	}
	if e.alarm == nil {
		e.alarm = time.AfterFunc(wait, func() { c.wake(id, e) })
		return
	}
	e.alarm.Reset(wait)
}

// wake goes by the time that has passed, not by the clock: a computer that sleeps
// is late, which who asks will notice.
func (c *Checker) wake(id listID, e *entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.asked || e.told {
		c.beginFetch(id, e)
	}
}

// reportRefused reports what was no newer good list.
func (c *Checker) reportRefused(id listID, err error) {
	kind := ListFailed
	switch code.Of(err) {
	case code.StatusRollback:
		kind = ListRollback
	case code.StatusEquivocation:
		kind = ListEquivocation
	}
	c.report(Event{Kind: kind, Issuer: id.issuer, URI: id.uri, Err: err})
}
