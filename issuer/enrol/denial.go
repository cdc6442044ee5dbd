package enrol

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// denied puts into the protocol's words that there is no badge for this person,
// or no longer one for this phone.
func (d *Desk) denied(err error) error {
	var unfit *code.Error
	refused, notEligible := issuer.IsNotEligible(err)
	switch {
	case errors.Is(err, store.ErrUncertain):
		return err
	case notEligible:
		return d.notInGoodStanding(refused.Reasons)
	case errors.Is(err, issuer.ErrEndsTooSoon):
		return refuse(CredentialRequestDenied, "the standing ends too soon for a badge")
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrFinal):
		return refuse(CredentialRequestDenied, "the enrolment ended, or the badge was revoked, while it was being issued")
	case errors.Is(err, store.ErrNotFound):
		return refuse(CredentialRequestDenied, "the program does not know the person any more")
	case errors.As(err, &unfit) && (unfit.Code == code.ClaimMissing || unfit.Code == code.ClaimValueInvalid ||
		unfit.Code == code.ClaimTimeInvalid || unfit.Code == code.TokenTooLarge):
		return refuse(CredentialRequestDenied, "the person's record does not fit into a badge; tell the program office")
	}
	return err
}

// notInGoodStanding names every reason, what to deal with first in front, and
// where that is done:
//
//	not in good standing: training-expired:CB-101 at 2026-11-01T08:00:00Z, device-missing
//
// The issuer's own page reads it; docs/formats.md promises the form.
func (d *Desk) notInGoodStanding(reasons []policy.Reason) error {
	reasons = slices.Clone(reasons)
	slices.SortStableFunc(reasons, func(a, b policy.Reason) int { return turn(a.Kind) - turn(b.Kind) })
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = r.String()
		if !r.At.IsZero() {
			texts[i] += " at " + r.At.UTC().Format(time.RFC3339)
		}
	}
	e := &Error{Code: CredentialRequestDenied, Description: "not in good standing: " + strings.Join(texts, ", ")}
	if len(reasons) > 0 {
		e.URI = d.config.Program.Remedy(reasons[0])
	}
	return e
}

// turn is the order in which reasons are dealt with: those that make all others
// vain, then what takes longest.
func turn(k policy.Kind) int {
	switch k {
	case policy.NotEmployed:
		return 0
	case policy.RoleExcluded:
		return 1
	case policy.TrainingMissing, policy.TrainingExpired:
		return 2
	case policy.DeviceMissing:
		return 3
	}
	return 4
}
