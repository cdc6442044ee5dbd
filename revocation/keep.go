package revocation

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Aggregator finds out which lists an issuer has (Token Status List, section 9).
// What it returns is a hint: a list that it leaves out is one more badge that is
// denied, and what it adds is checked like a list that a badge names. Package
// revocation/fetch has the one for HTTP.
type Aggregator interface {
	Aggregate(ctx context.Context, uri string) (lists []string, err error)
}

// Held is a list as a [Checker] has it.
type Held struct {
	Issuer   string
	URI      string
	Token    string // as it was signed, for somebody else to verify
	IssuedAt time.Time
	Expires  time.Time // zero when the token has no exp
}

// Held returns the good lists that there are, by issuer and URI.
func (c *Checker) Held() []Held {
	var held []Held
	for id, e := range c.entries() {
		e.mu.Lock()
		if list := e.held; list != nil {
			held = append(held, Held{id.issuer, id.uri, e.text, list.IssuedAt, list.Expires})
		}
		e.mu.Unlock()
	}
	slices.SortFunc(held, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.URI, b.URI))
	})
	return held
}

// Know has a list fetched, if nobody has asked for it yet, so that it is there
// before a badge names it. It does not wait.
func (c *Checker) Know(issuer, uri string) error {
	e, err := c.entry(issuer, uri)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.fetchIfDue(listID{issuer, uri}, e)
	return nil
}

// Renew begins to fetch every known list that will be due within that time, so
// that no decision has to wait for one. It does not wait.
func (c *Checker) Renew(ahead time.Duration) {
	for id, e := range c.entries() {
		e.mu.Lock()
		if e.isDueSoon(c.now(), ahead) {
			c.beginFetch(id, e)
		}
		e.mu.Unlock()
	}
}

// RefreshAll is Refresh for all known lists of an issuer.
func (c *Checker) RefreshAll(issuer string) {
	for id, e := range c.entries() {
		if id.issuer != issuer {
			continue
		}
		e.mu.Lock()
		c.refresh(id, e)
		e.mu.Unlock()
	}
}
