package issuer

import (
	"context"
	"errors"
	"fmt"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// PicturePath is where portraits are published by their names, under the issuer's
// URL. The dictionary of gate codes holds this path, so that a picture's URL costs
// a code no more than the name.
const PicturePath = "/pictures/"

// KeepPortraits is how long a portrait stays reachable once nobody has it any
// more: as long as the longest-lived badge that could name it. Whatever is older is
// deleted when a portrait changes and with every import.
const KeepPortraits = credential.MaxLifetime

// PictureURL is a portrait's address, as badges name it.
func (p *Program) PictureURL(digest portrait.Digest) string {
	return p.config.URL + PicturePath + digest.Name().String()
}

// SetPortrait makes a portrait of an uploaded picture and gives it to somebody, in
// place of the one before: badges from now on name it. The error is
// store.ErrNotFound for an unknown person, a *portrait.RefusedError that says what
// to do with the picture, or the store's. The same picture again changes nothing.
func (p *Program) SetPortrait(ctx context.Context, ref string, upload []byte, by string) (portrait.Portrait, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return portrait.Portrait{}, err
	}
	made, err := portrait.Take(upload)
	if err != nil {
		return portrait.Portrait{}, fmt.Errorf("issuer: %w", err)
	}
	changed, err := p.config.Store.SetPortrait(ctx, store.PersonPortrait{
		PersonID: person.ID, Portrait: made, By: by, At: p.config.Now(),
	})
	if err != nil {
		return portrait.Portrait{}, err
	}
	p.config.Logger.InfoContext(ctx, "portrait set", "person", person.ID, "by", by, "changed", changed)
	p.discardPortraits(ctx)
	return made, nil
}

// RemovePortrait takes somebody's portrait away: badges from now on name none.
// Those that name it stay good, and the portrait reachable for [KeepPortraits];
// revoke them if it must not be seen with them. It can be repeated. The error is
// store.ErrNotFound for an unknown person, or the store's.
func (p *Program) RemovePortrait(ctx context.Context, ref, by string) error {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return err
	}
	removed, err := p.config.Store.RemovePortrait(ctx, store.PortraitRemoval{PersonID: person.ID, By: by, At: p.config.Now()})
	if err != nil {
		return err
	}
	p.config.Logger.InfoContext(ctx, "portrait removed", "person", person.ID, "by", by, "changed", removed)
	p.discardPortraits(ctx)
	return nil
}

// PortraitOf returns somebody's portrait. The error is store.ErrNotFound for an
// unknown person and for one who has none.
func (p *Program) PortraitOf(ctx context.Context, ref string) (portrait.Portrait, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return portrait.Portrait{}, err
	}
	digest, err := p.config.Store.PortraitOf(ctx, person.ID)
	if errors.Is(err, store.ErrNotFound) {
		return portrait.Portrait{}, fmt.Errorf("issuer: %s has no portrait: %w", person.ExternalID, store.ErrNotFound)
	}
	if err != nil {
		return portrait.Portrait{}, err
	}
	return p.config.Store.Portrait(ctx, digest.Name())
}

// Portrait returns the portrait that a badge names, or store.ErrNotFound.
func (p *Program) Portrait(ctx context.Context, name portrait.Name) (portrait.Portrait, error) {
	return p.config.Store.Portrait(ctx, name)
}

// addPicture has a badge name the person's portrait, if there is one.
func (p *Program) addPicture(ctx context.Context, personID string, claims *credential.Claims) error {
	digest, err := p.config.Store.PortraitOf(ctx, personID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	claims.Picture, claims.PictureIntegrity = p.PictureURL(digest), digest.Integrity()
	return nil
}

// discardPortraits is told to nobody who waits: what they asked for is done, and
// the next change tries again.
func (p *Program) discardPortraits(ctx context.Context) {
	n, err := p.config.Store.DiscardPortraits(ctx, p.config.Now().Add(-KeepPortraits))
	if err != nil {
		p.config.Logger.WarnContext(ctx, "old portraits could not be discarded", "error", err)
	}
	if n > 0 {
		p.config.Logger.InfoContext(ctx, "portraits discarded", "portraits", n)
	}
}
