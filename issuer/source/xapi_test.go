package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// statementText writes a statement; more is inserted as further members.
func statementText(id, verb, object, more string) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"account":{"homePage":"https://hr.vendor.example","name":"0001"}},"verb":{"id":%q},"object":%s,"timestamp":"2026-10-12T04:11:41Z"%s}`,
		id, verb, object, more)
}

func course(code string) string {
	return `{"id":"https://learning.vendor.example/courses/` + code + `"}`
}

func reference(id string) string { return `{"objectType":"StatementRef","id":"` + id + `"}` }

func statements(t *testing.T, texts ...string) Result[evidence.Training] {
	t.Helper()
	result, err := Training(strings.NewReader(`{"statements":[`+strings.Join(texts, ",")+`],"more":""}`), Config{Source: "lrs"})
	clean(t, result, err)
	return result
}

func TestOutcomeFollowsVerbAndResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		verb, result string
		want         evidence.Outcome
	}{
		{verbPassed, ``, evidence.Passed},
		{verbPassed, `,"result":{"success":true,"completion":true}`, evidence.Passed},
		{verbPassed, `,"result":{"completion":false}`, evidence.Passed},
		{verbCompleted, ``, evidence.Completed},
		{verbCompleted, `,"result":{"success":true,"completion":true}`, evidence.Completed},
		{verbCompleted, `,"result":{"success":false,"completion":true}`, evidence.Failed},
		{verbFailed, ``, evidence.Failed},
		{verbFailed, `,"result":{"success":false,"completion":true}`, evidence.Failed},
	}
	for _, test := range tests {
		got := statements(t, statementText("s", test.verb, course("CB-101"), test.result)).Records
		if len(got) != 1 || got[0].Outcome != test.want {
			t.Errorf("%s with %q: got %+v, want %s", test.verb, test.result, got, test.want)
		}
	}
}

func TestOtherVerbsAreSkipped(t *testing.T) {
	t.Parallel()
	result := statements(t, statementText("s", "http://adlnet.gov/expapi/verbs/attempted", course("CB-101"), ""))
	if len(result.Records) != 0 || result.Skipped != 1 {
		t.Errorf("got %v, skipped %d", result.Records, result.Skipped)
	}
}

func TestCourseIsTheLastSegmentOfThePath(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		"https://learning.vendor.example/courses/CB-101":       "CB-101",
		"https://learning.vendor.example/courses/CB-101/":      "CB-101",
		"https://learning.vendor.example/courses/CB-101?v=2#x": "CB-101",
		"https://learning.vendor.example/courses/CB%20101":     "CB 101",
		"https://learning.vendor.example/courses/a%2FCB-101":   "a/CB-101",
	} {
		got := statements(t, statementText("s", verbPassed, `{"id":"`+object+`"}`, "")).Records
		if len(got) != 1 || got[0].Course != want {
			t.Errorf("of %s got %+v, want %q", object, got, want)
		}
	}
}

func TestTimesMayHaveAnyOffset(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"2026-10-12T06:11:41+02:00":      "2026-10-12T04:11:41Z",
		"2026-10-12T06:11:41+0200":       "2026-10-12T04:11:41Z",
		"2026-10-12T06:11:41+02":         "2026-10-12T04:11:41Z",
		"2026-10-12T04:11:41.123456789Z": "2026-10-12T04:11:41.123456789Z",
	} {
		text := strings.Replace(statementText("s", verbPassed, course("CB-101"), ""), "2026-10-12T04:11:41Z", sent, 1)
		if got := statements(t, text).Records[0].At; got != instant(t, want) {
			t.Errorf("%s was read as %v", sent, got)
		}
	}
}

func TestMissingTimestampIsWhenItWasStored(t *testing.T) {
	t.Parallel()
	text := statementText("s", verbPassed, course("CB-101"), `,"stored":"2026-10-13T00:00:00Z"`)
	text = strings.Replace(text, `"timestamp":"2026-10-12T04:11:41Z",`, "", 1)
	if got := statements(t, text).Records[0].At; got != instant(t, "2026-10-13T00:00:00Z") {
		t.Errorf("got %v", got)
	}
}

func TestVoidedStatementIsTakenOutWhereverItStands(t *testing.T) {
	t.Parallel()
	passed := statementText("Aa", verbPassed, course("CB-101"), "")
	kept := statementText("kept", verbPassed, course("CB-102"), "")
	voiding := statementText("v", verbVoided, reference("aA"), "")
	for _, order := range [][]string{{passed, kept, voiding}, {voiding, kept, passed}, {passed, voiding, passed, kept}, {voiding, kept, voiding}} {
		result := statements(t, order...)
		if len(result.Records) != 1 || result.Records[0].Origin.ID != "kept" {
			t.Errorf("got %+v", result.Records)
		}
		if len(result.Removed) != 1 || result.Removed[0] != (evidence.Origin{Source: "lrs", ID: "aa"}) {
			t.Errorf("removed %v", result.Removed)
		}
	}
}

func TestAccountsOfAnotherHomePageAreRefused(t *testing.T) {
	t.Parallel()
	file := `{"statements":[` + statementText("s", verbPassed, course("CB-101"), "") + `]}`
	result, err := Training(strings.NewReader(file), Config{Source: "lrs", HomePage: "https://other.example"})
	if err != nil {
		t.Fatal(err)
	}
	want := Problem{1, 1, "s", true, `actor.account.homePage is "https://hr.vendor.example", but people are known by their accounts at "https://other.example": correct one of them`}
	if len(result.Records) != 0 || len(result.Problems) != 1 || result.Problems[0] != want {
		t.Errorf("got %v, want %v", result.Problems, want)
	}
}

func TestSourceHasToBeNamed(t *testing.T) {
	t.Parallel()
	_, err := Training(strings.NewReader("{}"), Config{})
	if want := "source: training: config: Source is empty: name the sending system"; err == nil || err.Error() != want {
		t.Errorf("training: got %v", err)
	}
	_, err = Devices(strings.NewReader("{}"), Config{})
	if want := "source: devices: config: Source is empty: name the sending system"; err == nil || err.Error() != want {
		t.Errorf("devices: got %v", err)
	}
}
