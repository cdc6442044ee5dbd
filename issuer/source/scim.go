package source

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

// scimUser is what is wanted of a SCIM User (RFC 7643 4.1) and its enterprise
// extension (4.3).
type scimUser struct {
	ID                string    `json:"id"`
	ExternalID        string    `json:"externalId"`
	UserName          string    `json:"userName"`
	Active            looseBool `json:"active"`
	UserType          string    `json:"userType"`
	Name              scimName  `json:"name"`
	DisplayName       string    `json:"displayName"`
	PreferredLanguage string    `json:"preferredLanguage"`
	Emails            []struct {
		Value   string    `json:"value"`
		Type    string    `json:"type"`
		Primary looseBool `json:"primary"`
	} `json:"emails"`
	// Photos is looked into apart: a photo that is no good leaves nobody out.
	Photos     json.RawMessage `json:"photos"`
	Enterprise struct {
		EmployeeNumber string `json:"employeeNumber"`
		Organization   string `json:"organization"`
		Department     string `json:"department"`
		Manager        struct {
			Value string `json:"value"`
		} `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	Meta struct {
		ResourceType string `json:"resourceType"`
		LastModified string `json:"lastModified"`
	} `json:"meta"`
}

type scimName struct {
	GivenName  string `json:"givenName"`
	FamilyName string `json:"familyName"`
	Formatted  string `json:"formatted"`
}

// looseBool is a boolean that may come as text in any capitals: Entra sends
// "True" and "False".
type looseBool struct {
	sent  string // as it came; empty when it did not, or was null
	value bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *looseBool) UnmarshalJSON(raw []byte) error {
	*b = looseBool{}
	if string(raw) == "null" {
		return nil
	}
	b.sent = string(raw)
	b.value = b.word() == "true"
	return nil
}

// valid reports whether what came is a boolean, if anything did.
func (b looseBool) valid() bool {
	return b.sent == "" || b.word() == "true" || b.word() == "false"
}

func (b looseBool) word() string { return strings.ToLower(strings.Trim(b.sent, `"`)) }

// People reads a SCIM ListResponse of User. Person.Role comes from userType, and
// Result.Portraits from photos that are data: URLs; whatever is wrong with a
// photo is a notice, and one that is an address on the web is not fetched.
// Two people who share an externalId are both refused: their training could not
// be told apart, and which of them came first means nothing.
func People(r io.Reader) (Result[evidence.Person], error) {
	g := gatherPeople{
		gathering: newGathering(func(a, b evidence.Person) bool { return a == b }),
		portraits: map[string]portrait.Portrait{},
		elsewhere: map[string]bool{},
	}
	c := collection{member: "Resources", format: "a SCIM ListResponse of User"}
	records := 0
	c.each = func(from record) {
		records++
		g.take(from)
	}
	if err := c.read(r); err != nil {
		return Result[evidence.Person]{}, fmt.Errorf("source: people: %w", err)
	}
	var total int
	counted := json.Unmarshal(c.rest["totalResults"], &total) == nil
	// RFC 7644 3.4.2: an empty answer may leave the array out.
	if !c.found && !(counted && total == 0) {
		return Result[evidence.Person]{}, fmt.Errorf("source: people: %w", c.missing())
	}
	if counted && total > records {
		g.file(fmt.Sprintf("the file holds %d of %d people: import the other pages, too", records, total))
	}
	if len(g.elsewhere) > 0 {
		g.file(photosElsewhere(len(g.elsewhere)))
	}
	refuseSharedExternalIDs(g.gathering)
	return g.finish(), nil
}

// gatherPeople collects people and, by their ids, the portraits that they came
// with.
type gatherPeople struct {
	*gathering[evidence.Person]
	portraits map[string]portrait.Portrait
	elsewhere map[string]bool // people whose photos are on the web
}

func (g gatherPeople) take(from record) {
	var user scimUser
	var f fields
	if !f.decode(from.raw, &user) {
		g.note(from, user.ID, &f)
		return
	}
	if kind := user.Meta.ResourceType; kind != "" && !strings.EqualFold(kind, "User") {
		g.result.Skipped++
		return
	}
	person := user.person(&f)
	if len(f.refusals) > 0 {
		g.note(from, user.ID, &f) // and no work is spent on a picture
		return
	}
	photo, elsewhere := user.photo(&f)
	// The record that came last counts, and its photo with it.
	delete(g.portraits, person.ID)
	delete(g.elsewhere, person.ID)
	if elsewhere {
		g.elsewhere[person.ID] = true
	}
	if photo != nil {
		if made, ok := photo.portrait(&f); ok {
			g.portraits[person.ID] = made
		}
	}
	g.note(from, user.ID, &f)
	g.add(from, person.ID, person)
}

// finish returns the people, and the portraits of those who are among them.
func (g gatherPeople) finish() Result[evidence.Person] {
	result := g.gathering.finish("", nil)
	for _, person := range result.Records {
		if made, has := g.portraits[person.ID]; has {
			result.Portraits = append(result.Portraits, Portrait{person.ID, made})
		}
	}
	return result
}

// person checks a user and says it in the program's words.
func (u *scimUser) person(f *fields) evidence.Person {
	if !u.Active.valid() {
		f.refuse("active is %s: send true or false", clip(u.Active.sent, MaxTextLength))
	}
	if u.Active.sent == "" {
		f.notice("active is missing: the person counts as not employed; send true or false")
	}
	if u.ExternalID == "" {
		f.notice("externalId is missing: no training can be matched to the person; send the number that training records name")
	}
	return evidence.Person{
		ID:             f.required("id", u.ID),
		ExternalID:     f.identifier("externalId", u.ExternalID),
		UserName:       f.text("userName", u.UserName),
		Active:         u.Active.value,
		Role:           f.identifier("userType", u.UserType),
		GivenName:      f.text("name.givenName", u.Name.GivenName),
		FamilyName:     f.text("name.familyName", u.Name.FamilyName),
		DisplayName:    f.text("displayName", u.displayName()),
		Email:          f.text("emails", u.email()),
		Language:       f.text("preferredLanguage", u.PreferredLanguage),
		EmployeeNumber: f.text("employeeNumber", u.Enterprise.EmployeeNumber),
		Organization:   f.text("organization", u.Enterprise.Organization),
		Department:     f.text("department", u.Enterprise.Department),
		ManagerID:      f.identifier("manager.value", u.Enterprise.Manager.Value),
		Modified:       f.instant("meta.lastModified", u.Meta.LastModified),
	}
}

func (u *scimUser) displayName() string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.Name.Formatted
}

// email picks the primary address, else the one at work, else the first.
func (u *scimUser) email() string {
	if len(u.Emails) == 0 {
		return ""
	}
	for _, email := range u.Emails {
		if email.Primary.value {
			return email.Value
		}
	}
	for _, email := range u.Emails {
		if email.Type == "work" {
			return email.Value
		}
	}
	return u.Emails[0].Value
}

// refuseSharedExternalIDs takes out everyone whose externalId is not theirs alone.
func refuseSharedExternalIDs(g *gathering[evidence.Person]) {
	sharing := map[string][]int{}
	for i, e := range g.entries {
		if e.value.ExternalID != "" {
			sharing[e.value.ExternalID] = append(sharing[e.value.ExternalID], i)
		}
	}
	for externalID, places := range sharing {
		if len(places) < 2 {
			continue
		}
		for _, place := range places {
			e := &g.entries[place]
			e.gone = true
			g.problem(e.from, e.id, true, fmt.Sprintf(
				"externalId %q is given to %d people: correct it, so that training belongs to one of them", externalID, len(places)))
		}
	}
}
