package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// ApplyImport implements [store.EvidenceWriter].
func (s *Store) ApplyImport(ctx context.Context, im store.Import) (store.ImportResult, error) {
	if err := im.Validate(); err != nil {
		return store.ImportResult{}, err
	}
	im.People = lastOfEach(im.People, func(p evidence.Person) string { return p.ID })
	im.Training = lastOfEach(im.Training, func(r evidence.Training) evidence.Origin { return r.Origin })
	im.Devices = lastOfEach(im.Devices, func(d evidence.Device) evidence.Origin { return d.Origin })
	im.Portraits = lastOfEach(im.Portraits, func(p store.PersonPortrait) string { return p.PersonID })
	result, err := change(ctx, s.writer, func(t *tx) (store.ImportResult, error) { return applyImport(t, im) })
	return described(result, err, "import")
}

func applyImport(t *tx, im store.Import) (result store.ImportResult, err error) {
	if im.At.IsZero() {
		im.At = t.now
	}
	if result.People, err = importPeople(t, im); err != nil {
		return result, err
	}
	for _, p := range im.Portraits {
		p.By, p.At = im.By, im.At
		if err := setPortrait(t, p, &result.Portraits); err != nil {
			return result, fmt.Errorf("portrait of person %.64q: %w", p.PersonID, err)
		}
	}
	for _, r := range im.Training {
		if err := count(&result.Training, upsertTraining(t, r)); err != nil {
			return result, err
		}
	}
	for _, d := range im.Devices {
		if err := count(&result.Devices, upsertDevice(t, d)); err != nil {
			return result, err
		}
	}
	if result.Training.Removed, err = withdraw(t, "training", im.WithdrawnTraining); err != nil {
		return result, err
	}
	if result.Devices.Removed, err = withdraw(t, "devices", im.WithdrawnDevices); err != nil {
		return result, err
	}
	if !result.Changed() {
		return result, nil
	}
	return result, t.record(im.At, im.By, store.EvidenceImported, "", result)
}

// withdraw removes records of one table and counts those that were there.
func withdraw(t *tx, table string, origins []evidence.Origin) (removed int, err error) {
	for _, o := range origins {
		result, err := t.Exec("DELETE FROM "+table+" WHERE source = ? AND source_id = ?", o.Source, o.ID)
		if err != nil {
			return removed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return removed, err
		}
		removed += int(n)
	}
	return removed, nil
}

// lastOfEach returns a copy in which of several records with one key only the
// last is left: taken one after another, they would change each other at every
// repetition of the import.
func lastOfEach[T any, K comparable](records []T, key func(T) K) []T {
	seen := make(map[K]bool, len(records))
	var last []T
	for _, record := range slices.Backward(records) {
		if k := key(record); !seen[k] {
			seen[k] = true
			last = append(last, record)
		}
	}
	slices.Reverse(last)
	return last
}

// count adds the outcome of an upsert, the new revision in row: 1 if the record
// is new, higher if it was changed, none if it was the same.
func count(c *store.ImportCount, row *sql.Row) error {
	var revision int64
	err := row.Scan(&revision)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.Unchanged++
		return nil
	case err != nil:
		return err
	case revision == 1:
		c.Added++
	default:
		c.Changed++
	}
	return nil
}

// IS DISTINCT FROM compares NULL, the zero time, like any value; the other columns
// are never NULL.

func upsertTraining(t *tx, r evidence.Training) *sql.Row {
	return t.QueryRow(`INSERT INTO training (`+trainingColumns+`, revision) VALUES (?, ?, ?, ?, ?, ?, ?, 1)
		ON CONFLICT (source, source_id) DO UPDATE SET
			person_external_id = excluded.person_external_id, course = excluded.course,
			outcome = excluded.outcome, at = excluded.at, received = excluded.received,
			revision = training.revision + 1
		WHERE training.person_external_id <> excluded.person_external_id OR training.course <> excluded.course
			OR training.outcome <> excluded.outcome OR training.at <> excluded.at
			OR training.received IS DISTINCT FROM excluded.received
		RETURNING revision`,
		r.Origin.Source, r.Origin.ID, r.PersonExternalID, r.Course, r.Outcome, micros(r.At), micros(r.Received))
}

func upsertDevice(t *tx, d evidence.Device) *sql.Row {
	return t.QueryRow(`INSERT INTO devices (`+deviceColumns+`, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
		ON CONFLICT (source, source_id) DO UPDATE SET
			person_id = excluded.person_id, name = excluded.name, os = excluded.os, os_version = excluded.os_version,
			compliance = excluded.compliance, encrypted = excluded.encrypted, last_seen = excluded.last_seen,
			serial = excluded.serial, revision = devices.revision + 1
		WHERE devices.person_id <> excluded.person_id OR devices.name <> excluded.name
			OR devices.os <> excluded.os OR devices.os_version <> excluded.os_version
			OR devices.compliance <> excluded.compliance OR devices.encrypted <> excluded.encrypted
			OR devices.last_seen IS DISTINCT FROM excluded.last_seen OR devices.serial <> excluded.serial
		RETURNING revision`,
		d.Origin.Source, d.Origin.ID, d.PersonID, d.Name, d.OS, d.OSVersion,
		d.Compliance, d.Encrypted, micros(d.LastSeen), d.Serial)
}

// personChange is a person as the import has them, beside what was known.
type personChange struct {
	person evidence.Person
	known  bool
	fields []string // that differ, if known
}

func importPeople(t *tx, im store.Import) (c store.ImportCount, err error) {
	var changes []personChange
	for _, p := range im.People {
		change, err := comparePerson(t, p)
		if err != nil {
			return c, err
		}
		switch {
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
		return c, err
	}
	for _, change := range changes {
		if err := writePerson(t, im, change); err != nil {
			return c, err
		}
	}
	return c, nil
}

func comparePerson(t *tx, p evidence.Person) (personChange, error) {
	p.Modified = kept(p.Modified)
	before, err := person(context.Background(), t, "id", p.ID)
	if errors.Is(err, store.ErrNotFound) {
		return personChange{person: p}, nil
	}
	return personChange{person: p, known: true, fields: changedFields(before, p)}, err
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
	kind := store.PersonAdded
	if change.known {
		kind = store.PersonChanged
	}
	return t.record(im.At, im.By, kind, p.ID, struct {
		Active  bool     `json:"active"`
		Changed []string `json:"changed,omitempty"`
	}{p.Active, change.fields})
}

func upsertPerson(t *tx, p evidence.Person) error {
	_, err := t.Exec(`INSERT INTO people (`+personColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET
			external_id = excluded.external_id, user_name = excluded.user_name, active = excluded.active,
			role = excluded.role, given_name = excluded.given_name, family_name = excluded.family_name,
			display_name = excluded.display_name, email = excluded.email, language = excluded.language,
			employee_number = excluded.employee_number, organization = excluded.organization,
			department = excluded.department, manager_id = excluded.manager_id, modified = excluded.modified`,
		p.ID, p.ExternalID, p.UserName, p.Active, p.Role, p.GivenName, p.FamilyName, p.DisplayName,
		p.Email, p.Language, p.EmployeeNumber, p.Organization, p.Department, p.ManagerID, micros(p.Modified))
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
