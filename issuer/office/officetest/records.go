package officetest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Records is an [office.Records] and [office.TokenUses] in memory. Its zero value
// is empty and ready. It is safe for concurrent use.
type Records struct {
	// Fail, if it is set and returns an error, is asked before every change.
	Fail func(change string) error

	mu        sync.Mutex
	officers  map[string]office.Officer
	sessions  map[[sha256.Size]byte]office.Session
	proposals []office.Proposal
	uses      map[string]time.Time
	events    []string
	touches   int
}

var (
	_ office.Records   = (*Records)(nil)
	_ office.TokenUses = (*Records)(nil)
)

// Events returns what was recorded, each as "kind subject by".
func (r *Records) Events() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Touches returns how often a use was noted.
func (r *Records) Touches() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.touches
}

// change does one change under the lock.
func (r *Records) change(name string, do func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.officers == nil {
		r.officers, r.sessions, r.uses = map[string]office.Officer{}, map[[sha256.Size]byte]office.Session{}, map[string]time.Time{}
	}
	if r.Fail != nil {
		if err := r.Fail(name); err != nil {
			return err
		}
	}
	return do()
}

func (r *Records) record(kind, subject, by string) {
	r.events = append(r.events, kind+" "+subject+" "+by)
}

func missing(what string) error { return fmt.Errorf("store: %s: %w", what, store.ErrNotFound) }

// Officer implements [office.Officers].
func (r *Records) Officer(_ context.Context, id string) (office.Officer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, found := r.officers[id]
	if !found {
		return o, missing("officer")
	}
	return o, nil
}

// Officers implements [office.Officers].
func (r *Records) Officers(context.Context) ([]office.Officer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.officers), func(a, b office.Officer) int { return cmp.Compare(a.ID, b.ID) }), nil
}

// ChangeOfficer implements [office.Officers].
func (r *Records) ChangeOfficer(_ context.Context, c office.OfficerChange) (o office.Officer, err error) {
	err = r.change("ChangeOfficer", func() error {
		if c.Proposal != "" {
			p := r.proposal(c.Proposal)
			if p == nil {
				return missing("proposal")
			}
			if p.State != office.Approved {
				return fmt.Errorf("store: proposal: %w", store.ErrConflict)
			}
		}
		o = r.officers[c.ID]
		if o.Role == office.RoleAdmin && c.Role != office.RoleAdmin && !r.otherAdmin(c.ID) {
			return fmt.Errorf("store: officer: %w", office.ErrLastAdmin)
		}
		if c.Proposal != "" {
			r.finish(r.proposal(c.Proposal), "", c.At)
		}
		if o.Role == c.Role {
			return nil
		}
		o.ID, o.Issuer, o.Subject = c.ID, c.Issuer, c.Subject
		o.Role, o.By, o.ChangedAt = c.Role, c.By, c.At
		r.officers[c.ID] = o
		if c.Role == "" {
			o.Name, o.Email = "", ""
			r.officers[c.ID] = o
			r.endAll(c.ID)
		}
		r.record("officer.changed", c.ID, c.By)
		return nil
	})
	return o, err
}

func (r *Records) otherAdmin(id string) bool {
	for _, o := range r.officers {
		if o.ID != id && o.Role == office.RoleAdmin {
			return true
		}
	}
	return false
}

func (r *Records) endAll(officer string) {
	maps.DeleteFunc(r.sessions, func(_ [sha256.Size]byte, s office.Session) bool { return s.OfficerID == officer })
}

// AddSession implements [office.Sessions].
func (r *Records) AddSession(_ context.Context, in office.SignIn) error {
	return r.change("AddSession", func() error {
		maps.DeleteFunc(r.sessions, func(hash [sha256.Size]byte, s office.Session) bool {
			return hash == in.Instead || !in.Session.CreatedAt.Before(s.ExpiresAt)
		})
		if _, found := r.sessions[in.Session.Hash]; found {
			return fmt.Errorf("store: session: %w", store.ErrAlreadyExists)
		}
		o := r.officers[in.Officer.ID]
		o.ID, o.Issuer, o.Subject = in.Officer.ID, in.Officer.Issuer, in.Officer.Subject
		o.Name, o.Email, o.SignedInAt = in.Officer.Name, in.Officer.Email, in.Officer.SignedInAt
		r.officers[o.ID], r.sessions[in.Session.Hash] = o, in.Session
		r.record("officer.signed_in", o.ID, "officer:"+o.ID)
		return nil
	})
}

// SessionByHash implements [office.Sessions].
func (r *Records) SessionByHash(_ context.Context, hash [sha256.Size]byte, at time.Time) (office.Session, office.Officer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, found := r.sessions[hash]
	if !found || !at.Before(s.ExpiresAt) {
		return office.Session{}, office.Officer{}, missing("session")
	}
	return s, r.officers[s.OfficerID], nil
}

// TouchSession implements [office.Sessions].
func (r *Records) TouchSession(_ context.Context, hash [sha256.Size]byte, at time.Time) error {
	return r.change("TouchSession", func() error {
		s, found := r.sessions[hash]
		if !found {
			return missing("session")
		}
		s.SeenAt = at
		r.sessions[hash] = s
		r.touches++
		return nil
	})
}

// EndSession implements [office.Sessions].
func (r *Records) EndSession(_ context.Context, hash [sha256.Size]byte) error {
	return r.change("EndSession", func() error {
		s, found := r.sessions[hash]
		if found {
			delete(r.sessions, hash)
			r.record("officer.signed_out", s.OfficerID, "officer:"+s.OfficerID)
		}
		return nil
	})
}

// EndSessionsOf implements [office.Sessions].
func (r *Records) EndSessionsOf(_ context.Context, officer, by string) error {
	return r.change("EndSessionsOf", func() error {
		before := len(r.sessions)
		r.endAll(officer)
		if len(r.sessions) < before {
			r.record("officer.signed_out", officer, by)
		}
		return nil
	})
}

// TouchToken implements [office.TokenUses].
func (r *Records) TouchToken(_ context.Context, id string, at time.Time) error {
	return r.change("TouchToken", func() error {
		r.uses[id] = at
		r.touches++
		return nil
	})
}

// TokenUses implements [office.TokenUses].
func (r *Records) TokenUses(context.Context) (map[string]time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.uses), nil
}
