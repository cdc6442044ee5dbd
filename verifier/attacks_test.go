package verifier_test

import (
	"testing"

	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// TestAttacks also counts fetches: a badge that failed before its status is
// looked at must not make the verifier ask anybody for anything.
func TestAttacks(t *testing.T) {
	t.Parallel()
	verifiertest.Run(t, func(t *testing.T, c verifiertest.Case) verifier.Decision {
		lists := c.Serve()
		d := c.Decide(t, lists)
		if c.Before == "" && resultOf(d, verifier.CheckStatus) == verifier.NotMade && lists.Fetches() > 0 {
			t.Errorf("%d fetches", lists.Fetches())
		}
		return d
	})
}

func resultOf(d verifier.Decision, name string) verifier.Result {
	for _, check := range d.Checks {
		if check.Name == name {
			return check.Result
		}
	}
	return ""
}
