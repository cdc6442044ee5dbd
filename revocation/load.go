package revocation

// Load takes a list that came another way than through the Fetcher: from a file,
// a bundle or an earlier run. It is verified like any other; an older one than
// the one held is refused with status_rollback, another of the same issue time and
// number with status_equivocation.
func (c *Checker) Load(issuer, uri, token string) error {
	id := listID{issuer, uri}
	e, err := c.entry(issuer, uri)
	if err != nil {
		return err
	}
	list, err := c.open(id, token)
	if err != nil {
		return err
	}
	e.mu.Lock()
	change, err := c.accept(id, e, &list, Fetched{Token: token})
	if err == nil && change.isNewer() {
		told := e.due
		e.settle(c, true, nil)
		// A fetch that word of a change has brought about is not put off by a list
		// that may be from before the change.
		if e.told && told.Before(e.due) {
			e.due = told
		}
		// Nobody knows for how long it has been under way.
		if due := list.IssuedAt.Add(list.TTL); list.TTL != 0 && due.Before(e.due) {
			e.due = due
		}
		c.setAlarm(id, e)
	}
	e.mu.Unlock()
	if err != nil && !list.isCopy(c.now(), err) {
		c.reportRefused(id, err)
	}
	c.announce(id, e, change)
	return err
}

// Refresh has a list fetched now rather than when its ttl is over: what to do
// when an event says that the list has changed. It does not wait; a Check that
// follows does. All that an event can bring about is a newer list, so a forged
// one does no harm, and a flood of them leads to one fetch each MinRefresh.
func (c *Checker) Refresh(issuer, uri string) error {
	id := listID{issuer, uri}
	e, err := c.entry(issuer, uri)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.refresh(id, e)
	return nil
}

// refresh is Refresh for who holds e.mu.
func (c *Checker) refresh(id listID, e *entry) {
	if e.fetching != nil {
		// It may have begun before the change.
		e.fetching.again = true
		return
	}
	if soon := e.looked.Add(MinRefresh); soon.Before(e.due) {
		e.due = soon
	}
	e.told = true
	if c.fetchIfDue(id, e) == nil {
		c.setAlarm(id, e)
	}
}
