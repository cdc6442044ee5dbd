package scim

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"
	"unicode/utf8"
)

// Bounds of groups. The bound itself is allowed.
const (
	MaxGroups    = 100
	MaxMembers   = 10_000 // of one group
	MaxGroupText = 256    // characters of a name or an id

	groupsPage = 10 // groups that are read at once
)

// Group is a group of people. The program draws nothing from it; it is kept so
// that an identity provider which pushes groups finds what it left.
type Group struct {
	ID          string    `json:"id"`
	ExternalID  string    `json:"external_id,omitempty"`
	DisplayName string    `json:"display_name"`
	Members     []string  `json:"members,omitempty"` // ids of users or groups, as they were added
	Created     time.Time `json:"created"`
	Modified    time.Time `json:"modified"`
}

// Groups keeps groups. It is safe for concurrent use.
type Groups interface {
	// Group returns the group with this id, or ErrNotFound.
	Group(ctx context.Context, id string) (Group, error)

	// Groups returns at most limit groups in order of their ids, beginning behind
	// the id after; "" begins at the start. Fewer than limit means the end.
	Groups(ctx context.Context, after string, limit int) ([]Group, error)

	// PutGroup adds a group, or takes the place of the one with its id.
	PutGroup(ctx context.Context, group Group) error

	// RemoveGroup removes the group with this id. It can be repeated.
	RemoveGroup(ctx context.Context, id string) error
}

func (g Group) identity() string                     { return g.ID }
func (g Group) times() (created, modified time.Time) { return g.Created, g.Modified }

func (g Group) attributes() object {
	o := object{"displayName": g.DisplayName}
	put(o, "externalId", g.ExternalID)
	var members []any
	for _, id := range g.Members {
		members = append(members, object{"value": id})
	}
	if len(members) > 0 {
		o["members"] = members
	}
	return o
}

// groups are the groups, none if nothing keeps them.
type groups struct{ service *Service }

func (g groups) kept() (Groups, error) {
	if g.service.config.Groups == nil {
		return nil, &Error{Status: http.StatusNotImplemented,
			Detail: "Groups are not kept here. Switch the provisioning of groups off; people are not affected."}
	}
	return g.service.config.Groups, nil
}

func (g groups) byID(ctx context.Context, id string) (Group, error) {
	kept, err := g.kept()
	if err != nil {
		return Group{}, err
	}
	return kept.Group(ctx, id)
}

// lookUp has nothing to look up by: there are few groups.
func (g groups) lookUp(context.Context, string, string) ([]Group, bool, error) {
	return nil, false, nil
}

func (g groups) each(ctx context.Context, visit func(Group) error) error {
	if g.service.config.Groups == nil {
		return nil // an empty list, which is what connections are tested with
	}
	for after := ""; ; {
		page, err := g.service.config.Groups.Groups(ctx, after, groupsPage)
		if err != nil {
			return err
		}
		for _, one := range page {
			if err := visit(one); err != nil {
				return err
			}
		}
		if len(page) < groupsPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

func (g groups) create(ctx context.Context, from *editor) (Group, error) {
	if _, err := g.kept(); err != nil {
		return Group{}, err
	}
	count := 0
	if err := g.each(ctx, func(Group) error { count++; return nil }); err != nil {
		return Group{}, err
	}
	if count >= MaxGroups {
		return Group{}, Refuse(InvalidValue, "There are %d groups, and no more are kept. Push fewer: the program draws nothing from them.", count)
	}
	return g.save(ctx, Group{ID: rand.Text(), Created: g.service.now()}, from.document)
}

func (g groups) update(ctx context.Context, before Group, to *editor, _ bool) (Group, error) {
	return g.save(ctx, before, to.document)
}

func (g groups) save(ctx context.Context, before Group, o object) (Group, error) {
	after := Group{ID: before.ID, Created: before.Created, Modified: before.Modified}
	after.DisplayName, _ = o["displayName"].(string)
	after.ExternalID, _ = o["externalId"].(string)
	for _, one := range list(o["members"]) {
		id, _ := one.(object)["value"].(string)
		after.Members = append(after.Members, id)
	}
	if err := after.check(); err != nil {
		return Group{}, err
	}
	if version(after) == version(before) {
		return before, nil
	}
	after.Modified = g.service.now()
	return after, g.service.config.Groups.PutGroup(ctx, after)
}

func (g Group) check() error {
	if g.DisplayName == "" {
		return Refuse(InvalidValue, "displayName is missing. Send the group's name.")
	}
	for _, text := range append([]string{g.DisplayName, g.ExternalID}, g.Members...) {
		if utf8.RuneCountInString(text) > MaxGroupText {
			return Refuse(InvalidValue, "%.40q… is longer than %d characters. Shorten it.", text, MaxGroupText)
		}
	}
	return nil
}

func (g groups) remove(ctx context.Context, gone Group) error {
	return g.service.config.Groups.RemoveGroup(ctx, gone.ID)
}
