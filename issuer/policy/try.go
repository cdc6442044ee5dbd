package policy

import (
	"fmt"
	"slices"
	"time"
)

// Try asks the policy about a case and returns what it answers, and every way in
// which that differs from what the case expects: none when the case passes.
func (p *Policy) Try(c Case) (Standing, []string) {
	got := p.Standing(c.Subject.Person, c.Subject.Training, c.Subject.Devices, c.At)
	var differences []string
	differ := func(what string, got, want any) {
		differences = append(differences, fmt.Sprintf("%s is %v, not %v", what, got, want))
	}
	reasons := make([]string, len(got.Reasons))
	for i, reason := range got.Reasons {
		reasons[i] = reason.String()
	}
	switch {
	case c.Expect.Eligible && !got.Eligible && c.Expect.Reasons == nil:
		differences = append(differences, fmt.Sprintf("eligible is false, not true, because of %v", reasons))
	case got.Eligible != c.Expect.Eligible:
		differ("eligible", got.Eligible, c.Expect.Eligible)
	}
	if c.Expect.Access != nil && !slices.Equal(got.Access, c.Expect.Access) {
		differ("access", got.Access, c.Expect.Access)
	}
	if c.Expect.Reasons != nil && !slices.Equal(reasons, c.Expect.Reasons) {
		differ("reasons", reasons, c.Expect.Reasons)
	}
	if want := c.Expect.ChangesAt; !want.IsZero() && !got.ChangesAt.Equal(want) {
		differ("changes_at", written(got.ChangesAt), written(want))
	}
	return got, differences
}

func written(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format(time.RFC3339Nano)
}
