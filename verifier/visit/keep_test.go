package visit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func TestNewRegister_NamesAllProblems(t *testing.T) {
	t.Parallel()
	for _, retention := range []time.Duration{0, -1} {
		_, err := visit.NewRegister(visit.Config{Retention: retention})
		if err == nil || !strings.Contains(err.Error(), "no Store") || !strings.Contains(err.Error(), "a Retention of "+retention.String()) {
			t.Errorf("retention %v: %v", retention, err)
		}
	}
}

func TestKeep_NumberOfRecords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	records := make([]visit.Record, visit.MaxRecords+1)
	for i := range records {
		records[i] = refused(fmt.Sprint("r", i), 0)
	}
	if _, err := f.Keep(t.Context(), north, records); !errors.Is(err, visit.ErrTooManyRecords) {
		t.Errorf("%d records: %v", len(records), err)
	}
	f.keep(t, north, visit.Kept, records[:visit.MaxRecords]...)
	f.keep(t, north, visit.Kept) // none
}

func TestKeep_Origin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("n", visit.MaxText)
	for name, c := range map[string]struct {
		origin  visit.Origin
		problem string
	}{
		"gate alone": {visit.Origin{Gate: "office"}, ""},
		"longest":    {visit.Origin{Gate: long, GateName: long, Site: long}, ""},
		"no gate":    {visit.Origin{GateName: "North", Site: "plant 7"}, "no Gate"},
		"long site":  {visit.Origin{Gate: "g", Site: long + "n"}, "1025 bytes"},
		"no UTF-8":   {visit.Origin{Gate: "g", GateName: "\xff"}, "not UTF-8"},
	} {
		_, err := f.Keep(t.Context(), c.origin, nil)
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %q", name, err, c.problem)
		}
	}
}

func TestKeep_Times(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, c := range []struct {
		at   time.Time
		want visit.Result
		why  string
	}{
		{start.Add(visit.MaxAhead), visit.Kept, ""},
		{start.Add(visit.MaxAhead + time.Second), visit.Rejected, "in the future: set the gate's clock"},
		{start.Add(-retention), visit.Kept, ""},
		{start.Add(-retention - time.Second), visit.Rejected, "longer ago than the 720h0m0s"},
		{time.Time{}, visit.Rejected, "longer ago"},
		{time.Unix(math.MaxInt64>>10, 0), visit.Rejected, "in the future"},
	} {
		r := refused(fmt.Sprint("r", i), 0)
		r.At = c.at
		if details := f.keep(t, north, c.want, r); !strings.Contains(details[0], c.why) {
			t.Errorf("at %v: %q, want %q", c.at, details[0], c.why)
		}
	}
}

func TestKeep_RefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	text := strings.Repeat("t", visit.MaxText)
	for name, c := range map[string]struct {
		record visit.Record
		change func(*visit.Record)
		detail string
	}{
		"admission":                  {admitted("", "nadia", 0), func(r *visit.Record) {}, ""},
		"admission without reason":   {admitted("", "nadia", 0), func(r *visit.Record) { r.Reason = "" }, ""},
		"longest text":               {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Organization = text }, ""},
		"largest index":              {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Index = 1<<53 - 1 }, ""},
		"refusal":                    {refused("", 0), func(r *visit.Record) {}, ""},
		"another photo":              {refused("", 0), func(r *visit.Record) { r.Reason, r.Code = visit.PhotoMismatch, "" }, ""},
		"check-out by expired badge": {left("", "nadia", 0), func(r *visit.Record) { r.Reason, r.Code = "expired", "badge_expired" }, ""},
		"check-out by hand":          {leftByHand("", "a", 0), func(r *visit.Record) {}, ""},

		"no id":               {refused("", 0), func(r *visit.Record) { r.ID = "" }, "id is not"},
		"long id":             {refused("", 0), func(r *visit.Record) { r.ID = strings.Repeat("i", visit.MaxID+1) }, "id is not"},
		"name as id":          {refused("", 0), func(r *visit.Record) { r.ID = "Nadia Nowakowska" }, "id is not"},
		"letters of others":   {refused("", 0), func(r *visit.Record) { r.ID = "é" }, "id is not"},
		"no event":            {refused("", 0), func(r *visit.Record) { r.Event = "" }, "event is not"},
		"unknown event":       {refused("", 0), func(r *visit.Record) { r.Event = "entered" }, "event is not"},
		"free reason":         {refused("", 0), func(r *visit.Record) { r.Reason = "Nadia" }, "reason is not"},
		"free code":           {refused("", 0), func(r *visit.Record) { r.Code = "Nadia" }, "code is not"},
		"refused and ok":      {refused("", 0), func(r *visit.Record) { r.Reason = "ok" }, "a refusal has a reason"},
		"no reason":           {refused("", 0), func(r *visit.Record) { r.Reason = "" }, "a refusal has a reason"},
		"free decision":       {admitted("", "nadia", 0), func(r *visit.Record) { r.Decision = "Nadia N." }, "decision is not"},
		"admitted and denied": {admitted("", "nadia", 0), func(r *visit.Record) { r.Reason = "expired" }, "an admission has the reason ok"},
		"no badge":            {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge = nil }, "an admission has a badge"},
		"no end of the badge": {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Expires = time.Time{} }, "an admission has a badge"},
		"no issuer":           {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Issuer = "" }, "no issuer or no subject"},
		"no subject":          {left("", "nadia", 0), func(r *visit.Record) { r.Badge.Subject = "" }, "no issuer or no subject"},
		"too long a text":     {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Organization = text + "t" }, "1025 bytes"},
		"text with NUL":       {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Role = "a\x00b" }, "NUL"},
		"text not UTF-8":      {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Role = "\xff" }, "UTF-8"},
		"too large an index":  {admitted("", "nadia", 0), func(r *visit.Record) { r.Badge.Index = 1 << 53 }, "index"},
		"left, nobody":        {left("", "nadia", 0), func(r *visit.Record) { r.Badge = nil }, "names the visit or has the badge"},
		"free visit":          {leftByHand("", "Nadia N.", 0), func(r *visit.Record) {}, "visit is not"},
	} {
		r := c.record
		r.ID = strings.ReplaceAll(name, " ", "_")
		r.ID = strings.NewReplacer(",", "", "-", "").Replace(r.ID)
		c.change(&r)
		want := visit.Kept
		if c.detail != "" {
			want = visit.Rejected
		}
		details := f.keep(t, north, want, r)
		if !strings.Contains(details[0], c.detail) || strings.Contains(details[0], "Nadia") {
			t.Errorf("%s: %q, want %q and no name", name, details[0], c.detail)
		}
	}
	f.keep(t, north, visit.Kept, refused(strings.Repeat("i", visit.MaxID), 0))
}

