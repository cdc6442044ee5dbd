package office

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Bounds of proposals.
const (
	MaxReason  = 512 // bytes, of reasons and notes
	MaxSummary = 512 // bytes; more is cut off
)

// The kinds of proposal that the program has. An office takes those that it has
// an [Action] for.
const (
	PolicyChange  Kind = "policy.change"
	KeyChange     Kind = "key.change"
	OfficerSet    Kind = "officer.set"
	OfficerRemove Kind = "officer.remove"
	BadgesRevoke  Kind = "badges.revoke"
)

// Action is how one kind of proposal is done.
type Action interface {
	// Check says in words what the payload would do now, without names of people.
	// An error says what is wrong with it; a [*RefusedError] reaches the caller as
	// it is. It is asked when something is proposed and again when it is approved.
	Check(ctx context.Context, payload json.RawMessage) (summary string, err error)

	// Do does it. It is called once for a proposal that was approved; only if the
	// process dies, or the store does not answer, before the end was noted, is it
	// called again, with the same proposal. So its effect must either be the same
	// when it is had twice, or be had in one transaction with the end of the
	// proposal, as [OfficerChange] is.
	Do(ctx context.Context, p Proposal) error
}

// Propose makes a proposal of an officer, of a token or of the operator.
func (o *Office) Propose(ctx context.Context, who Actor, kind Kind, payload json.RawMessage, reason string) (Proposal, error) {
	action, known := o.config.Actions[kind]
	switch {
	case !known:
		return Proposal{}, refuse(KindUnknown, "There is no proposal of the kind %.64q here.", string(kind))
	case len(payload) == 0 || len(payload) > MaxPayload:
		return Proposal{}, refuse(Invalid, "The payload has 1 to %d bytes, not %d.", MaxPayload, len(payload))
	case !isText(reason, MaxReason):
		return Proposal{}, refuse(Invalid, "Say why, in 1 to %d bytes and without names of people: the reason is kept for good.", MaxReason)
	}
	summary, err := action.Check(ctx, payload)
	if err != nil {
		return Proposal{}, err
	}
	now := o.now()
	p := Proposal{
		ID: rand.Text(), Kind: kind, Payload: payload, Summary: shorten(summary), Reason: reason,
		By: who.By, OfficerID: who.OfficerID, CreatedAt: now, ExpiresAt: now.Add(o.config.ProposalLife), State: Open,
	}
	if err := o.config.Records.AddProposal(ctx, p); err != nil {
		return Proposal{}, err
	}
	o.config.Logger.InfoContext(ctx, "proposed", "proposal", p.ID, "kind", kind, "by", p.By)
	return p, nil
}

// Proposal returns a proposal as it is now.
func (o *Office) Proposal(ctx context.Context, id string) (Proposal, error) {
	p, err := o.config.Records.Proposal(ctx, id)
	p.State = p.At(o.config.Now())
	return p, err
}

// Proposals returns the newest proposals, at most limit of them.
func (o *Office) Proposals(ctx context.Context, limit int) ([]Proposal, error) {
	all, err := o.config.Records.Proposals(ctx, limit)
	for i := range all {
		all[i].State = all[i].At(o.config.Now())
	}
	return all, err
}

