package officetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// proposal returns where a proposal is kept, or nil.
func (r *Records) proposal(id string) *office.Proposal {
	for i := range r.proposals {
		if r.proposals[i].ID == id {
			return &r.proposals[i]
		}
	}
	return nil
}

// AddProposal implements [office.Proposals].
func (r *Records) AddProposal(_ context.Context, p office.Proposal) error {
	return r.change("AddProposal", func() error {
		open := 0
		for _, other := range r.proposals {
			if other.At(p.CreatedAt) == office.Open {
				open++
			}
		}
		if open >= office.MaxOpenProposals {
			return fmt.Errorf("store: %w: there are %d open proposals: decide some first", store.ErrConflict, open)
		}
		r.proposals = append(r.proposals, p)
		r.record("proposal.opened", p.ID, p.By)
		return nil
	})
}

// Proposal implements [office.Proposals].
func (r *Records) Proposal(_ context.Context, id string) (office.Proposal, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.proposal(id); p != nil {
		return *p, nil
	}
	return office.Proposal{}, missing("proposal")
}

// Proposals implements [office.Proposals].
func (r *Records) Proposals(_ context.Context, limit int) ([]office.Proposal, error) {
	if err := store.CheckPage(limit); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.proposals)
	slices.Reverse(all)
	return all[:min(len(all), limit)], nil
}

// ApprovedProposals implements [office.Proposals].
func (r *Records) ApprovedProposals(context.Context) ([]office.Proposal, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.proposals), func(p office.Proposal) bool { return p.State != office.Approved }), nil
}

// DecideProposal implements [office.Proposals].
func (r *Records) DecideProposal(_ context.Context, d office.Decision) (decided office.Proposal, err error) {
	err = r.change("DecideProposal", func() error {
		p := r.proposal(d.ProposalID)
		if p == nil {
			return missing("proposal")
		}
		own := d.OfficerID == p.OfficerID || d.By == p.By
		if p.At(d.At) != office.Open || d.To == office.Approved && own {
			return fmt.Errorf("store: proposal: %w", store.ErrConflict)
		}
		p.State, p.DecidedBy, p.DecidedAt, p.Note = d.To, d.By, d.At, d.Note
		r.record("proposal."+string(d.To), p.ID, d.By)
		decided = *p
		return nil
	})
	return decided, err
}

// FinishProposal implements [office.Proposals].
func (r *Records) FinishProposal(_ context.Context, id, failure string, at time.Time) (finished office.Proposal, err error) {
	err = r.change("FinishProposal", func() error {
		p := r.proposal(id)
		switch {
		case p == nil:
			return missing("proposal")
		case p.State == office.Approved:
			r.finish(p, failure, at)
		case p.State != office.Executed && p.State != office.Failed:
			return fmt.Errorf("store: proposal: %w", store.ErrConflict)
		}
		finished = *p
		return nil
	})
	return finished, err
}

func (r *Records) finish(p *office.Proposal, failure string, at time.Time) {
	p.State, p.Failure, p.FinishedAt = office.Executed, failure, at
	if failure != "" {
		p.State = office.Failed
	}
	r.record("proposal."+string(p.State), p.ID, p.DecidedBy)
}
