package notify

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrUnknown is returned by a [Directory] for somebody who is not there: never
// known, or erased.
var ErrUnknown = errors.New("notify: unknown person")

// Bounds of what a directory tells. Names are cut at theirs; an address beyond
// its own is no address.
const (
	MaxName    = 120 // characters
	MaxAddress = 254 // bytes (RFC 5321, section 4.5.3.1.3, without the brackets)
)

// Directory knows who people are now. It is asked at every delivery and is safe
// for concurrent use.
type Directory interface {
	// Person returns who a person is, or ErrUnknown. Other errors mean that the
	// directory could not tell; the message waits.
	Person(ctx context.Context, id string) (Person, error)

	// Subject returns what people call a reason's subject: a course's title, a
	// device's name. Empty means that the id has to do.
	Subject(ctx context.Context, r Reason) (string, error)

	// Device returns what people call a device. Empty means that the id has to do.
	Device(ctx context.Context, d Device) (string, error)
}

// Person is somebody as the directory knows them. Only the ID is always there.
type Person struct {
	ID        string
	Name      string // as people write it
	Email     string
	Language  string // BCP 47
	ManagerID string
	Active    bool
}

// Party is somebody who is written to.
type Party struct {
	Role     Role
	Name     string
	Email    string // a bare address, checked; empty when there is none
	Language string // BCP 47
}

// Instead says why a message goes to the fallback address and not to whom it was
// for. The set is closed and its texts are stable.
type Instead string

// The reasons for the fallback address.
const (
	NoManager     Instead = "no-manager"      // none is recorded, or the person is their own
	ManagerLeft   Instead = "manager-left"    // not active any more, or erased
	NoAddress     Instead = "no-address"      // of the person: none, or none that can be written to
	NoManagerMail Instead = "no-manager-mail" // the same of the manager
)

// Insteads returns every reason for the fallback address.
func Insteads() []Instead { return []Instead{NoManager, ManagerLeft, NoAddress, NoManagerMail} }

// recipient finds out who gets a message about a person.
func (c *Courier) recipient(ctx context.Context, role Role, about Person) (Party, Instead, error) {
	switch role {
	case ToOffice:
		return c.cfg.Office, "", nil
	case ToFallback:
		return c.cfg.Fallback, "", nil
	case ToPerson:
		return c.reachable(about, ToPerson, NoAddress)
	}
	if about.ManagerID == "" || about.ManagerID == about.ID {
		return c.cfg.Fallback, NoManager, nil
	}
	manager, err := c.cfg.Directory.Person(ctx, about.ManagerID)
	if errors.Is(err, ErrUnknown) || err == nil && !manager.Active {
		return c.cfg.Fallback, ManagerLeft, nil
	}
	if err != nil {
		return Party{}, "", err
	}
	return c.reachable(manager, ToManager, NoManagerMail)
}

func (c *Courier) reachable(p Person, role Role, otherwise Instead) (Party, Instead, error) {
	if !validAddress(p.Email) {
		return c.cfg.Fallback, otherwise, nil
	}
	return Party{Role: role, Name: cleanName(p.Name), Email: p.Email, Language: p.Language}, "", nil
}

// validAddress takes a bare address only. Whatever could begin another header
// line or another recipient is none.
func validAddress(address string) bool {
	if address == "" || len(address) > MaxAddress || strings.ContainsFunc(address, unicode.IsControl) {
		return false
	}
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Name == "" && parsed.Address == address
}

// cleanName makes one line of a name, whatever its source put there.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > MaxName {
		return string(runes[:MaxName-1]) + "…"
	}
	return name
}
