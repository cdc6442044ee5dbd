package lrs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
	"github.com/cyberbadge/cyberbadge/issuer/source/lrs"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

type bench struct {
	*sourcetest.LRS
	*sourcetest.Clock
	store *lrs.Store
}

func open(t *testing.T, file []byte, change ...func(*lrs.Config)) *bench {
	t.Helper()
	b := &bench{LRS: sourcetest.NewLRS(t, file), Clock: sourcetest.NewClock(now)}
	address, client := sourcetest.Serve(t, b.LRS)
	cfg := lrs.Config{
		URL: address + sourcetest.LRSPath + "/", HomePage: "https://hr.vendor.example",
		User: sourcetest.LRSUser, Password: sourcetest.LRSPassword, Client: client, Now: b.Now, Wait: b.Wait,
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if b.store, err = lrs.New(cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

// changes asks until there is no more, and returns all that came and the cursor.
func (b *bench) changes(t *testing.T, cursor string) (records map[string]evidence.Training, removed []string, next string) {
	t.Helper()
	records = map[string]evidence.Training{}
	for range 100 {
		changes, err := b.store.Changes(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range changes.Training.Records {
			records[r.Origin.ID] = r
		}
		for _, o := range changes.Training.Removed {
			removed = append(removed, o.ID)
			delete(records, o.ID)
		}
		cursor = changes.Next
		if !changes.More {
			return records, removed, cursor
		}
	}
	t.Fatal("there is no end")
	return nil, nil, ""
}

func id(n int) string { return fmt.Sprintf("a0000000-0000-4000-8000-%012d", n) }

// passed is the nth statement of somebody, stored n minutes before now.
func passed(n int, stored time.Time) json.RawMessage {
	return sourcetest.Statement(id(n), "0700001", "passed", "CB-101", now.AddDate(0, -1, 0), stored)
}

func TestTheSampleComesAsItDoesFromItsFile(t *testing.T) {
	t.Parallel()
	file, err := sample.Files.ReadFile(sample.Training)
	if err != nil {
		t.Fatal(err)
	}
	want, err := source.Training(bytes.NewReader(file), source.Config{Source: lrs.DefaultName})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{7, 100, 10_000} {
		b := open(t, file)
		b.PageSize = size
		got, removed, _ := b.changes(t, "")
		if len(got) != len(want.Records) || len(removed) != 0 {
			t.Fatalf("pages of %d: %d records, want %d; removed %v", size, len(got), len(want.Records), removed)
		}
		for _, record := range want.Records {
			if got[record.Origin.ID] != record {
				t.Errorf("got %+v, want %+v", got[record.Origin.ID], record)
			}
		}
	}
}

func TestOnlyWhatIsNewIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.Add(-time.Hour)))
	b.Add(passed(2, now.Add(-20*time.Minute)))
	_, _, cursor := b.changes(t, "")
	b.Add(passed(3, now.Add(-time.Minute)))
	got, _, _ := b.changes(t, cursor)
	if len(got) != 2 || got[id(3)].Course != "CB-101" || got[id(2)].Course == "" {
		t.Errorf("got %v: the overlap brings the second, and not the first", got)
	}
}

func TestWhatBecomesVisibleLateIsNotMissed(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.Add(-time.Minute)))
	_, _, cursor := b.changes(t, "")
	b.Add(passed(2, now.Add(-time.Minute-lrs.Overlap+time.Second)))
	if got, _, _ := b.changes(t, cursor); got[id(2)].Course == "" {
		t.Error("a statement that was stored within the overlap was missed")
	}
}

func TestTheStoresOwnWordOnWhatIsCompleteIsHeeded(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.Add(-time.Minute)))
	b.SetConsistentThrough(now.Add(-3 * time.Hour))
	_, _, cursor := b.changes(t, "")
	b.Add(passed(2, now.Add(-3*time.Hour)))
	if got, _, _ := b.changes(t, cursor); got[id(2)].Course == "" {
		t.Error("the cursor went past the time up to which the store has everything")
	}
}

func TestAStatementFromTheFutureDoesNotEndTheReading(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.AddDate(10, 0, 0)))
	got, _, cursor := b.changes(t, "")
	if got[id(1)].Course == "" {
		t.Error("the statement from the future was left out: it is the policy's to judge")
	}
	b.Move(time.Hour)
	b.Add(passed(2, now.Add(30*time.Minute)))
	if got, _, _ := b.changes(t, cursor); got[id(2)].Course == "" {
		t.Error("what was stored after it was missed")
	}
}

