package issuer

import (
	"context"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var _ source.Directory = (*Program)(nil)

// PersonID implements source.Directory: it returns the id of the one person who has
// a name as id or external id or, in whatever capitals, as user name or mail
// address. It is "" when that is nobody or several: a device of which it is not
// clear whose it is must speak for nobody.
func (p *Program) PersonID(ctx context.Context, name string) (string, error) {
	ids, err := p.config.Store.PersonIDs(ctx, name)
	if err != nil || len(ids) != 1 {
		return "", err
	}
	return ids[0], nil
}

// PersonByExternalID finds somebody by external id alone. The error is
// store.ErrNotFound when there is nobody.
func (p *Program) PersonByExternalID(ctx context.Context, externalID string) (evidence.Person, error) {
	return p.config.Store.PersonByExternalID(ctx, externalID)
}

// PeopleByUserName returns who has a user name, in whatever capitals; nobody is no
// error.
func (p *Program) PeopleByUserName(ctx context.Context, userName string) ([]evidence.Person, error) {
	return p.config.Store.PeopleByUserName(ctx, userName)
}

// DeviceIDs returns a source's ids of all devices that are held of it, whether or
// not their person is known.
func (p *Program) DeviceIDs(ctx context.Context, source string) ([]string, error) {
	return p.config.Store.DeviceIDs(ctx, source)
}

// Groups is the part of the program's store that SCIM keeps groups in.
func (p *Program) Groups() store.Groups { return p.config.Store }

// Cursors keeps how far sources were read, in the program's store.
func (p *Program) Cursors() source.Cursors { return cursors{p.config.Store} }

type cursors struct{ store store.Store }

// Get implements source.Cursors.
func (c cursors) Get(ctx context.Context, name string) (string, error) {
	return c.store.SourceCursor(ctx, name)
}

// Set implements source.Cursors.
func (c cursors) Set(ctx context.Context, name, cursor string) error {
	return c.store.SetSourceCursor(ctx, name, cursor)
}
