package verifier

import (
	"cmp"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// Policy is what the site asks for, to be handed to a verifier elsewhere that is
// to decide alike. Its lists must not be changed.
func (v *Verifier) Policy() Policy { return v.config.Policy }

// MaxStatusAge is the limit on the age of a status list; where bundles set it, the
// longest of them, which a decision may find shorter.
func (v *Verifier) MaxStatusAge() time.Duration {
	now := v.basis.Load()
	var limit time.Duration
	for issuer := range now.trust.issuers {
		limit = max(limit, v.limit(now, issuer))
	}
	return cmp.Or(limit, v.config.MaxStatusAge, revocation.DefaultMaxAge)
}
