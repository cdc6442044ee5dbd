package issuer

import "github.com/cyberbadge/cyberbadge/issuer/store"

// Counts counts people, messages and cases without going through them.
func (p *Program) Counts() store.CountReader { return p.config.Store }
