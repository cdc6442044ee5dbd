package issuer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// policies knows which policy is in force when: the configuration's, until the
// first that was activated takes effect.
type policies struct {
	first *policy.Policy

	mu    sync.RWMutex
	later []activated // in the order of their instants
}

type activated struct {
	policy *policy.Policy
	from   time.Time
}

// read takes the activated policies from the store.
func (s *policies) read(ctx context.Context, from store.PolicyReader) error {
	versions, err := from.Policies(ctx)
	if err != nil {
		return err
	}
	later := make([]activated, 0, len(versions))
	for _, v := range versions {
		parsed, err := policy.Parse([]byte(v.Text))
		if err != nil {
			return fmt.Errorf("the policy that takes effect on %s can't be read by this program: %w", v.Effective.Format(time.RFC3339), err)
		}
		later = append(later, activated{parsed, v.Effective})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = later
	return nil
}

func (s *policies) at(at time.Time) *policy.Policy {
	s.mu.RLock()
	defer s.mu.RUnlock()
	in := s.first
	for _, a := range s.later {
		if a.from.After(at) {
			break
		}
		in = a.policy
	}
	return in
}

// next returns when the policy changes after an instant; zero for never.
func (s *policies) next(at time.Time) time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, a := range s.later {
		if a.from.After(at) {
			return a.from
		}
	}
	return time.Time{}
}

// PolicyAt returns the policy in force at an instant, as far as it is known now.
func (p *Program) PolicyAt(at time.Time) *policy.Policy { return p.policies.at(at) }

// policy returns the policy in force.
func (p *Program) policy() *policy.Policy { return p.PolicyAt(p.config.Now()) }

// Policies returns every policy that was activated, in the order of the instants
// at which they take effect.
func (p *Program) Policies(ctx context.Context) ([]store.PolicyVersion, error) {
	return p.config.Store.Policies(ctx)
}

// ActivatePolicy puts the policy of a file in force from an instant on, which may be
// ahead but not past; the zero instant is now. The policy is kept, and outlasts a
// restart: from then on the configuration's policy is the one that was before the
// first. If it takes effect now, everybody is judged by it before ActivatePolicy
// returns, in batches; otherwise when the instant comes. The error is one of
// policy.Parse, or the store's.
func (p *Program) ActivatePolicy(ctx context.Context, text []byte, at time.Time, by string) (store.PolicyVersion, error) {
	parsed, err := policy.Parse(text)
	if err != nil {
		return store.PolicyVersion{}, err
	}
	now := p.config.Now()
	if at.IsZero() {
		at = now
	}
	v := store.PolicyVersion{Digest: parsed.Digest(), Text: string(text), Effective: at, At: now, By: by}
	if err := p.config.Store.ActivatePolicy(ctx, v); err != nil {
		return store.PolicyVersion{}, err
	}
	if err := p.policies.read(ctx, p.config.Store); err != nil {
		return v, err
	}
	p.config.Logger.InfoContext(ctx, "policy activated", "policy", v.Digest, "effective", v.Effective, "by", by)
	p.changed(0)
	if at.After(now) {
		return v, nil
	}
	_, err = p.Advance(ctx)
	return v, err
}