func TestALostOrDamagedCursorBeginsAtTheStart(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.AddDate(-1, 0, 0)))
	for _, cursor := range []string{"", "{", "[]", `{"x":1}`, "null", strings.Repeat("9", 100)} {
		if got, _, _ := b.changes(t, cursor); len(got) != 1 {
			t.Errorf("from %q: got %v", cursor, got)
		}
	}
}

func TestVoidedStatementsAreTakenBack(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.AddDate(0, 0, -3)))
	b.Add(passed(2, now.AddDate(0, 0, -2)))
	before, _, cursor := b.changes(t, "")
	b.Add(sourcetest.Voiding(id(9), id(1), now.Add(-time.Minute)))
	_, removed, _ := b.changes(t, cursor)
	if len(before) != 2 || !slices.Equal(removed, []string{id(1)}) {
		t.Errorf("first %v, then removed %v", before, removed)
	}
	got, _, _ := b.changes(t, "")
	if len(got) != 1 || got[id(2)].Course == "" {
		t.Errorf("from the start: %v", got)
	}
}

func TestALongStoreIsReadInParts(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.PageSize = 1
	const statements = lrs.PagesPerCall + 1
	for n := range statements {
		b.Add(passed(n, now.Add(time.Duration(n-1000)*time.Hour)))
	}
	first, err := b.store.Changes(t.Context(), "")
	if err != nil || len(first.Training.Records) != lrs.PagesPerCall || !first.More {
		t.Fatalf("%d records, more %v: %v", len(first.Training.Records), first.More, err)
	}
	second, err := b.store.Changes(t.Context(), first.Next)
	if err != nil || len(second.Training.Records) != 1 || second.More {
		t.Fatalf("then %d records, more %v: %v", len(second.Training.Records), second.More, err)
	}

	// The address of the next page is forgotten: it goes on from the time.
	b.ForgetPages()
	if got, _, _ := b.changes(t, first.Next); got[id(statements-1)].Course == "" {
		t.Errorf("after the page was forgotten: %v", got)
	}

	exact := open(t, nil)
	exact.PageSize = 1
	for n := range lrs.PagesPerCall {
		exact.Add(passed(n, now.Add(time.Duration(n-1000)*time.Hour)))
	}
	if all, err := exact.store.Changes(t.Context(), ""); err != nil || all.More || len(all.Training.Records) != lrs.PagesPerCall {
		t.Errorf("at the bound: more %v, %v", all.More, err)
	}
}

func TestAStoreThatGoesRoundInCirclesIsAnError(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*bench){
		"the same address":               func(b *bench) { b.Circles = true },
		"new addresses of the same page": func(b *bench) { b.Endless = true },
	} {
		b := open(t, nil)
		b.Add(passed(1, now.Add(-time.Hour)))
		set(b)
		if _, err := b.store.Changes(t.Context(), ""); !errors.Is(err, source.ErrRepeats) {
			t.Errorf("%s: %v", name, err)
		}
		if calls := len(b.Calls()); calls > 5 {
			t.Errorf("%s: %d calls", name, calls)
		}
	}
}

func TestAStoreThatDoesNotHeedTheOrderIsAnError(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.Add(-time.Hour)))
	b.Add(passed(2, now.Add(-2*time.Hour)))
	b.Descending = true
	_, err := b.store.Changes(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "does not heed ascending=true") {
		t.Errorf("got %v", err)
	}
}

func TestTooManyRequestsAreWaitedFor(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.Add(-time.Hour)))
	b.Instead(sourcetest.LRSPath,
		sourcetest.Answer{Status: 429, RetryAfter: "7"},
		sourcetest.Answer{Status: 503, RetryAfter: now.Add(19 * time.Second).Format(http.TimeFormat)},
		sourcetest.Answer{Status: 503},
	)
	got, _, _ := b.changes(t, "")
	if want := []time.Duration{7 * time.Second, 12 * time.Second, 5 * time.Second}; len(got) != 1 || !slices.Equal(b.Waited(), want) {
		t.Errorf("got %v after waiting %v, want %v", got, b.Waited(), want)
	}
}

