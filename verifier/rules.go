package verifier

import (
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// Policy is what the site asks for, to be handed to a verifier elsewhere that is
// to decide alike. Its lists must not be changed.
func (v *Verifier) Policy() Policy { return v.config.Policy }

// MaxStatusAge is the site's limit on the age of a status list.
func (v *Verifier) MaxStatusAge() time.Duration {
	if v.config.MaxStatusAge == 0 {
		return revocation.DefaultMaxAge
	}
	return v.config.MaxStatusAge
}