// Approve approves a proposal and does it. It takes an admin who is signed in,
// showed credentials within [StepUpAge], and is not who proposed it, neither in
// person nor by a token. Of any number who approve at once one does.
//
// What could not be done is no error but a proposal that failed.
func (o *Office) Approve(ctx context.Context, who Actor, id string) (Proposal, error) {
	p, err := o.undecided(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	if err := o.mayApprove(who, p); err != nil {
		return Proposal{}, err
	}
	action, known := o.config.Actions[p.Kind]
	if !known {
		return Proposal{}, refuse(KindUnknown, "There are no proposals of the kind %q any more.", p.Kind)
	}
	// What it is about may have changed since it was proposed.
	if _, err := action.Check(ctx, p.Payload); err != nil {
		return Proposal{}, err
	}
	// From here on the caller may go away: what is approved is done.
	ctx = context.WithoutCancel(ctx)
	p, err = o.decide(ctx, Decision{ProposalID: id, To: Approved, By: who.By, OfficerID: who.OfficerID})
	if err != nil {
		return Proposal{}, err
	}
	return o.execute(ctx, p)
}

func (o *Office) mayApprove(who Actor, p Proposal) error {
	switch {
	case !who.SignedIn || !who.Role.AtLeast(RoleAdmin):
		return refuse(FourEyes, "Approving takes an admin who is signed in; a token does not do.")
	case who.OfficerID == "" || who.OfficerID == p.OfficerID || who.By == p.By:
		return refuse(FourEyes, "This is your own proposal. Another admin has to approve it.")
	case o.config.Now().Sub(who.AuthenticatedAt) > StepUpAge:
		return refuse(StepUpRequired, "Approving takes a sign-in within the last %d minutes. Sign in again and repeat it.", int(StepUpAge.Minutes()))
	}
	return nil
}

// Reject ends a proposal that an admin, signed in, does not want done.
func (o *Office) Reject(ctx context.Context, who Actor, id, note string) (Proposal, error) {
	if _, err := o.undecided(ctx, id); err != nil {
		return Proposal{}, err
	}
	if !who.SignedIn || !who.Role.AtLeast(RoleAdmin) {
		return Proposal{}, refuse(FourEyes, "Rejecting takes an admin who is signed in; a token does not do.")
	}
	if !isText(note, MaxReason) {
		return Proposal{}, refuse(Invalid, "Say why, in 1 to %d bytes and without names of people.", MaxReason)
	}
	return o.decide(ctx, Decision{ProposalID: id, To: Rejected, By: who.By, OfficerID: who.OfficerID, Note: note})
}

// Withdraw ends a proposal of one's own.
func (o *Office) Withdraw(ctx context.Context, who Actor, id string) (Proposal, error) {
	p, err := o.undecided(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	if p.By != who.By && (p.OfficerID == "" || p.OfficerID != who.OfficerID) {
		return Proposal{}, refuse(FourEyes, "This is somebody else's proposal. An admin may reject it.")
	}
	return o.decide(ctx, Decision{ProposalID: id, To: Withdrawn, By: who.By, OfficerID: who.OfficerID})
}

func (o *Office) undecided(ctx context.Context, id string) (Proposal, error) {
	p, err := o.Proposal(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	if p.State != Open {
		return Proposal{}, notOpen(p.State)
	}
	return p, nil
}

func notOpen(state ProposalState) error {
	return refuse(NotOpen, "The proposal is not open any more: it is %s. Make another one.", state)
}

func (o *Office) decide(ctx context.Context, d Decision) (Proposal, error) {
	d.At = o.now()
	p, err := o.config.Records.DecideProposal(ctx, d)
	if errors.Is(err, store.ErrConflict) {
		return p, because(NotOpen, err, "Somebody else has just decided this proposal. Look at it again.")
	}
	if err == nil {
		o.config.Logger.InfoContext(ctx, "proposal decided", "proposal", p.ID, "kind", p.Kind, "state", p.State, "by", d.By)
	}
	return p, err
}

// execute does what was approved, unless that is under way already.
func (o *Office) execute(ctx context.Context, p Proposal) (Proposal, error) {
	if !o.claim(p.ID) {
		return p, nil
	}
	defer o.unclaim(p.ID)
	// Whoever came first may have done it by now.
	p, err := o.config.Records.Proposal(ctx, p.ID)
	if err != nil || p.State != Approved {
		return p, err
	}
	action, known := o.config.Actions[p.Kind]
	if !known {
		return p, refuse(KindUnknown, "There are no proposals of the kind %q any more.", p.Kind)
	}
	failure := ""
	switch err := action.Do(ctx, p); {
	case err == nil:
	case passing(err):
		o.config.Logger.ErrorContext(ctx, "an approved proposal is not done yet", "proposal", p.ID, "kind", p.Kind, "error", err)
		return p, err
	default:
		o.config.Logger.ErrorContext(ctx, "an approved proposal could not be done", "proposal", p.ID, "kind", p.Kind, "error", err)
		failure = explain(err)
	}
	return o.config.Records.FinishProposal(ctx, p.ID, failure, o.now())
}

// passing reports whether trying again may help.
func passing(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUncertain) || errors.Is(err, store.ErrClosed)
}

// explain is a failure as it is kept: a refusal's words, and of anything else
// only that it went wrong, because it may hold what nobody should keep.
func explain(err error) string {
	if refused, ok := IsRefused(err); ok {
		return fmt.Sprintf("%s: %s", refused.Reason, shorten(refused.Detail))
	}
	if errors.Is(err, ErrLastAdmin) {
		return string(LastAdmin) + ": the last admin stays until there is another"
	}
	return "it could not be done; the log says why"
}

func (o *Office) claim(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.executing[id] {
		return false
	}
	o.executing[id] = true
	return true
}

func (o *Office) unclaim(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.executing, id)
}

// Resume does what was approved and not done, because the process died or the
// store did not answer. Call it at start and now and then.
func (o *Office) Resume(ctx context.Context) error {
	left, err := o.config.Records.ApprovedProposals(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, p := range left {
		if _, err := o.execute(ctx, p); err != nil {
			problems = append(problems, fmt.Errorf("proposal %s: %w", p.ID, err))
		}
	}
	return errors.Join(problems...)
}

func (o *Office) now() time.Time { return o.config.Now().UTC().Truncate(time.Microsecond) }

func isText(text string, most int) bool {
	return strings.TrimSpace(text) != "" && len(text) <= most && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

func shorten(text string) string {
	for len(text) > MaxSummary {
		cut := []rune(text)
		text = string(cut[:len(cut)-1])
	}
	return text
}
