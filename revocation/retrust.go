package revocation

// Retrust verifies every held list again and lets go of those that the Trust does
// not take any more. It is for a Trust whose answers have changed: a list that was
// signed with a key that somebody else has must not count on because it came before
// that was known. What is let go is fetched anew, and until then a badge that names
// it is denied.
func (c *Checker) Retrust() {
	for id, e := range c.entries() {
		c.retrust(id, e)
		// A list that was verified before the Trust changed may be about to be taken.
		e.mu.Lock()
		if f := e.fetching; f != nil && c.begin() {
			go func() {
				defer c.fetches.Done()
				<-f.done
				c.retrust(id, e)
			}()
		}
		e.mu.Unlock()
	}
}

func (c *Checker) retrust(id listID, e *entry) {
	e.mu.Lock()
	text := e.text
	e.mu.Unlock()
	if text == "" {
		return
	}
	err := c.config.Trust.CheckListURI(id.issuer, id.uri)
	if err == nil {
		_, err = c.open(id, text)
	}
	if err == nil {
		return
	}
	if dropped := c.drop(id, e, text); dropped != nil {
		c.disbelieve(id, dropped)
	}
	c.report(Event{Kind: ListFailed, Issuer: id.issuer, URI: id.uri, Err: err})
}

// drop lets go of a list unless another has taken its place.
func (c *Checker) drop(id listID, e *entry, text string) *Token {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.text != text {
		return nil
	}
	dropped := e.held
	e.held, e.text, e.etag = nil, "", ""
	e.due = c.now()
	c.fetchIfDue(id, e)
	return dropped
}

// disbelieve has the clock not judged by a list any more.
func (c *Checker) disbelieve(id listID, dropped *Token) {
	var newest *Token
	var signer string
	for other, e := range c.entries() {
		e.mu.Lock()
		if list := e.held; list != nil && (newest == nil || list.IssuedAt.After(newest.IssuedAt)) {
			newest, signer = list, other.issuer
		}
		e.mu.Unlock()
	}
	c.clock.unsigned(c.config.Now(), dropped.IssuedAt, id.issuer, newest, signer)
}
