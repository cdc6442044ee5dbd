package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/scim"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// groups are the program's groups for SCIM. The store knows them as JSON.
type groups struct{ kept store.Groups }

var _ scim.Groups = groups{}

// Group implements [scim.Groups].
func (g groups) Group(ctx context.Context, id string) (scim.Group, error) {
	found, err := g.kept.Group(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return scim.Group{}, scim.ErrNotFound
	}
	if err != nil {
		return scim.Group{}, err
	}
	return readGroup(found)
}

func readGroup(from store.Group) (group scim.Group, err error) {
	if err := json.Unmarshal(from.Body, &group); err != nil {
		return scim.Group{}, fmt.Errorf("group %.64q can't be read: %w", from.ID, err)
	}
	return group, nil
}

// Groups implements [scim.Groups].
func (g groups) Groups(ctx context.Context, after string, limit int) ([]scim.Group, error) {
	page, err := g.kept.Groups(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	all := make([]scim.Group, len(page))
	for i, one := range page {
		if all[i], err = readGroup(one); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// PutGroup implements [scim.Groups].
func (g groups) PutGroup(ctx context.Context, group scim.Group) error {
	body, err := json.Marshal(group)
	if err != nil {
		return err
	}
	if len(body) > store.MaxGroup {
		return scim.Refuse(scim.InvalidValue, "The group takes %d bytes, and %d are kept. Push smaller groups, or none: the program draws nothing from them.", len(body), store.MaxGroup)
	}
	return g.kept.PutGroup(ctx, store.Group{ID: group.ID, Body: body})
}

// RemoveGroup implements [scim.Groups].
func (g groups) RemoveGroup(ctx context.Context, id string) error { return g.kept.RemoveGroup(ctx, id) }
