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
	in := incoming{
		Import:   im,
		training: arrivals(im.Training, im.TrainingHashes, func(r evidence.Training) evidence.Origin { return r.Origin }),
		devices:  arrivals(im.Devices, im.DeviceHashes, func(d evidence.Device) evidence.Origin { return d.Origin }),
	}
	in.Portraits = lastOfEach(im.Portraits, func(p store.PersonPortrait) string { return p.PersonID })
	var tried store.ImportResult
	result, err := change(ctx, s.writer, func(t *tx) (_ store.ImportResult, err error) {
		if tried, err = applyImport(t, in); err == nil && im.DryRun {
			err = errDryRun
		}
		return tried, err
	})
	if errors.Is(err, errDryRun) {
		return tried, nil
	}
	return described(result, err, "import")
}

// errDryRun takes back what an import did.
var errDryRun = errors.New("dry run")

func applyImport(t *tx, im incoming) (result store.ImportResult, err error) {
	if im.At.IsZero() {
		im.At = t.now
	}
	touched := newTouched(t, im.Import)
	if result.People, err = importPeople(t, im.Import, touched); err != nil {
		return result, err
	}
	for _, p := range im.Portraits {
		p.By, p.At = im.By, im.At
		if err := setPortrait(t, p, &result.Portraits); err != nil {
			return result, fmt.Errorf("portrait of person %.64q: %w", p.PersonID, err)
		}
	}
	for _, r := range im.training {
		before, err := touched.trainingOwner(r.record.Origin)
		if err != nil {
			return result, err
		}
		changed, err := count(&result.Training, upsertTraining(t, r, im.At))
		if err != nil {
			return result, err
		}
		if changed {
			touched.training(before, r.record.PersonExternalID)
		}
	}
	for _, d := range im.devices {
		before, err := touched.deviceOwner(d.record.Origin)
		if err != nil {
			return result, err
		}
		changed, err := count(&result.Devices, upsertDevice(t, d, im.At))
		if err != nil {
			return result, err
		}
		if changed {
			touched.people(before, d.record.PersonID)
		}
	}
	if result.Training.Removed, err = withdraw(t, touched, "training", im.WithdrawnTraining); err != nil {
		return result, err
	}
	if err := keepOut(t, im.WithdrawnTraining, im.At); err != nil {
		return result, err
	}
	if result.Devices.Removed, err = withdraw(t, touched, "devices", im.WithdrawnDevices); err != nil {
		return result, err
	}
	if !result.Changed() {
		return result, nil
	}
	if err := touched.judge(&result); err != nil {
		return result, err
	}
	return result, t.record(im.At, im.By, store.EvidenceImported, "", struct {
		store.ImportResult
		Confirmed bool `json:"confirmed,omitempty"`
	}{result, im.Confirmed})
}

// withdraw removes records of one table and counts those that were there.
func withdraw(t *tx, touched *touched, table string, origins []evidence.Origin) (removed int, err error) {
	for _, o := range origins {
		if err := touched.owner(table, o); err != nil {
			return removed, err
		}
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
// is new, higher if it was changed, none if it was the same. It reports whether
// anything changed.
func count(c *store.ImportCount, row *sql.Row) (bool, error) {
	var revision int64
	err := row.Scan(&revision)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.Unchanged++
		return false, nil
	case err != nil:
		return false, err
	case revision == 1:
		c.Added++
	default:
		c.Changed++
	}
	return true, nil
}
