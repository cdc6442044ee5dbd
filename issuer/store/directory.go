package store

import (
	"context"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// DirectoryReader finds people by what other systems call them.
type DirectoryReader interface {
	// PeopleByUserName returns who has this user name, in whatever capitals, by id;
	// nobody is no error, and nobody goes by the empty name. Sources keep user names
	// unique, but not together.
	PeopleByUserName(ctx context.Context, userName string) ([]evidence.Person, error)

	// PersonIDs returns the ids of who goes by a name: who has it as Person.ID or
	// external id, or, in whatever capitals, as user name or mail address. It returns
	// two at most, in order: more are as good as two. Nobody goes by the empty name.
	PersonIDs(ctx context.Context, name string) ([]string, error)
}

// Fold is a name in the capitals in which names are compared, so that every engine
// finds the same people, whatever it knows of letters.
func Fold(name string) string { return strings.ToLower(name) }
