package issuer

import "github.com/cyberbadge/cyberbadge/issuer/store"

// Enrolments is the part of the program's store that package enrol keeps phones
// in.
func (p *Program) Enrolments() store.Enrolments { return p.config.Store }
