package policy_test

import (
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func ExamplePolicy_Standing() {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	person := evidence.Person{ID: "p1", ExternalID: "0700001", Active: true, Role: "technician"}
	training := []evidence.Training{
		{PersonExternalID: "0700001", Course: "CB-101", Outcome: evidence.Passed, At: now.AddDate(0, -1, 0)},
		{PersonExternalID: "0700001", Course: "CB-102", Outcome: evidence.Passed, At: now.AddDate(-2, 0, 0)},
	}
	devices := []evidence.Device{{
		Origin: evidence.Origin{Source: "graph", ID: "laptop-7"}, PersonID: "p1",
		OS: "Windows", OSVersion: "10.0.22631.4429", Compliance: "compliant", LastSeen: now.Add(-time.Hour),
	}}

	standing := policy.Default().Standing(person, training, devices, now)
	fmt.Println(standing.Eligible, standing.Reasons)
	fmt.Println("changes at", standing.ChangesAt)
	// Output:
	// false [device-unencrypted:laptop-7 training-expired:CB-102]
	// changes at 2026-11-30 07:00:00 +0000 UTC
}

func ExampleParse() {
	_, err := policy.Parse([]byte("version: 1\nname: Ours\ncourses: []\neveryone: {courses: [CB-101]}\n"))
	fmt.Println(err)
	// Output:
	// policy line 1: the policy lacks "devices": add it
	// policy line 1: the policy lacks "access": add it
	// policy line 4: everyone.courses names "CB-101", which is not among the courses: add it there or correct the code
}

func ExamplePolicy_Lapses() {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	person := evidence.Person{ID: "p1", ExternalID: "0700001", Active: true, Role: "technician"}
	var training []evidence.Training
	for course, ago := range map[string]int{"CB-101": -330, "CB-102": -100, "CB-201": -170} {
		training = append(training, evidence.Training{
			PersonExternalID: "0700001", Course: course, Outcome: evidence.Passed, At: now.AddDate(0, 0, ago),
		})
	}
	devices := []evidence.Device{{
		Origin: evidence.Origin{Source: "graph", ID: "laptop-7"}, PersonID: "p1", Encrypted: true,
		OS: "Windows", OSVersion: "10.0.22631.4429", Compliance: "compliant", LastSeen: now.Add(-time.Hour),
	}}
	for _, lapse := range policy.Default().Lapses(person, training, devices, now) {
		fmt.Println(lapse.At.Format(time.DateOnly), lapse.Reasons, "loses", lapse.Loses)
	}
	// Output:
	// 2026-11-30 [device-stale:laptop-7] loses [onsite remote]
	// 2026-12-03 [training-expired:CB-201] loses [remote]
	// 2026-12-28 [training-expired:CB-101] loses [onsite remote]
	// 2027-08-15 [training-expired:CB-102] loses [onsite remote]
}
