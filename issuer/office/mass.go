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
// proposal. The operator may. A person counts once, whatever becomes of it; what
// was counted is forgotten when the process ends.
func (o *Office) MayRevoke(who Actor, personID string) error {
	if who.Operator {
		return nil
	}
	r, now := &o.revoked, o.config.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	people, _ := r.of.Get(who.answersFor())
	if people == nil {
		people = make(map[string]time.Time)
	}
	for id, at := range people {
		if now.Sub(at) >= MassWindow {
			delete(people, id)
		}
	}
	if _, counted := people[personID]; !counted && len(people) >= o.config.MassRevocation {
		return refuse(ProposalRequired, "One officer revokes the badges of at most %d people in an hour. Propose the others together as %s.", o.config.MassRevocation, BadgesRevoke)
	}
	people[personID] = now
	r.of.Add(who.answersFor(), people)
	return nil
}
