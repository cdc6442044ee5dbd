package verifier

import (
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// List is a status list that a verifier holds.
type List = revocation.Held

// Lists returns the good lists that are held, by issuer and URI.
func (v *Verifier) Lists() []List { return v.checker.Held() }

// LoadList takes a status list that came another way than through the Fetcher.
// It is verified like any other.
func (v *Verifier) LoadList(issuer, uri, token string) error {
	return v.checker.Load(issuer, uri, token)
}

// RefreshList has a status list fetched now rather than when its ttl is over:
// what to do when the issuer tells that it has changed. It does not wait; the
// decisions that follow do. A forged call can bring nothing but a newer list.
func (v *Verifier) RefreshList(issuer, uri string) error {
	return v.checker.Refresh(issuer, uri)
}

// Deny denies the badge at that index of a list (status_signalled) until a list is
// held that was issued after the instant at, and has the list fetched. It is for
// signals whose sender was proven to be the issuer; status is Invalid or Suspended.
// See revocation.Checker.Deny for its bounds.
func (v *Verifier) Deny(issuer, uri string, index uint64, status revocation.Status, at time.Time) error {
	return v.checker.Deny(issuer, uri, index, status, at)
}

// Status returns what is held about a badge now, and fetches nothing. The answer
// is worth what the badge is worth: it must have been verified before.
func (v *Verifier) Status(issuer string, ref credential.StatusRef) (revocation.Result, error) {
	return v.checker.Status(issuer, ref)
}

// OnList has told called whenever statuses may have changed, until stop is called;
// see revocation.Checker.OnList for what told may do.
func (v *Verifier) OnList(told func(revocation.ListChange)) (stop func()) {
	return v.checker.OnList(told)
}
