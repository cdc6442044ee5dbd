package issuer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// MaxForecast is how many days ahead a forecast looks at most.
const MaxForecast = 366

// Foreseen is what somebody will lose if nothing comes.
type Foreseen struct {
	Person evidence.Person
	policy.Lapse
	HeldUntil time.Time // the end of the last hold that lasts at the lapse; zero for none
}

// Forecast says who will lose what within so many days, 1 to [MaxForecast], when
// and why, by the policy in force now; in the order of the instants, then of
// external ids. What renews itself within that time, such as a laptop's reports, is
// left out as long as more than half of its validity is ahead.
func (p *Program) Forecast(ctx context.Context, days int) ([]Foreseen, error) {
	if days < 1 || days > MaxForecast {
		return nil, fmt.Errorf("issuer: %w: a forecast of %d days, ask for 1 to %d", store.ErrInvalid, days, MaxForecast)
	}
	now := p.config.Now()
	horizon := time.Duration(days) * 24 * time.Hour
	rules := p.PolicyAt(now)
	holds, err := p.heldUntil(ctx, now)
	if err != nil {
		return nil, err
	}
	var list []Foreseen
	err = p.config.Store.AllEvidence(ctx, func(person evidence.Person, training []evidence.Training, devices []evidence.Device) error {
		for _, lapse := range rules.Lapses(person, training, devices, now) {
			ahead := lapse.At.Sub(now)
			if ahead > horizon {
				break
			}
			if lapse.Validity <= horizon && ahead > lapse.Validity/2 {
				continue
			}
			f := Foreseen{Person: person, Lapse: lapse}
			if until := holds[person.ID]; until.After(lapse.At) {
				f.HeldUntil = until
			}
			list = append(list, f)
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b Foreseen) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Person.ExternalID, b.Person.ExternalID))
	})
	return list, err
}

// heldUntil returns the end of the last hold of everybody who has one.
func (p *Program) heldUntil(ctx context.Context, at time.Time) (map[string]time.Time, error) {
	holds, err := p.config.Store.Holds(ctx, at)
	if err != nil {
		return nil, err
	}
	until := make(map[string]time.Time, len(holds))
	for _, h := range holds {
		if h.Until.After(until[h.PersonID]) {
			until[h.PersonID] = h.Until
		}
	}
	return until, nil
}
