package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// readAtOnce are the numbers of people whose situations one query reads: few, so
// that each is prepared once.
var readAtOnce = [...]int{1, 16, 128}

// each judges people by their ids, in this order, and calls missing for those who
// are not known.
func (j *judging) each(ids []string, judge func(store.Situation) error, missing func(id string) error) error {
	for chunk := range slices.Chunk(ids, readAtOnce[len(readAtOnce)-1]) {
		found, err := j.situations(chunk)
		if err != nil {
			return err
		}
		for _, id := range chunk {
			s := found[id]
			if s == nil {
				err = missing(id)
			} else if err = j.departing(s); err == nil {
				err = judge(*s)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// situations reads the situations of at most as many people as are read at once.
func (j *judging) situations(ids []string) (map[string]*store.Situation, error) {
	list, keys := among(ids)
	people, err := queryAll(context.Background(), j, scanPerson, "SELECT "+personColumns+" FROM people WHERE erased_at IS NULL AND id IN "+list, keys...)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	found := make(map[string]*store.Situation, len(people))
	byExternal := make(map[string]*store.Situation, len(people))
	var externals []string
	for _, p := range people {
		s := &store.Situation{Now: j.at, Person: p}
		found[p.ID], byExternal[p.ExternalID] = s, s
		externals = append(externals, p.ExternalID)
	}
	if err := j.readTraining(byExternal, externals); err != nil {
		return nil, err
	}
	return found, j.readRest(found, list, keys)
}

func (j *judging) readTraining(byExternal map[string]*store.Situation, externals []string) error {
	list, keys := among(externals)
	training, err := queryAll(context.Background(), j, scanTraining, "SELECT "+trainingColumns+` FROM training
		WHERE person_external_id IN `+list+" ORDER BY at, source, source_id", keys...)
	for _, r := range training {
		s := byExternal[r.PersonExternalID]
		s.Training = append(s.Training, r)
	}
	return err
}

// readRest reads what names people by their ids.
func (j *judging) readRest(found map[string]*store.Situation, list string, keys []any) error {
	ctx := context.Background()
	devices, err := queryAll(ctx, j, scanDevice, "SELECT "+deviceColumns+` FROM devices
		WHERE person_id IN `+list+" ORDER BY source, source_id", keys...)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if s := found[d.PersonID]; s != nil {
			s.Devices = append(s.Devices, d)
		}
	}
	records, err := queryAll(ctx, j, scanRecord, "SELECT "+recordColumns+" FROM standings WHERE judged_at IS NOT NULL AND person_id IN "+list, keys...)
	if err != nil {
		return err
	}
	for _, r := range records {
		if s := found[r.PersonID]; s != nil {
			s.Record = r
		}
	}
	holds, err := queryAll(ctx, j, scanHold, "SELECT "+holdColumns+` FROM holds
		WHERE person_id IN `+list+" AND ended_at IS NULL AND until > ? ORDER BY at, id", append(keys, micros(j.at.Add(-holdsBack)))...)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if s := found[h.PersonID]; s != nil {
			s.Holds = append(s.Holds, h)
		}
	}
	badges, err := queryAll(ctx, j, scanBadge, "SELECT "+badgeColumns+` FROM badges
		WHERE person_id IN `+list+" AND expires_at > ? AND status <> 'invalid' ORDER BY expires_at DESC, id", append(keys, micros(j.at))...)
	for _, b := range badges {
		if s := found[b.PersonID]; s != nil {
			s.Badges = append(s.Badges, b)
		}
	}
	return err
}

// among is a list of placeholders for values, the last of which is repeated until
// the list has one of the usual lengths.
func among(values []string) (list string, keys []any) {
	length := readAtOnce[slices.IndexFunc(readAtOnce[:], func(n int) bool { return n >= len(values) })]
	for i := range length {
		keys = append(keys, values[min(i, len(values)-1)])
	}
	return "(?" + strings.Repeat(", ?", length-1) + ")", keys
}
