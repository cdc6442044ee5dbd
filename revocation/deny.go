package revocation

import (
	"errors"
	"fmt"
	"time"
)

// MaxDenials is how many badges can be denied by signals at once, until lists say
// the same: a megabyte. An issuer that revokes more than that says it in lists.
const MaxDenials = 1 << 14

// ErrTooManyDenials is what [Checker.Deny] returns when MaxDenials are held.
var ErrTooManyDenials = errors.New("revocation: too many signals; the list was asked for instead")

// denial is what a signal said of a badge.
type denial struct {
	status Status
	at     time.Time
}

// Deny has the badge at that index answered with [Invalid] or [Suspended], before
// the list says so, until a list is taken that was issued after the instant at. It
// is for signals: the caller must have found out that the issuer sent it. The list
// stays the authority, and is fetched at once; nothing can be allowed by a signal.
//
// One that is older than the held list changes nothing. Of several for one badge
// the last instant and the stricter status count. An instant ahead of this clock
// is taken as MaxClockBehind ahead: no signal may last for ever. When MaxDenials
// are held it fails with [ErrTooManyDenials]; the list is fetched all the same.
// Signals are not kept over a restart; lists are.
func (c *Checker) Deny(issuer, uri string, index uint64, status Status, at time.Time) error {
	if status != Invalid && status != Suspended {
		return fmt.Errorf("revocation: a signal can only deny, not make a badge %v", status)
	}
	id := listID{issuer, uri}
	e, err := c.entry(issuer, uri)
	if err != nil {
		return err
	}
	if latest := c.now().Add(MaxClockBehind); at.After(latest) {
		at = latest
	}
	e.mu.Lock()
	taken, err := c.deny(e, index, denial{status, at})
	c.refresh(id, e)
	change := ListChange{Issuer: issuer, URI: uri, Signalled: true, Index: index}
	if e.held != nil {
		change.Old, change.New = e.held.IssuedAt, e.held.IssuedAt
	}
	e.mu.Unlock()
	if err != nil {
		c.report(Event{Kind: SignalRefused, Issuer: issuer, URI: uri, Err: err})
		return err
	}
	if taken {
		e.announcing.Lock()
		defer e.announcing.Unlock()
		c.tell(change)
		c.report(Event{Kind: SignalTaken, Issuer: issuer, URI: uri})
	}
	return nil
}

// deny notes a denial. The caller holds e.mu.
func (c *Checker) deny(e *entry, index uint64, d denial) (taken bool, err error) {
	if e.held != nil && e.held.IssuedAt.After(d.at) {
		return false, nil
	}
	known, repeated := e.denials[index]
	if repeated {
		if known.at.After(d.at) {
			d.at = known.at
		}
		if known.status == Invalid {
			d.status = Invalid
		}
	} else if c.denials.Add(1) > MaxDenials {
		c.denials.Add(-1)
		return false, ErrTooManyDenials
	}
	if e.denials == nil {
		e.denials = make(map[uint64]denial)
	}
	e.denials[index] = d
	return true, nil
}

// forgetDenials drops those that the held list is newer than. The caller holds
// e.mu.
func (c *Checker) forgetDenials(e *entry) {
	for index, d := range e.denials {
		if e.held.IssuedAt.After(d.at) {
			delete(e.denials, index)
			c.denials.Add(-1)
		}
	}
}
