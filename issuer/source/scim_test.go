package source

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// person reads a list of one user with the given members beside id, externalId
// and active.
func person(t *testing.T, members string) evidence.Person {
	t.Helper()
	result, err := People(strings.NewReader(`{"Resources":[{"id":"1","externalId":"0001","active":true` + members + `}]}`))
	people := clean(t, result, err)
	if len(people) != 1 {
		t.Fatalf("got %d people, want 1", len(people))
	}
	return people[0]
}

func TestActiveMayBeTextAsEntraSendsIt(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]bool{`true`: true, `"true"`: true, `"True"`: true, `false`: false, `"false"`: false, `"False"`: false} {
		result, err := People(strings.NewReader(`{"Resources":[{"id":"1","externalId":"0001","active":` + sent + `}]}`))
		if got := clean(t, result, err)[0].Active; got != want {
			t.Errorf("active %s was read as %v", sent, got)
		}
	}
}

func TestActiveThatIsNotABooleanIsRefused(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{`1`, `0`, `""`, `"yes"`, `{}`, `[]`} {
		result, err := People(strings.NewReader(`{"Resources":[{"id":"1","externalId":"0001","active":` + sent + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		want := "active is " + sent + ": send true or false"
		if len(result.Records) != 0 || len(result.Problems) != 1 || result.Problems[0].Message != want {
			t.Errorf("active %s: got %v, want %q", sent, result.Problems, want)
		}
	}
}

func TestNamesAreKeptByteForByte(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"محمد الفارسي",
		"Zoe\u0308", // e and a combining diaeresis, not composed
		" led by a space",
		"می\u200cخواهم", // Persian, with a zero-width non-joiner
		"\u200fשלום",    // a right-to-left mark
		"王小明",
		"👩‍🔧",
	} {
		if got := person(t, `,"displayName":"`+name+`"`).DisplayName; got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
}

func TestDisplayNameFallsBackToFormattedName(t *testing.T) {
	t.Parallel()
	if got := person(t, `,"name":{"formatted":"Ada L"}`).DisplayName; got != "Ada L" {
		t.Errorf("got %q", got)
	}
}

func TestEmailIsThePrimaryElseWorkElseFirst(t *testing.T) {
	t.Parallel()
	for emails, want := range map[string]string{
		`{"value":"home@x"},{"value":"work@x","type":"work"},{"value":"main@x","primary":true}`:   "main@x",
		`{"value":"home@x"},{"value":"work@x","type":"work"},{"value":"main@x","primary":"True"}`: "main@x",
		`{"value":"home@x"},{"value":"work@x","type":"work"}`:                                     "work@x",
		`{"value":"home@x"},{"value":"other@x"}`:                                                  "home@x",
		``:                                                                                        "",
	} {
		if got := person(t, `,"emails":[`+emails+`]`).Email; got != want {
			t.Errorf("of %s got %q, want %q", emails, got, want)
		}
	}
}

func TestUnknownMembersArePassedOver(t *testing.T) {
	t.Parallel()
	got := person(t, `,"urn:example:extension":{"a":[{"b":null},"b","b",1,true]},"nickName":"x","title":null`)
	if got.ID != "1" {
		t.Errorf("got %+v", got)
	}
}

func TestByteOrderMarkIsPassedOver(t *testing.T) {
	t.Parallel()
	result, err := People(strings.NewReader("\ufeff" + `{"totalResults":0,"Resources":[]}`))
	if people := clean(t, result, err); len(people) != 0 {
		t.Errorf("got %v", people)
	}
}

func TestEmptyListMayLeaveResourcesOut(t *testing.T) {
	t.Parallel()
	result, err := People(strings.NewReader(`{"totalResults":0}`))
	if people := clean(t, result, err); len(people) != 0 {
		t.Errorf("got %v", people)
	}
}

func TestOtherResourcesAreSkipped(t *testing.T) {
	t.Parallel()
	result, err := People(strings.NewReader(`{"Resources":[{"id":"g","displayName":"Admins","meta":{"resourceType":"Group"}}]}`))
	if people := clean(t, result, err); len(people) != 0 || result.Skipped != 1 {
		t.Errorf("got %v, skipped %d", people, result.Skipped)
	}
}