func TestAStormOfTooManyRequestsIsLeftForLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer sourcetest.Answer
		after  time.Duration
		calls  int
	}{
		"short": {sourcetest.Answer{Status: 429, RetryAfter: "1"}, time.Second, call.MaxTries},
		"long":  {sourcetest.Answer{Status: 429, RetryAfter: "121"}, 121 * time.Second, 1},
		"bound": {sourcetest.Answer{Status: 429, RetryAfter: "120"}, 120 * time.Second, 2},
	} {
		b := open(t, nil)
		for range 100 {
			b.Instead(sourcetest.LRSPath, c.answer)
		}
		_, err := b.store.Changes(t.Context(), "")
		var retry *source.RetryError
		if !errors.As(err, &retry) || retry.After != c.after || len(b.Calls()) != c.calls {
			t.Errorf("%s: %v after %d calls", name, err, len(b.Calls()))
		}
	}
}

func TestWhatIsNoAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []sourcetest.Answer
		want    string
	}{
		"500":              {[]sourcetest.Answer{{Status: 500, Body: "secret"}}, "the record store answered 500"},
		"404":              {[]sourcetest.Answer{{Status: 404}}, "the record store answered 404"},
		"401":              {[]sourcetest.Answer{{Status: 401}, {Status: 401}}, "answered 401: check the credential"},
		"a sign-in page":   {[]sourcetest.Answer{{Status: 200, Type: "text/html", Body: "<html>"}}, `answered with "text/html" instead of JSON`},
		"cut off":          {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[`, CutOff: true}}, "fetch_failed"},
		"half":             {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[`}}, "ends in the middle"},
		"another format":   {[]sourcetest.Answer{{Status: 200, Body: `{"value":[]}`}}, `there is no member "statements"`},
		"a wrong type":     {[]sourcetest.Answer{{Status: 200, Body: `{"statements":{}}`}}, `"statements" is not an array`},
		"more is a number": {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[],"more":7}`}}, `"more" is not a text`},
		"another host": {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[],"more":"https://elsewhere.example/xapi"}`}},
			`names a next page on another host ("elsewhere.example")`},
		"another scheme": {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[],"more":"file:///etc/passwd"}`}}, "names a next page on another host"},
		"no address":     {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[],"more":"%zz"}`}}, "names a next page that is no address"},
		"too large":      {[]sourcetest.Answer{{Status: 200, Body: `{"statements":[` + strings.Repeat(" ", 5<<20) + `]}`}}, "fetch_too_large"},
	} {
		b := open(t, nil)
		b.Instead(sourcetest.LRSPath, c.answers...)
		changes, err := b.store.Changes(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if changes.Next != "" || len(changes.Training.Records) != 0 {
			t.Errorf("%s: something came with the error: %+v", name, changes)
		}
	}
}

func TestARefusedRecordIsReportedAndTheRestComes(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Add(passed(1, now.Add(-time.Hour)))
	b.Add(json.RawMessage(strings.Replace(string(passed(2, now.Add(-time.Minute))), "0700001", " 0700001", 1)))
	changes, err := b.store.Changes(t.Context(), "")
	if err != nil || len(changes.Training.Records) != 1 || len(changes.Training.Problems) != 1 || !changes.Training.Problems[0].Refused {
		t.Errorf("got %+v, %v", changes.Training, err)
	}
}

func TestABearerTokenIsSent(t *testing.T) {
	t.Parallel()
	var got string
	address, client := sourcetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"statements":[]}`)
	}))
	store, err := lrs.New(lrs.Config{URL: address, Token: "abc", Client: client, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Changes(t.Context(), ""); err != nil || got != "Bearer abc" {
		t.Errorf("sent %q: %v", got, err)
	}
}

func TestNew_ReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	client, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = lrs.New(lrs.Config{URL: "http://lrs.example/x?y", User: "a:b", Client: client})
	for _, want := range []string{"User and Password belong together", "colon", "may not have a query", "scheme must be https"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	_, err = lrs.New(lrs.Config{User: "a", Password: "b", Token: "c"})
	for _, want := range []string{"either User and Password or Token", "Client is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := lrs.New(lrs.Config{URL: "https://127.0.0.1/", Token: "c", Client: client}); outbound.CodeOf(err) != outbound.CodeBlocked {
		t.Errorf("an address inside: %v", err)
	}
}
