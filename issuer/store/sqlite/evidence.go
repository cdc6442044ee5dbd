package sqlite

import (
	"context"
	"database/sql"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const (
	personColumns = `id, external_id, user_name, active, role, given_name, family_name, display_name,
		email, language, employee_number, organization, department, manager_id, modified`
	trainingColumns = "source, source_id, person_external_id, course, outcome, at, received"
	deviceColumns   = "source, source_id, person_id, name, os, os_version, compliance, encrypted, last_seen, serial"
)

// evidencePage is the number of people whose evidence AllEvidence reads at once.
const evidencePage = 500

func scanPerson(s scanner) (p evidence.Person, err error) {
	err = s.Scan(&p.ID, &p.ExternalID, &p.UserName, &p.Active, &p.Role, &p.GivenName, &p.FamilyName, &p.DisplayName,
		&p.Email, &p.Language, &p.EmployeeNumber, &p.Organization, &p.Department, &p.ManagerID, instant{&p.Modified})
	return p, err
}

func scanTraining(s scanner) (r evidence.Training, err error) {
	err = s.Scan(&r.Origin.Source, &r.Origin.ID, &r.PersonExternalID, &r.Course, &r.Outcome,
		instant{&r.At}, instant{&r.Received})
	return r, err
}

func scanDevice(s scanner) (d evidence.Device, err error) {
	err = s.Scan(&d.Origin.Source, &d.Origin.ID, &d.PersonID, &d.Name, &d.OS, &d.OSVersion,
		&d.Compliance, &d.Encrypted, instant{&d.LastSeen}, &d.Serial)
	return d, err
}

// Person implements [store.EvidenceReader].
func (r *Reader) Person(ctx context.Context, id string) (evidence.Person, error) {
	p, err := person(ctx, r.reads, "id", id)
	return described(p, err, "person %.64q", id)
}

// PersonByExternalID implements [store.EvidenceReader].
func (r *Reader) PersonByExternalID(ctx context.Context, externalID string) (evidence.Person, error) {
	p, err := person(ctx, r.reads, "external_id", externalID)
	return described(p, err, "person with external id %.64q", externalID)
}

// person reads one person by a column that is unique.
func person(ctx context.Context, q querier, column, value string) (evidence.Person, error) {
	return queryOne(ctx, q, scanPerson, "SELECT "+personColumns+" FROM people WHERE erased_at IS NULL AND "+column+" = ?", value)
}

// People implements [store.EvidenceReader].
func (r *Reader) People(ctx context.Context, after string, limit int) ([]evidence.Person, error) {
	if err := store.CheckPage(limit); err != nil {
		return nil, err
	}
	page, err := people(ctx, r.reads, after, limit)
	return described(page, err, "people")
}

func people(ctx context.Context, q querier, after string, limit int) ([]evidence.Person, error) {
	return queryAll(ctx, q, scanPerson,
		"SELECT "+personColumns+" FROM people WHERE external_id > ? ORDER BY external_id LIMIT ?", after, limit)
}

// EvidenceOf implements [store.EvidenceReader].
func (r *Reader) EvidenceOf(ctx context.Context, personID string) ([]evidence.Training, []evidence.Device, error) {
	var found pageOfEvidence
	err := r.snapshot(ctx, func(tx *sql.Tx) error {
		p, err := person(ctx, tx, "id", personID)
		if err != nil {
			return err
		}
		found, err = evidenceBetween(ctx, tx, p.ExternalID, p.ExternalID)
		return err
	})
	found, err = described(found, err, "evidence of person %.64q", personID)
	return found.training, found.devices, err
}

// Device implements [store.EvidenceReader].
func (r *Reader) Device(ctx context.Context, o evidence.Origin) (evidence.Device, error) {
	d, err := queryOne(ctx, r.reads, scanDevice, "SELECT "+deviceColumns+` FROM devices
		WHERE source_id = ? AND (? = '' OR source = ?) ORDER BY source LIMIT 1`, o.ID, o.Source, o.Source)
	return described(d, err, "device %.64q of %.64q", o.ID, o.Source)
}

// AllEvidence implements [store.EvidenceReader]. It takes three queries for each
// [evidencePage] people.
func (r *Reader) AllEvidence(ctx context.Context, visit func(evidence.Person, []evidence.Training, []evidence.Device) error) error {
	var stopped error
	err := r.snapshot(ctx, func(tx *sql.Tx) error {
		for after := ""; ; {
			page, err := people(ctx, tx, after, evidencePage)
			if err != nil || len(page) == 0 {
				return err
			}
			last := page[len(page)-1].ExternalID
			found, err := evidenceBetween(ctx, tx, page[0].ExternalID, last)
			if err != nil {
				return err
			}
			if stopped = found.visit(page, visit); stopped != nil {
				return nil
			}
			after = last
		}
	})
	if stopped != nil {
		return stopped
	}
	_, err = described(0, err, "all evidence")
	return err
}

// pageOfEvidence is what is known about people whose external ids follow one
// another, in their order.
type pageOfEvidence struct {
	training []evidence.Training
	devices  []evidence.Device
}

func evidenceBetween(ctx context.Context, q querier, first, last string) (found pageOfEvidence, err error) {
	found.training, err = queryAll(ctx, q, scanTraining, "SELECT "+trainingColumns+` FROM training
		WHERE person_external_id BETWEEN ? AND ? ORDER BY person_external_id, at, source, source_id`, first, last)
	if err != nil {
		return found, err
	}
	found.devices, err = queryAll(ctx, q, scanDevice, `SELECT d.source, d.source_id, d.person_id, d.name, d.os,
			d.os_version, d.compliance, d.encrypted, d.last_seen, d.serial
		FROM people p JOIN devices d ON d.person_id = p.id
		WHERE p.external_id BETWEEN ? AND ? ORDER BY p.external_id, d.source, d.source_id`, first, last)
	return found, err
}

// visit deals the evidence out to its people, both in order of external id.
func (e pageOfEvidence) visit(page []evidence.Person, visit func(evidence.Person, []evidence.Training, []evidence.Device) error) error {
	restTraining, restDevices := e.training, e.devices
	for _, p := range page {
		// What sorts below p belongs to nobody that is known.
		_, restTraining = split(restTraining, func(r evidence.Training) bool { return r.PersonExternalID < p.ExternalID })
		training, behind := split(restTraining, func(r evidence.Training) bool { return r.PersonExternalID == p.ExternalID })
		devices, others := split(restDevices, func(d evidence.Device) bool { return d.PersonID == p.ID })
		restTraining, restDevices = behind, others
		if err := visit(p, training, devices); err != nil {
			return err
		}
	}
	return nil
}

// split cuts a slice behind the elements that belong together at its beginning;
// head is nil if there are none, as in the answer for one person.
func split[T any](all []T, belongs func(T) bool) (head, rest []T) {
	n := 0
	for n < len(all) && belongs(all[n]) {
		n++
	}
	if n == 0 {
		return nil, all
	}
	return all[:n:n], all[n:]
}
