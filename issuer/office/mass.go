package office

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxRevokers is of how many actors it is remembered whose badges they revoked.
const maxRevokers = 1024

// revoked remembers whose badges each actor revoked within [MassWindow].
type revoked struct {
	mu sync.Mutex
	of *lru.Cache[string, map[string]time.Time] // people, by who answers for it
}

func (r *revoked) init() (err error) {
	r.of, err = lru.New[string, map[string]time.Time](maxRevokers)
	return err
}

// MayRevoke refuses to revoke the badges of more than MassRevocation people within
// [MassWindow] to one officer, in person and by tokens together: that takes a
// proposal. The operator may. A person counts once, whatever becomes of it. What
// was counted is kept in memory: tell a new process of it with [Office.Revoked].
func (o *Office) MayRevoke(who Actor, personID string) error {
	if who.Operator {
		return nil
	}
	r, now := &o.revoked, o.config.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	people := r.by(who, now)
	if _, counted := people[personID]; !counted && len(people) >= o.config.MassRevocation {
		return refuse(ProposalRequired, "One officer revokes the badges of at most %d people in an hour. Propose the others together as %s.", o.config.MassRevocation, BadgesRevoke)
	}
	people[personID] = now
	return nil
}

// Revoked counts what an earlier process let somebody revoke at an instant.
func (o *Office) Revoked(who Actor, personID string, at time.Time) {
	r, now := &o.revoked, o.config.Now()
	if who.Operator || now.Sub(at) >= MassWindow {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if people := r.by(who, now); at.After(people[personID]) {
		people[personID] = at
	}
}

// by returns whose badges somebody revoked within the window before now.
func (r *revoked) by(who Actor, now time.Time) map[string]time.Time {
	people, _ := r.of.Get(who.answersFor())
	if people == nil {
		people = make(map[string]time.Time)
		r.of.Add(who.answersFor(), people)
	}
	for id, at := range people {
		if now.Sub(at) >= MassWindow {
			delete(people, id)
		}
	}
	return people
}
