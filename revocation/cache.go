package revocation

import (
	"errors"
	"fmt"
	"iter"
)

// Cached is a list token as a [Cache] keeps it.
type Cached struct {
	Issuer string
	URI    string
	Token  string
}

// Cache keeps list tokens over a restart: so that a verifier decides before it
// has a network, does not take an older list than it had, and knows at once that
// its clock has lost its time. It is not trusted: every token is verified again.
// Its methods may be called concurrently. Package revocation/cache has one that
// keeps files.
type Cache interface {
	// Load yields what is kept, and an error for what is there and can't be read.
	// Neither ends it.
	Load() iter.Seq2[Cached, error]
	// Save keeps a list in place of the one of the same issuer and URI, or fails
	// and leaves that one as it is. When it returns, the list is there after a
	// power cut.
	Save(Cached) error
}

// restore takes what the cache has. All of it is due: how old it is by the clock
// of this run, nobody knows yet.
func (c *Checker) restore() {
	if c.config.Cache == nil {
		return
	}
	for kept, err := range c.config.Cache.Load() {
		if err == nil {
			err = c.restoreOne(kept)
		}
		if err != nil {
			c.report(Event{Kind: CacheFailed, Issuer: kept.Issuer, URI: kept.URI, Err: fmt.Errorf("revocation: from the cache: %w", err)})
		}
	}
}

func (c *Checker) restoreOne(kept Cached) error {
	id := listID{kept.Issuer, kept.URI}
	e, err := c.entry(kept.Issuer, kept.URI)
	if err != nil {
		return err
	}
	list, err := c.open(id, kept.Token)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := c.accept(id, e, &list, Fetched{Token: kept.Token}); err != nil {
		return err
	}
	e.saved = kept.Token
	return nil
}

// save keeps the newest list of an entry. The caller holds e.announcing, so that
// an older one never comes after it.
func (c *Checker) save(id listID, e *entry) {
	if c.config.Cache == nil {
		return
	}
	e.mu.Lock()
	text := e.text
	e.mu.Unlock()
	if text == e.saved {
		return
	}
	if err := c.config.Cache.Save(Cached{id.issuer, id.uri, text}); err != nil {
		c.report(Event{Kind: CacheFailed, Issuer: id.issuer, URI: id.uri, Err: fmt.Errorf("revocation: to the cache: %w", err)})
		return
	}
	e.saved = text
}

// errNotAsked is a fetcher's fault.
var errNotAsked = errors.New("not modified, but no copy was named")
