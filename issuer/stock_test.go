package issuer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// place issues the badge at a place of a stock.
func (p program) place(ctx context.Context, person string, place int) (issuer.Issued, error) {
	return p.Issue(ctx, issuer.IssueRequest{Person: person, HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test", Place: place})
}

// stocked is a program whose policy allows so many badges.
func stocked(t *testing.T, stock int, life time.Duration) program {
	t.Helper()
	return start(t, func(c *issuer.Config) {
		c.Policy.Stock, c.BadgeLife = stock, life
	})
}

// lasting is somebody whose standing does not change for as long as that.
func (p program) lasting(t *testing.T, span time.Duration) issuer.Standing {
	t.Helper()
	people := p.eligible(t)
	i := slices.IndexFunc(people, func(s issuer.Standing) bool { return s.ChangesAt.IsZero() || s.ChangesAt.Sub(p.Now()) > span })
	if i < 0 {
		t.Fatalf("nobody's standing lasts %s", span)
	}
	return people[i]
}

func TestStock_EachBadgeBeginsBeforeTheOneBeforeEnds(t *testing.T) {
	t.Parallel()
	const life = 12 * time.Hour
	p := stocked(t, 3, life)
	person := p.lasting(t, 3*life).Person.ID
	var end time.Time
	for place := range 3 {
		// Issued late within the steps that times are rounded to, and the next
		// early in the step after.
		p.Set(p.Now().Truncate(credential.TimeGranularity).Add(time.Duration(place) * (credential.TimeGranularity - time.Second)))
		issued, err := p.place(t.Context(), person, place)
		if err != nil {
			t.Fatal(err)
		}
		badge := opened(t, issued.Text)
		if got := badge.Expires.Sub(badge.NotBefore); got != life {
			t.Errorf("place %d is good for %s", place, got)
		}
		if place == 0 && !badge.NotBefore.Equal(badge.IssuedAt) {
			t.Errorf("the first begins at %s, issued at %s", badge.NotBefore, badge.IssuedAt)
		}
		if place > 0 && (badge.NotBefore.After(end) || end.Sub(badge.NotBefore) > issuer.StockOverlap) {
			t.Errorf("place %d begins at %s, the one before ends at %s", place, badge.NotBefore, end)
		}
		if place > 0 && badge.CheckTime(p.Now(), time.Minute, credential.MaxLifetime) == nil {
			t.Errorf("place %d is good already", place)
		}
		if err := badge.CheckTime(badge.NotBefore, 0, credential.MaxLifetime); err != nil {
			t.Errorf("place %d when it begins: %v", place, err)
		}
		end = badge.Expires
	}
}

func TestStock_HasNoMorePlacesThanThePolicy(t *testing.T) {
	t.Parallel()
	for _, stock := range []int{policy.MinStock, policy.DefaultStock, policy.MaxStock} {
		p := stocked(t, stock, time.Hour)
		person := p.lasting(t, policy.MaxStock*time.Hour).Person.ID
		if p.Stock() != stock {
			t.Errorf("the stock is %d", p.Stock())
		}
		if _, err := p.place(t.Context(), person, stock-1); err != nil {
			t.Errorf("the last of %d: %v", stock, err)
		}
		for _, beyond := range []int{stock, -1} {
			if _, err := p.place(t.Context(), person, beyond); !errors.Is(err, issuer.ErrBeyondStock) {
				t.Errorf("place %d of %d: %v", beyond, stock, err)
			}
		}
	}
}

func TestStock_EndsWithTheStanding(t *testing.T) {
	t.Parallel()
	const life = time.Hour
	p := stocked(t, 2, life)
	s := p.eligible(t)[slices.IndexFunc(p.eligible(t), func(s issuer.Standing) bool { return !s.ChangesAt.IsZero() })]
	for name, c := range map[string]struct {
		left   time.Duration // until the standing changes
		second bool
	}{
		"long before":               {10 * life, true},
		"within the second":         {life + life/2, true},
		"one step behind the first": {life + credential.TimeGranularity, true},
		"when the first ends":       {life, false},
		"while the first is good":   {life / 2, false},
	} {
		p.Set(s.ChangesAt.Truncate(credential.TimeGranularity).Add(-c.left))
		first, err := p.place(t.Context(), s.Person.ID, 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		second, err := p.place(t.Context(), s.Person.ID, 1)
		if c.second != (err == nil) || err != nil && !errors.Is(err, issuer.ErrEndsTooSoon) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if opened(t, first.Text).Expires.After(s.ChangesAt) || err == nil && opened(t, second.Text).Expires.After(s.ChangesAt) {
			t.Errorf("%s: a badge outlives the standing", name)
		}
	}
}

func TestStock_ReachesNoFurtherThanABadgeMay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		life time.Duration
		want time.Duration // how far the second reaches; 0 where there is none
	}{
		{credential.MaxLifetime, 0},
		{credential.MaxLifetime - credential.TimeGranularity, credential.MaxLifetime},
		{credential.MaxLifetime / 2, credential.MaxLifetime - issuer.StockOverlap},
	} {
		p := start(t, func(config *issuer.Config) {
			config.BadgeLife = c.life
			config.Policy.Devices.SeenWithin = policy.MaxSeenWithin
		})
		issued, err := p.place(t.Context(), p.lasting(t, credential.MaxLifetime).Person.ID, 1)
		if c.want == 0 {
			if !errors.Is(err, issuer.ErrEndsTooSoon) {
				t.Errorf("a life of %s: %v", c.life, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if badge := opened(t, issued.Text); badge.Expires.Sub(badge.IssuedAt) != c.want {
			t.Errorf("a life of %s reaches %s", c.life, badge.Expires.Sub(badge.IssuedAt))
		}
	}
}
