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
	if im.Once != (store.OneTime{}) {
		if err := spend(t, im.Once); err != nil {
			return result, err
		}
	}
	about := newTouched(t, im.Import)
	for _, step := range []func(*tx, incoming, *touched, *store.ImportResult) error{
		importPeople, importPortraits, importTraining, importDevices, withdrawAll,
	} {
		if err := step(t, im, about, &result); err != nil {
			return result, err
		}
	}
	if !result.Changed() {
		return result, nil
	}
	if err := about.judge(&result); err != nil {
		return result, err
	}
	return result, t.record(im.At, im.By, store.EvidenceImported, "", struct {
		store.ImportResult
		Confirmed bool `json:"confirmed,omitempty"`
	}{result, im.Confirmed})
}

func importPortraits(t *tx, im incoming, touched *touched, result *store.ImportResult) error {
	for _, p := range im.Portraits {
		if touched.left[p.PersonID] {
			continue
		}
		p.By, p.At = im.By, im.At
		if err := setPortrait(t, p, &result.Portraits); err != nil {
			return fmt.Errorf("portrait of person %.64q: %w", p.PersonID, err)
		}
	}
	return nil
}

func importTraining(t *tx, im incoming, touched *touched, result *store.ImportResult) error {
	gone := newErasedPeople(t, im.Mark)
	for _, r := range im.training {
		erased, err := gone.has("external_id", r.record.PersonExternalID)
		if err != nil {
			return err
		}
		if erased {
			result.Training.Erased++
			removed, err := withdraw(t, touched, "training", []evidence.Origin{r.record.Origin})
			if err != nil {
				return err
			}
			result.Training.Removed += removed
			continue
		}
		before, err := touched.trainingOwner(r.record.Origin)
		if err != nil {
			return err
		}
		changed, err := count(&result.Training, upsertTraining(t, r, im.At))
		if err != nil {
			return err
		}
		if changed {
			touched.training(before, r.record.PersonExternalID)
		}
	}
	return nil
}

func importDevices(t *tx, im incoming, touched *touched, result *store.ImportResult) error {
	gone := newErasedPeople(t, im.Mark)
	for _, d := range im.devices {
		erased, err := gone.has("id", d.record.PersonID)
		if err != nil {
			return err
		}
		before, err := touched.deviceOwner(d.record.Origin)
		if err != nil {
			return err
		}
		if erased {
			result.Devices.Erased++
			detached, err := detachDevices(t, "source = ? AND source_id = ? AND person_id <> ''", d.record.Origin.Source, d.record.Origin.ID)
			if err != nil {
				return err
			}
			if detached > 0 {
				result.Devices.Changed++
				touched.people(before)
			}
			continue
		}
		changed, err := count(&result.Devices, upsertDevice(t, d, im.At))
		if err != nil {
			return err
		}
		if changed {
			touched.people(before, d.record.PersonID)
		}
	}
	return nil
}

// withdrawAll removes what its source takes back.
func withdrawAll(t *tx, im incoming, touched *touched, result *store.ImportResult) error {
	removed, err := withdraw(t, touched, "training", im.WithdrawnTraining)
	if err != nil {
		return err
	}
	result.Training.Removed += removed
	if err := keepOut(t, im.WithdrawnTraining, im.At); err != nil {
		return err
	}
	removed, err = withdraw(t, touched, "devices", im.WithdrawnDevices)
	result.Devices.Removed += removed
	return err
}

// withdraw removes records of one table and counts those that were there.
func withdraw(t *tx, touched *touched, table string, origins []evidence.Origin) (removed int, err error) {
	for _, o := range origins {
		if err := touched.owner(table, o); err != nil {
			return removed, err
		}
		n, err := deleted(t, "DELETE FROM "+table+" WHERE source = ? AND source_id = ?", o.Source, o.ID)
		if err != nil {
			return removed, err
		}
		removed += n
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
