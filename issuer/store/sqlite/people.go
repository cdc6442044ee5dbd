package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// personChange is a person as the import has them, beside what was known.
type personChange struct {
	person evidence.Person
	known  bool
	before evidence.Person // if known
	erased bool            // not known any more
	fields []string        // that differ, if known
}

func importPeople(t *tx, im incoming, touched *touched, result *store.ImportResult) error {
	c := &result.People
	var changes []personChange
	for _, p := range im.People {
		change, err := comparePerson(t, p, im.Mark)
		if err != nil {
			return err
		}
		switch {
		case !change.known && !p.Active && change.erased:
			// Their source still lists them, as somebody who left.
			c.Unchanged++
			touched.left[p.ID] = true
			continue
		case !change.known:
			c.Added++
		case len(change.fields) > 0:
			c.Changed++
		default:
			c.Unchanged++
			continue
		}
		changes = append(changes, change)
	}
	if err := freeExternalIDs(t, changes); err != nil {
		return err
	}
	for _, change := range changes {
		if err := writePerson(t, im.Import, change); err != nil {
			return err
		}
		touched.people(change.person.ID)
	}
	return nil
}

func comparePerson(t *tx, p evidence.Person, mark store.Mark) (personChange, error) {
	p.Modified = kept(p.Modified)
	before, err := person(context.Background(), t, "id", p.ID)
	if errors.Is(err, store.ErrNotFound) {
		erased, err := wasErased(t, p.ID)
		if err == nil && !erased {
			erased, err = isMarked(t, mark, p.ExternalID)
		}
		return personChange{person: p, erased: erased}, err
	}
	return personChange{person: p, known: true, before: before, fields: changedFields(before, p)}, err
}

// freeExternalIDs takes the external ids from the people who get another one, so
// that the order in which they are written does not matter.
func freeExternalIDs(t *tx, changes []personChange) error {
	for _, change := range changes {
		if !slices.Contains(change.fields, "external_id") {
			continue
		}
		if _, err := t.Exec("UPDATE people SET external_id = NULL WHERE id = ?", change.person.ID); err != nil {
			return err
		}
	}
	return nil
}

func writePerson(t *tx, im store.Import, change personChange) error {
	p := change.person
	holder, err := person(context.Background(), t, "external_id", p.ExternalID)
	if err == nil && holder.ID != p.ID {
		return fmt.Errorf("%w: people %q and %q both have the external id %q: give one of them another at its source",
			store.ErrConflict, holder.ID, p.ID, p.ExternalID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := upsertPerson(t, p); err != nil {
		return err
	}
	if !change.known {
		if err := addRecord(t, p.ID); err != nil {
			return err
		}
		if err := dropMarks(t, im.Mark, p); err != nil {
			return err
		}
	}
	return recordPerson(t, im, change)
}

func upsertPerson(t *tx, p evidence.Person) error {
	_, err := t.Exec(`INSERT INTO people (`+personColumns+`, folded_user_name, folded_email)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET
			external_id = excluded.external_id, user_name = excluded.user_name, active = excluded.active,
			role = excluded.role, given_name = excluded.given_name, family_name = excluded.family_name,
			display_name = excluded.display_name, email = excluded.email, language = excluded.language,
			employee_number = excluded.employee_number, organization = excluded.organization,
			department = excluded.department, manager_id = excluded.manager_id, modified = excluded.modified,
			folded_user_name = excluded.folded_user_name, folded_email = excluded.folded_email,
			erased_at = NULL`,
		p.ID, p.ExternalID, p.UserName, p.Active, p.Role, p.GivenName, p.FamilyName, p.DisplayName,
		p.Email, p.Language, p.EmployeeNumber, p.Organization, p.Department, p.ManagerID, micros(p.Modified),
		store.Fold(p.UserName), store.Fold(p.Email))
	return err
}

// changedFields names the columns in which two records of one person differ. It
// gives names alone: events are kept for good and must not hold personal data.
func changedFields(a, b evidence.Person) (fields []string) {
	for _, f := range []struct {
		name  string
		equal bool
	}{
		{"external_id", a.ExternalID == b.ExternalID}, {"user_name", a.UserName == b.UserName},
		{"active", a.Active == b.Active}, {"role", a.Role == b.Role},
		{"given_name", a.GivenName == b.GivenName}, {"family_name", a.FamilyName == b.FamilyName},
		{"display_name", a.DisplayName == b.DisplayName}, {"email", a.Email == b.Email},
		{"language", a.Language == b.Language}, {"employee_number", a.EmployeeNumber == b.EmployeeNumber},
		{"organization", a.Organization == b.Organization}, {"department", a.Department == b.Department},
		{"manager_id", a.ManagerID == b.ManagerID}, {"modified", a.Modified.Equal(b.Modified)},
	} {
		if !f.equal {
			fields = append(fields, f.name)
		}
	}
	return fields
}
