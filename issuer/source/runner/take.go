package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// tally is what came of a look.
type tally struct {
	result   store.ImportResult
	refused  int
	problems []source.Problem
	withheld int
}

// LossError is a source that says that too many of its devices are gone.
type LossError struct {
	Gone, Known int
}

// Error says what to do.
func (e *LossError) Error() string {
	return fmt.Sprintf("the source says that %d of %d devices are gone, which is more than is believed: they were kept; "+
		"mend the source, or accept the loss if it is right", e.Gone, e.Known)
}

// round asks until there is no more. The cursor moves after what it stands for was
// taken in.
func (s *running) round(ctx context.Context) (done tally, err error) {
	cursor, err := s.cfg.Cursors.Get(ctx, s.Name)
	if err != nil {
		return done, fmt.Errorf("the cursor could not be read: %w", err)
	}
	for range MaxCalls {
		changes, err := s.Feed.Changes(ctx, cursor)
		if err != nil {
			return done, err
		}
		if len(changes.Next) > source.MaxCursor {
			return done, fmt.Errorf("the cursor is longer than %d bytes", source.MaxCursor)
		}
		if err := s.take(ctx, changes, &done); err != nil {
			return done, err
		}
		if changes.Full && len(s.missing) > 0 {
			return done, nil // the next listing, not what has changed since this one, says whether they are gone
		}
		if changes.Next != cursor {
			if err := s.cfg.Cursors.Set(ctx, s.Name, changes.Next); err != nil {
				return done, fmt.Errorf("the cursor could not be kept: %w", err)
			}
		} else if changes.More {
			return done, errors.New("the source has more, but does not get on")
		}
		if !changes.More {
			break
		}
		cursor = changes.Next
	}
	return done, nil
}

// take has what a source brought taken in. After a loss that is not believed the
// rest has been taken in.
func (s *running) take(ctx context.Context, changes source.Changes, done *tally) error {
	if err := s.checkNames(changes); err != nil {
		return err
	}
	done.add(changes.Training.Problems)
	done.add(changes.Devices.Problems)
	gone, loss, err := s.gone(ctx, changes)
	if err != nil {
		return err
	}
	training, hashes := changes.Training.Records, changes.Training.Hashes
	for len(training) > chunk {
		first := min(chunk, len(hashes)) // there may be none
		if err := s.apply(ctx, store.Import{Training: training[:chunk], TrainingHashes: hashes[:first]}, done); err != nil {
			return err
		}
		training, hashes = training[chunk:], hashes[first:]
	}
	im := store.Import{
		Training: training, TrainingHashes: hashes, WithdrawnTraining: changes.Training.Removed,
		Devices: changes.Devices.Records, DeviceHashes: changes.Devices.Hashes, WithdrawnDevices: gone,
	}
	if err := s.apply(ctx, im, done); err != nil {
		return err
	}
	if loss != nil {
		done.withheld = loss.Gone
		return loss
	}
	s.settle()
	return nil
}

// checkNames holds the feed to the name it goes by: its devices would otherwise be
// compared with those of another source.
func (s *running) checkNames(changes source.Changes) error {
	check := func(o evidence.Origin) error {
		if o.Source != s.Name {
			return fmt.Errorf("its records have the source %.60q, but it is named %.60q", o.Source, s.Name)
		}
		return nil
	}
	var problems []error
	for _, r := range changes.Training.Records {
		problems = append(problems, check(r.Origin))
	}
	for _, d := range changes.Devices.Records {
		problems = append(problems, check(d.Origin))
	}
	for _, o := range changes.Devices.Removed {
		problems = append(problems, check(o))
	}
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *running) apply(ctx context.Context, im store.Import, done *tally) error {
	if len(im.Training)+len(im.WithdrawnTraining)+len(im.Devices)+len(im.WithdrawnDevices) == 0 {
		return nil
	}
	im.At, im.By, im.Confirmed = s.cfg.Now(), "source:"+s.Name, s.accepted()
	result, err := s.cfg.Receiver.Receive(ctx, im)
	if err != nil {
		return fmt.Errorf("what the source brought could not be taken in: %w", err)
	}
	addCounts(&done.result.Training, result.Training)
	addCounts(&done.result.Devices, result.Devices)
	return nil
}

func addCounts(to *store.ImportCount, more store.ImportCount) {
	to.Added += more.Added
	to.Changed += more.Changed
	to.Unchanged += more.Unchanged
	to.Removed += more.Removed
	to.Erased += more.Erased
}

func (t *tally) add(problems []source.Problem) {
	for _, p := range problems {
		if p.Refused {
			t.refused++
		}
		if len(t.problems) < MaxProblems {
			t.problems = append(t.problems, p)
		}
	}
}

// gone returns the devices to remove, or none and the loss that is not believed.
func (s *running) gone(ctx context.Context, changes source.Changes) ([]evidence.Origin, *LossError, error) {
	if !changes.Full && len(changes.Devices.Removed) == 0 {
		return nil, nil, nil
	}
	known, err := s.known(ctx)
	if err != nil {
		return nil, nil, err
	}
	missing, named := map[string]bool{}, map[string]bool{}
	if changes.Full {
		missing = lacking(known, changes.Devices)
	}
	for _, o := range changes.Devices.Removed {
		if known[o.ID] && !missing[o.ID] {
			named[o.ID] = true
		}
	}
	accepted := s.accepted()
	if loss := len(missing) + len(named); !accepted && excessive(loss, len(known)) {
		return nil, &LossError{loss, len(known)}, nil
	}
	for id := range missing {
		if accepted || s.missing[id] {
			named[id] = true
			delete(missing, id)
		}
	}
	if changes.Full {
		s.missing = missing
	}
	var gone []evidence.Origin
	for _, id := range slices.Sorted(maps.Keys(named)) {
		gone = append(gone, evidence.Origin{Source: s.Name, ID: id})
	}
	return gone, nil, nil
}

// lacking returns the known devices that a listing lacks. One whose record was
// refused is there all the same.
func lacking(known map[string]bool, listing source.Result[evidence.Device]) map[string]bool {
	there := map[string]bool{}
	for _, d := range listing.Records {
		there[d.Origin.ID] = true
	}
	for _, p := range listing.Problems {
		there[p.ID] = true
	}
	missing := map[string]bool{}
	for id := range known {
		if !there[id] {
			missing[id] = true
		}
	}
	return missing
}

func excessive(loss, known int) bool {
	if loss == 0 {
		return false
	}
	return loss == known || loss > FreeLoss && float64(loss) > MaxLoss*float64(known)
}

func (s *running) known(ctx context.Context) (map[string]bool, error) {
	ids, err := s.cfg.Inventory.DeviceIDs(ctx, s.Name)
	if err != nil {
		return nil, fmt.Errorf("the devices that are known could not be read: %w", err)
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return known, nil
}

func (s *running) accepted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Now().Before(s.wants.acceptUntil)
}

// settle ends an acceptance: it was for one answer.
func (s *running) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wants.acceptUntil = s.cfg.Now()
}
