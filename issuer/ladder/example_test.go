package ladder_test

import (
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func ExampleStep() {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	expires := now.AddDate(0, 0, 10)
	state, actions, next := ladder.Step(ladder.Input{
		Now:      now,
		Active:   true,
		Standing: policy.Standing{Eligible: true, Access: []policy.Access{policy.Onsite}, ChangesAt: expires},
		Lapses: []policy.Lapse{{
			At:       expires,
			Reasons:  []policy.Reason{{Kind: policy.TrainingExpired, Subject: "CB-101", At: expires}},
			Loses:    []policy.Access{policy.Onsite},
			Validity: policy.Default().Courses[0].ValidFor,
			Ends:     true,
		}},
		State: ladder.State{Phase: ladder.Good},
		Times: policy.Default().Ladder,
	})
	for _, a := range actions {
		fmt.Println(a.Kind, a.Threshold, "ahead:", a.Reasons)
	}
	fmt.Println(state.Phase, "until", state.LapseAt.Format(time.DateOnly), "and next on", next.Format(time.DateOnly))
	// Output:
	// remind 336h0m0s ahead: [training-expired:CB-101]
	// good until 2026-12-03 and next on 2026-11-26
}
