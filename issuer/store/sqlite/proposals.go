package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const proposalColumns = `id, kind, payload, summary, reason, actor, officer_id, created_at, expires_at,
	state, decided_by, decided_at, note, finished_at, failure`

func scanProposal(s scanner) (p store.Proposal, err error) {
	var payload string
	err = s.Scan(&p.ID, &p.Kind, &payload, &p.Summary, &p.Reason, &p.By, &p.OfficerID, instant{&p.CreatedAt}, instant{&p.ExpiresAt},
		&p.State, &p.DecidedBy, instant{&p.DecidedAt}, &p.Note, instant{&p.FinishedAt}, &p.Failure)
	p.Payload = json.RawMessage(payload)
	return p, err
}

func proposal(ctx context.Context, q querier, id string) (store.Proposal, error) {
	return queryOne(ctx, q, scanProposal, "SELECT "+proposalColumns+" FROM proposals WHERE id = ?", id)
}

// Proposal implements [store.ProposalReader].
func (r *Reader) Proposal(ctx context.Context, id string) (store.Proposal, error) {
	p, err := proposal(ctx, r.reads, id)
	return described(p, err, "proposal %.64q", id)
}

// Proposals implements [store.ProposalReader].
func (r *Reader) Proposals(ctx context.Context, limit int) ([]store.Proposal, error) {
	if err := store.CheckPage(limit); err != nil {
		return nil, err
	}
	all, err := queryAll(ctx, r.reads, scanProposal, "SELECT "+proposalColumns+" FROM proposals ORDER BY number DESC LIMIT ?", limit)
	return described(all, err, "proposals")
}

// ApprovedProposals implements [store.ProposalReader].
func (r *Reader) ApprovedProposals(ctx context.Context) ([]store.Proposal, error) {
	all, err := queryAll(ctx, r.reads, scanProposal, "SELECT "+proposalColumns+" FROM proposals WHERE state = 'approved' ORDER BY number")
	return described(all, err, "approved proposals")
}

// AddProposal implements [store.ProposalWriter].
func (s *Store) AddProposal(ctx context.Context, p store.Proposal) error {
	if err := p.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, addProposal(t, p) })
	_, err = described(0, err, "proposal %.64q", p.ID)
	return err
}

func addProposal(t *tx, p store.Proposal) error {
	var known, open int
	err := t.QueryRow("SELECT (SELECT count(*) FROM proposals WHERE id = ?), (SELECT count(*) FROM proposals WHERE state = 'open' AND expires_at > ?)",
		p.ID, micros(p.CreatedAt)).Scan(&known, &open)
	switch {
	case err != nil:
		return err
	case known > 0:
		return store.ErrAlreadyExists
	case open >= store.MaxOpenProposals:
		return fmt.Errorf("%w: %d are open: decide some first", store.ErrConflict, open)
	}
	_, err = t.Exec("INSERT INTO proposals ("+proposalColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '', NULL, '', NULL, '')",
		p.ID, p.Kind, string(p.Payload), p.Summary, p.Reason, p.By, p.OfficerID, micros(p.CreatedAt), micros(p.ExpiresAt))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(p.Payload)
	return t.record(p.CreatedAt, p.By, store.ProposalOpened, p.ID, struct {
		Kind    store.Kind `json:"kind"`
		Payload string     `json:"sha256"`
		Reason  string     `json:"reason"`
		Expires time.Time  `json:"expires"`
	}{p.Kind, hex.EncodeToString(sum[:]), p.Reason, kept(p.ExpiresAt)})
}

// DecideProposal implements [store.ProposalWriter].
func (s *Store) DecideProposal(ctx context.Context, d store.Decision) (store.Proposal, error) {
	if err := d.Validate(); err != nil {
		return store.Proposal{}, err
	}
	p, err := change(ctx, s.writer, func(t *tx) (store.Proposal, error) { return decideProposal(t, d) })
	return described(p, err, "decision on proposal %.64q", d.ProposalID)
}

// decided is the kind of event that a decision is.
func decided(to store.ProposalState) store.EventKind {
	switch to {
	case store.Approved:
		return store.ProposalApproved
	case store.Rejected:
		return store.ProposalRejected
	}
	return store.ProposalWithdrawn
}

func decideProposal(t *tx, d store.Decision) (store.Proposal, error) {
	p, err := proposal(context.Background(), t, d.ProposalID)
	if err != nil {
		return p, err
	}
	if state := p.At(d.At); state != store.Open {
		return p, fmt.Errorf("%w: it is %s", store.ErrConflict, state)
	}
	if own := d.OfficerID == p.OfficerID || d.By == p.By; own && d.To == store.Approved {
		return p, fmt.Errorf("%w: it is the officer's own", store.ErrConflict)
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Note = d.To, d.By, kept(d.At), d.Note
	result, err := t.Exec("UPDATE proposals SET state = ?, decided_by = ?, decided_at = ?, note = ? WHERE id = ? AND state = 'open'",
		p.State, p.DecidedBy, micros(p.DecidedAt), p.Note, p.ID)
	if err := exactlyOne(result, err); err != nil {
		return p, err
	}
	return p, t.record(d.At, d.By, decided(d.To), p.ID, struct {
		Note string `json:"note"`
	}{d.Note})
}

// FinishProposal implements [store.ProposalWriter].
func (s *Store) FinishProposal(ctx context.Context, id, failure string, at time.Time) (store.Proposal, error) {
	if err := store.CheckFailure(id, failure, at); err != nil {
		return store.Proposal{}, err
	}
	p, err := change(ctx, s.writer, func(t *tx) (store.Proposal, error) { return finishProposal(t, id, failure, at, false) })
	return described(p, err, "end of proposal %.64q", id)
}

// finishProposal ends an approved proposal. If it is to do something with that, a
// proposal that is finished already must not do it again.
func finishProposal(t *tx, id, failure string, at time.Time, once bool) (store.Proposal, error) {
	p, err := proposal(context.Background(), t, id)
	if err != nil {
		return p, err
	}
	done := p.State == store.Executed || p.State == store.Failed
	switch {
	case done && !once:
		return p, nil
	case p.State != store.Approved:
		return p, fmt.Errorf("%w: proposal %.64q is %s", store.ErrConflict, id, p.State)
	}
	p.State, p.Failure, p.FinishedAt = store.Executed, failure, kept(at)
	kind := store.ProposalExecuted
	if failure != "" {
		p.State, kind = store.Failed, store.ProposalFailed
	}
	result, err := t.Exec("UPDATE proposals SET state = ?, failure = ?, finished_at = ? WHERE id = ? AND state = 'approved'",
		p.State, p.Failure, micros(p.FinishedAt), p.ID)
	if err := exactlyOne(result, err); err != nil {
		return p, err
	}
	return p, t.record(at, p.DecidedBy, kind, p.ID, struct {
		Failure string `json:"failure"`
	}{failure})
}
