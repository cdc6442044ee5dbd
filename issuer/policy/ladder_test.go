package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func TestLadder_OfAPolicyThatDoesNotSay(t *testing.T) {
	t.Parallel()
	whole := policy.DefaultYAML()
	section := whole[strings.Index(whole, "ladder:\n"):strings.Index(whole, "# What phones may hold.")]
	month := []time.Duration{30 * day, 14 * day, 7 * day, day}
	for text, want := range map[string]policy.Ladder{
		"":                                    {Remind: month, Grace: 7 * day},
		"ladder: {}\n":                        {Remind: month, Grace: 7 * day},
		"ladder: {grace: 0d}\n":               {Remind: month},
		"ladder: {remind: []}\n":              {Grace: 7 * day},
		"ladder: {remind: [3d, 36h]}\n":       {Remind: []time.Duration{3 * day, 36 * time.Hour}, Grace: 7 * day},
		"ladder: {remind: [1h], grace: 1d}\n": {Remind: []time.Duration{time.Hour}, Grace: day},
	} {
		p, err := policy.Parse([]byte(strings.Replace(whole, section, text, 1)))
		if err != nil || !slices.Equal(p.Ladder.Remind, want.Remind) || p.Ladder.Grace != want.Grace {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
}
