package source

import (
	"slices"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

func TestCheckReportsWhatDoesNotFitTogether(t *testing.T) {
	t.Parallel()
	people := []evidence.Person{
		{ID: "1", ExternalID: "0001"},
		{ID: "2", ExternalID: "0002", ManagerID: "1"},
		{ID: "3", ExternalID: "0002", ManagerID: "9"},
		{ID: "4"},
		{ID: "5"},
		{ID: "1", ExternalID: "0006"},
	}
	training := []evidence.Training{
		{Origin: evidence.Origin{ID: "s1"}, PersonExternalID: "0001", Course: "CB-101"},
		{Origin: evidence.Origin{ID: "s2"}, PersonExternalID: "0009", Course: "CB-101"},
		{Origin: evidence.Origin{ID: "s3"}, PersonExternalID: "0001", Course: "XY-1"},
		{Origin: evidence.Origin{ID: "s4"}, PersonExternalID: "0009", Course: "XY-1"},
		{Origin: evidence.Origin{ID: "s5"}, PersonExternalID: "0008", Course: "cb-101"},
	}
	devices := []evidence.Device{
		{Origin: evidence.Origin{ID: "d1"}, PersonID: "1"},
		{Origin: evidence.Origin{ID: "d2"}, PersonID: ""},
		{Origin: evidence.Origin{ID: "d3"}, PersonID: "9"},
	}
	want := []Problem{
		{1, 0, "1", false, `person: the id stands 2 times: keep one`},
		{2, 0, "2", false, `person: externalId "0002" is given to 2 people: correct it, so that training belongs to one of them`},
		{3, 0, "3", false, `person: externalId "0002" is given to 2 people: correct it, so that training belongs to one of them`},
		{3, 0, "3", false, `person: nobody has the manager's id "9": import the manager, or correct it`},
		{6, 0, "1", false, `person: the id stands 2 times: keep one`},
		{2, 0, "s2", false, `training: nobody has externalId "0009", so that 2 records do not count: import the person, or correct the account`},
		{5, 0, "s5", false, `training: nobody has externalId "0008", so that 1 record does not count: import the person, or correct the account`},
		{3, 0, "s3", false, `training: the policy does not know course "XY-1", so that 2 records do not count: add the course to the policy, or correct its code`},
		{5, 0, "s5", false, `training: the policy does not know course "cb-101", so that 1 record does not count: add the course to the policy, or correct its code`},
		{2, 0, "d2", false, `device: it belongs to nobody: assign it, or retire it`},
		{3, 0, "d3", false, `device: nobody has the user's id "9": import the person, or assign the device`},
	}
	got := Check(people, training, devices, []string{"CB-101"})
	if !slices.Equal(got, want) {
		t.Errorf("got:")
		for _, problem := range got {
			t.Errorf("  %v", problem)
		}
	}
}

func TestProblemNamesItsPlace(t *testing.T) {
	t.Parallel()
	for want, problem := range map[string]Problem{
		"notice: m":                                {Message: "m"},
		"record 3: notice: m":                      {Position: 3, Message: "m"},
		`record 3, line 40, id "x": refused: m`:    {3, 40, "x", true, "m"},
		`record 3, line 40, id "\x00": refused: m`: {3, 40, "\x00", true, "m"},
	} {
		if got := problem.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
