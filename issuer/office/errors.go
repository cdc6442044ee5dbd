package office

import (
	"errors"
	"fmt"
)

// Reason is why the office says no. Each is a code of the API.
type Reason string

// The reasons.
const (
	// Of signing in.
	SignInExpired Reason = "sign_in_expired" // begun too long ago, in another browser, or finished before
	SignInRefused Reason = "sign_in_refused" // by the provider, or what the provider sent is not good
	NotAnOfficer  Reason = "not_an_officer"  // signed in, and nobody here
	ProviderDown  Reason = "provider_unavailable"

	// Of sessions.
	SessionMissing Reason = "session_missing" // none, ended or expired
	CrossSite      Reason = "cross_site"      // a call that another page had the browser make

	// Of what takes two.
	FourEyes         Reason = "four_eyes"         // this one must not decide that
	StepUpRequired   Reason = "step_up_required"  // it is too long ago that the officer signed in
	ProposalRequired Reason = "proposal_required" // not alone
	NotOpen          Reason = "proposal_not_open" // decided or expired
	KindUnknown      Reason = "kind_unknown"      // no such proposal can be made here
	LastAdmin        Reason = "last_admin"        // nobody could approve anything any more
	RolesElsewhere   Reason = "roles_elsewhere"   // the provider gives the roles
	TokensOfName     Reason = "too_many_tokens"   // of one name
	Invalid          Reason = "value_invalid"     // an argument breaks a rule
)

// RefusedError is a no, with what to do about it.
type RefusedError struct {
	Reason Reason
	Detail string // for who asked
	Err    error  // the cause, for the log alone; may be nil
}

// Error includes the cause: it is for the log.
func (e *RefusedError) Error() string {
	text := fmt.Sprintf("office: %s: %s", e.Reason, e.Detail)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

func refuse(reason Reason, format string, args ...any) error {
	return &RefusedError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// because is a refusal with its cause.
func because(reason Reason, cause error, detail string) error {
	return &RefusedError{Reason: reason, Detail: detail, Err: cause}
}

// IsRefused returns the refusal that an error is, if it is one.
func IsRefused(err error) (*RefusedError, bool) {
	var refused *RefusedError
	ok := errors.As(err, &refused)
	return refused, ok
}
