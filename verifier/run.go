package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// run is one decision in the making.
type run struct {
	v            *Verifier
	basis        *basis // what the decision rests on, whatever is taken meanwhile
	ctx          context.Context
	request      Request
	now          time.Time
	decision     Decision
	presentation *credential.Presentation
	spent        *proofID // the proof that this decision used up
	holderProven bool
	suspended    bool // what a signal said, if there is one: revoked otherwise
	failed       bool
}

// stage is one check. A stage that is safe reads nothing but what is verified,
// opens no connection and changes nothing, so it is made after a failure, too.
type stage struct {
	name  string
	safe  bool
	check func(*run) error
}

var stages = []stage{
	{CheckTime, true, (*run).checkTime},
	{CheckHolder, true, (*run).checkHolder},
	{CheckStatus, false, (*run).checkStatus},
	{CheckAccess, true, (*run).checkAccess},
	{CheckPolicy, true, (*run).checkPolicy},
}

// make fills in the decision. Allow is set in one place, at the end, when
// nothing failed.
func (r *run) make(text string) {
	r.record(CheckBadge, r.open(text))
	for _, s := range stages {
		if r.presentation == nil || r.failed && !s.safe {
			r.decision.Checks = append(r.decision.Checks, Check{Name: s.name, Result: NotMade})
			continue
		}
		r.record(s.name, s.check(r))
	}
	if r.holderProven {
		r.decision.Badge = newBadge(&r.presentation.Claims)
	}
	if r.failed {
		if r.spent != nil {
			r.v.replay.release(*r.spent)
		}
		return
	}
	r.decision.Allow = true
	r.decision.Reason = OK
}

// record notes the outcome of a check; the first failure is the reason.
func (r *run) record(name string, err error) {
	if err == nil {
		r.decision.Checks = append(r.decision.Checks, Check{Name: name, Result: Passed})
		return
	}
	c := code.Of(err)
	r.decision.Checks = append(r.decision.Checks, Check{Name: name, Result: Failed, Code: c})
	if r.failed {
		return
	}
	r.failed = true
	r.decision.Reason = r.reasonFor(c)
	r.decision.Code = c
	r.decision.Detail = detail(err)
}

// reasonFor: a signal's code says only that it was one.
func (r *run) reasonFor(c code.Code) Reason {
	if c == code.StatusSignalled && r.suspended {
		return Suspended
	}
	return ReasonFor(c)
}

// maxDetail bounds, in bytes, what a detail can quote of what was presented.
const maxDetail = 512

// detail leaves out the code, which the decision has already.
func detail(err error) string {
	text := err.Error()
	var refused *code.Error
	if errors.As(err, &refused) {
		text = refused.Detail
	}
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}

func (r *run) open(text string) error {
	sdjwt, err := unpack(text)
	if err != nil {
		return err
	}
	trust := r.basis.trust
	opener := credential.Opener{Keys: keysAt{trust, r.now}, Memory: r.v.memory}
	presentation, err := opener.OpenPresentation(sdjwt)
	if err != nil {
		return err
	}
	if err := trust.checkIssued(&presentation.Badge); err != nil {
		return err
	}
	r.presentation = presentation
	return nil
}

// checkTime asks about the clock first: one that is known to be behind would
// only find that badges are not valid yet.
func (r *run) checkTime() error {
	held := r.basis.bundles[r.presentation.Issuer]
	r.decision.Bundle = held.age(r.now)
	if err := held.checkClock(r.now); err != nil {
		return err
	}
	if err := r.v.checker.CheckClock(r.presentation.Issuer, r.presentation.Status); err != nil {
		return err
	}
	return r.presentation.CheckTime(r.now, MaxBadgeAhead, credential.MaxLifetime)
}

func (r *run) checkHolder() error {
	nonceSent := r.request.Audience != "" || r.request.Nonce != ""
	if r.v.config.AllowUnbound && !nonceSent && !r.presentation.HasProof() {
		r.holderProven = true
		return nil
	}
	rules := credential.ProofRules{
		Audiences: []string{credential.GateAudience},
		Now:       r.now,
		MaxAge:    MaxProofAge,
		MaxAhead:  MaxProofAhead,
	}
	if nonceSent {
		if r.request.Audience == "" || r.request.Nonce == "" {
			return errors.New("a request names both the audience and the nonce that were sent, or neither")
		}
		rules.Audiences, rules.Nonce = []string{r.request.Audience}, r.request.Nonce
	}
	proof, err := r.presentation.CheckProof(rules)
	if err != nil {
		return err
	}
	if err := r.spend(proof); err != nil {
		return err
	}
	r.holderProven = true
	return nil
}

// spend uses the proof up unless the decision is a denial already: then this
// check must change nothing.
func (r *run) spend(proof credential.Proof) error {
	id := identify(&r.presentation.Badge, proof)
	if len(r.request.Gate) > MaxGate {
		return fmt.Errorf("the gate's name has %d bytes, at most %d are taken", len(r.request.Gate), MaxGate)
	}
	if r.failed {
		return r.v.replay.check(id, proof.IssuedAt, r.request.Gate)
	}
	again, err := r.v.replay.spend(id, proof.IssuedAt, r.now, r.request.Gate)
	if err != nil {
		return err
	}
	r.decision.Again = again
	if !again {
		r.spent = &id
	}
	return nil
}

func (r *run) checkStatus() error {
	if err := r.basis.bundles[r.presentation.Issuer].checkTime(r.now); err != nil {
		return err
	}
	result, err := r.v.checker.Check(r.ctx, r.presentation.Issuer, r.presentation.Status)
	if !result.IssuedAt.IsZero() {
		r.decision.Status = &Status{
			List:       result.URI,
			IssuedAt:   result.IssuedAt,
			AgeSeconds: int64(result.Age / time.Second),
		}
	}
	if err != nil {
		return err
	}
	if limit := r.v.limit(r.basis, r.presentation.Issuer); result.Age > limit && !result.Signalled {
		return code.Refuse(code.StatusStale, "the list is %v old, the bundle's limit is %v", result.Age, limit)
	}
	switch {
	case result.Status == revocation.Valid:
		return nil
	case result.Signalled:
		r.suspended = result.Status == revocation.Suspended
		return code.Refuse(code.StatusSignalled, "the issuer signalled that it is %v", result.Status)
	case result.Status == revocation.Suspended:
		return code.Refuse(code.StatusSuspended, "suspended until its holder is in good standing again")
	}
	return code.Refuse(code.StatusRevoked, "revoked")
}

func (r *run) checkAccess() error {
	if limited := r.presentation.Audience; limited != nil && !slices.Contains(limited, r.v.config.Audience) {
		return code.Refuse(code.ClaimAudience, "the badge is for other verifiers than %q", r.v.config.Audience)
	}
	if !r.request.Access.Known() {
		return code.Refuse(code.AccessNotGranted, "the request asks for the access %q; ask for onsite or remote", r.request.Access)
	}
	if !r.presentation.Grants(r.request.Access) {
		return code.Refuse(code.AccessNotGranted, "the badge grants %v", r.presentation.Access)
	}
	return nil
}

func (r *run) checkPolicy() error {
	if err := r.request.Policy.validate(); err != nil {
		return err
	}
	if err := r.v.config.Policy.check(&r.presentation.Claims, r.now); err != nil {
		return err
	}
	return r.request.Policy.check(&r.presentation.Claims, r.now)
}
