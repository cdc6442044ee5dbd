package sqlite

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// touched are the people whom an import is about, in a transaction.
type touched struct {
	t         *tx
	im        store.Import
	ids       map[string]bool
	externals map[string]bool // external ids, by which training names people
	left      map[string]bool // ids of erased people whom the import has as inactive
}

func newTouched(t *tx, im store.Import) *touched {
	return &touched{t: t, im: im, ids: make(map[string]bool), externals: make(map[string]bool), left: make(map[string]bool)}
}

func (d *touched) people(ids ...string) {
	for _, id := range ids {
		d.ids[id] = true
	}
}

func (d *touched) training(externalIDs ...string) {
	for _, id := range externalIDs {
		d.externals[id] = true
	}
}

// trainingOwner returns whose a training record is, before it changes; empty for
// one that is not there, and where nobody will be judged.
func (d *touched) trainingOwner(o evidence.Origin) (string, error) {
	return d.find("SELECT person_external_id FROM training WHERE source = ? AND source_id = ?", o)
}

// deviceOwner does the same for a device.
func (d *touched) deviceOwner(o evidence.Origin) (string, error) {
	return d.find("SELECT person_id FROM devices WHERE source = ? AND source_id = ?", o)
}

// owner notes whose record is going to be withdrawn.
func (d *touched) owner(table string, o evidence.Origin) error {
	if table == "devices" {
		owner, err := d.deviceOwner(o)
		d.people(owner)
		return err
	}
	owner, err := d.trainingOwner(o)
	d.training(owner)
	return err
}

func (d *touched) find(query string, o evidence.Origin) (string, error) {
	if d.im.Judge == nil {
		return "", nil
	}
	owner, err := queryOne(context.Background(), d.t, scanText, query, o.Source, o.ID)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return owner, err
}

// judge judges everybody who was touched and is known, in order of id, unless that
// would be a mass change.
func (d *touched) judge(result *store.ImportResult) error {
	if d.im.Judge == nil {
		return nil
	}
	for external := range d.externals {
		id, err := queryOne(context.Background(), d.t, scanText, "SELECT id FROM people WHERE external_id = ?", external)
		if err == nil {
			d.ids[id] = true
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	j := newJudging(d.t, d.im.Judge, d.im.At, d.im.By)
	j.confirmed = d.im.Confirmed
	// A device may be nobody's, or somebody's who is not known.
	unknown := func(string) error { return nil }
	if err := j.each(slices.Sorted(maps.Keys(d.ids)), j.decide, unknown); err != nil {
		return err
	}
	result.Judged, result.Losing, result.Messages = j.done.judged, j.done.lost, j.done.messages
	return d.guard(j.done)
}

// guard refuses a mass change that nobody confirmed.
func (d *touched) guard(done outcome) error {
	// Counting takes a while, and is nearly never needed.
	if d.im.Confirmed || done.lost <= d.im.MassLimit.Of(0) {
		return nil
	}
	good, err := inGoodStanding(d.t)
	if err != nil {
		return err
	}
	good += done.lost - done.gained
	if limit := d.im.MassLimit.Of(good); done.lost > limit {
		return &store.MassChangeError{Losing: done.lost, Good: good, Limit: limit}
	}
	return nil
}