// TestKeep_TakesEveryReason compares with the verifier's own list.
func TestKeep_TakesEveryReason(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Reason" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, text)
		}
		return true
	})
	if !slices.Contains(reasons, "revoked") {
		t.Fatalf("reasons %q", reasons)
	}
	f := newFixture(t)
	for _, reason := range reasons {
		if reason == "ok" {
			continue
		}
		r := refused(reason, 0)
		r.Reason, r.Code = reason, ""
		f.keep(t, north, visit.Kept, r)
	}
}

func TestKeep_OneBadRecordDoesNotHarmItsNeighbours(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bad := admitted("bad", "nadia", 0)
	bad.Badge = nil
	outcomes, err := f.Keep(t.Context(), north, []visit.Record{admitted("a", "nadia", 0), bad, admitted("a", "omar", 0), admitted("b", "omar", 1)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range outcomes {
		got = append(got, o.ID+" "+string(o.Result))
	}
	if want := "[a kept bad refused a already b kept]"; fmt.Sprint(got) != want {
		t.Errorf("outcomes %v, want %s", got, want)
	}
	f.present(t, "a", "b")
}

func TestKeep_TheSameIDAgainChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 0))
	f.keep(t, north, visit.Already, admitted("a", "omar", 5))
	f.keep(t, other, visit.Already, left("a", "nadia", 1)) // a tablet that was paired anew
	nonsense := visit.Record{ID: "a", Event: "?"}
	f.keep(t, north, visit.Already, nonsense)
	f.present(t, "a")
	f.Set(start.Add(retention + time.Hour))
	f.keep(t, north, visit.Already, admitted("a", "nadia", 0)) // old, and not forgotten yet
	if _, err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.keep(t, north, visit.Rejected, admitted("a", "nadia", 0)) // forgotten stays forgotten
	f.present(t)
}

func TestRecord_JSON(t *testing.T) {
	t.Parallel()
	text := `{"id":"a","at":"2026-03-02T08:00:00Z","event":"admitted","reason":"ok","code":"x","offline":true,"again":true,` +
		`"decision":"d","status_issued_at":"2026-03-02T07:59:00Z","visit":"v","badge":{"issuer":"i","subject":"s",` +
		`"status_list":"l","index":7,"given_name":"g","family_name":"f","organization":"o","role":"r","expires":"2026-03-02T18:00:00Z"}}`
	var r visit.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(r); err != nil || string(again) != text {
		t.Errorf("%s, %v", again, err)
	}
	small, err := json.Marshal(visit.Record{ID: "a", Event: visit.Refused, Reason: "expired"})
	if want := `{"id":"a","at":"0001-01-01T00:00:00Z","event":"refused","reason":"expired"}`; err != nil || string(small) != want {
		t.Errorf("%s, %v", small, err)
	}
	present, err := json.Marshal(visit.Presence{Visit: "v", Since: start, GateName: "North", Badge: visit.Badge{Issuer: "i", Subject: "s"}})
	if want := `{"visit":"v","since":"2026-03-02T08:00:00Z","gate":"North","badge":{"issuer":"i","subject":"s","index":0},"overdue":false}`; err != nil || string(present) != want {
		t.Errorf("%s, %v", present, err)
	}
	outcome, err := json.Marshal(visit.Outcome{ID: "a", Result: visit.Already})
	if want := `{"id":"a","result":"already"}`; err != nil || string(outcome) != want {
		t.Errorf("%s, %v", outcome, err)
	}
}
