package visit

import (
	"cmp"
	"slices"
	"time"
)

// Settle returns the stay that follows from all entries of one person at one site,
// nil if the person is not there. Their order does not matter, and neither does
// the order in which they became known. See the package's documentation for the
// rules. It sorts the entries.
func Settle(entries []Entry) *Stay {
	slices.SortFunc(entries, inOrder)
	var stay *Stay
	for _, e := range entries {
		switch {
		case e.Event == Admitted:
			stay = admit(stay, e)
		case e.Event == Left && e.ends(stay):
			stay = nil
		}
	}
	return stay
}

// inOrder is by the instant that counts, admissions first, then by ID so that
// there is one order only.
func inOrder(a, b Entry) int {
	return cmp.Or(
		a.CountsAt().Compare(b.CountsAt()),
		cmp.Compare(rank(a), rank(b)),
		cmp.Compare(a.ID, b.ID))
}

func rank(e Entry) int {
	if e.Event == Admitted {
		return 0
	}
	return 1
}

// CountsAt is the instant at which an entry counts: its own, but for a check-out
// by hand never before the admission that it names. It is also what the retention
// time is measured from, so that nothing outlives the check-out that ended it.
func (e Entry) CountsAt() time.Time {
	if e.VisitAt.After(e.At) {
		return e.VisitAt
	}
	return e.At
}

func admit(stay *Stay, e Entry) *Stay {
	next := Stay{Visit: e.ID, Since: e.At, GateName: e.GateName, Badge: *e.Badge}
	if stay != nil && e.At.Before(stay.Badge.Expires) {
		next.Visit, next.Since, next.GateName = stay.Visit, stay.Since, stay.GateName
	}
	return &next
}

// ends reports whether a check-out ends a stay.
func (e Entry) ends(stay *Stay) bool {
	if stay == nil || e.Visit == "" {
		return true
	}
	return !e.VisitAt.IsZero() && !e.VisitAt.Before(stay.Since)
}
