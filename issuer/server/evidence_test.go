package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// listen is an office that evidence is pushed to.
func listen(t *testing.T, config Evidence) *office {
	t.Helper()
	o := open(t, options{})
	logger := slog.New(slog.NewJSONHandler(o.log, nil))
	var err error
	o.service, err = New(Config{Program: o.program, Tokens: o.store, Evidence: config, Now: o.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(o.around(logger, o.service.Handler()))
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// push sends statements, or a table when the path says so.
func (o *office) push(t *testing.T, path, kind, body string, more ...string) reply {
	t.Helper()
	with := headers{"Authorization", "Bearer " + o.all, "Content-Type", kind}
	return o.send(t, http.DefaultClient, "POST", path, strings.NewReader(body), append(with, more...))
}

const trainingPath = "/v1/evidence/training"

func (o *office) pushStatements(t *testing.T, body string) reply {
	t.Helper()
	return o.push(t, trainingPath, "application/json", body, "X-Experience-API-Version", "1.0.3")
}

func evidenceOf(t *testing.T, r reply) evidenceReport {
	t.Helper()
	var report evidenceReport
	r.decode(t, http.StatusOK, &report)
	conforms(t, "EvidenceReport", r.body)
	return report
}

const one, two, three = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000003"

func TestPush_OneStatementOrAnArray(t *testing.T) {
	t.Parallel()
	o := listen(t, Evidence{HomePage: "https://hr.vendor.example"})
	first := o.pushStatements(t, statement(one, "0700001", "CB-101", "2026-11-01T08:00:00Z"))
	if got := evidenceOf(t, first); got.Training.Added != 1 || got.Refused != 0 || got.DryRun {
		t.Errorf("got %+v", got.Training)
	}
	if got := first.header.Get("X-Experience-API-Version"); got != "1.0.3" {
		t.Errorf("answered in version %q", got)
	}
	both := "[" + statement(one, "0700001", "CB-101", "2026-11-01T08:00:00Z") + "," +
		statement(two, "0700002", "CB-101", "2026-11-01T08:00:00Z") + "," + statement(three, " ", "CB-101", "2026-11-01T08:00:00Z") + "]"
	got := evidenceOf(t, o.pushStatements(t, both))
	if got.Training.Added != 1 || got.Training.Unchanged != 1 || got.Refused != 1 || len(got.Training.Problems) != 1 || got.Training.Problems[0].ID != three {
		t.Errorf("got %+v, refused %d", got.Training, got.Refused)
	}
}

func TestPush_TheSampleIsTheSameAsItsFile(t *testing.T) {
	t.Parallel()
	var file struct{ Statements []json.RawMessage }
	if err := json.Unmarshal([]byte(sampleFile(t, sample.Training)), &file); err != nil {
		t.Fatal(err)
	}
	o := listen(t, Evidence{})
	for batch := range slices.Chunk(file.Statements, 100) {
		body, err := json.Marshal(batch)
		if err != nil {
			t.Fatal(err)
		}
		if got := evidenceOf(t, o.pushStatements(t, string(body))); got.Refused != 0 {
			t.Fatalf("got %+v", got.Training)
		}
	}
	var report issuer.ImportReport
	o.importParts(t, part{"training", sampleFile(t, sample.Training)}).decode(t, http.StatusOK, &report)
	if want := (store.ImportCount{Unchanged: 814}); report.Training.ImportCount != want {
		t.Errorf("the file's import changed something: %+v", report.Training.ImportCount)
	}
}

func TestPush_VoidedStatementsAreTakenBack(t *testing.T) {
	t.Parallel()
	o := listen(t, Evidence{})
	evidenceOf(t, o.pushStatements(t, statement(one, "0700001", "CB-101", "2026-11-01T08:00:00Z")))
	void := fmt.Sprintf(`{"id":%q,"actor":{"account":{"homePage":"https://hr.vendor.example","name":"admin"}},
		"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":%q}}`, two, one)
	for _, want := range []int{1, 0} {
		if got := evidenceOf(t, o.pushStatements(t, void)); got.Training.Removed != want || got.Training.Skipped != 1 {
			t.Errorf("got %+v, want %d removed", got.Training, want)
		}
	}
}

func TestPush_WhatIsRefused(t *testing.T) {
	t.Parallel()
	o := listen(t, Evidence{HomePage: "https://hr.vendor.example"})
	good := statement(one, "0700001", "CB-101", "2026-11-01T08:00:00Z")
	version := []string{"X-Experience-API-Version", "1.0.3"}
	for name, c := range map[string]struct {
		path, kind, body string
		headers          []string
		status           int
		code, detail     string
	}{
		"no version":        {trainingPath, "application/json", good, nil, 400, CodeXAPIVersion, "X-Experience-API-Version"},
		"an old version":    {trainingPath, "application/json", good, []string{"X-Experience-API-Version", "0.95"}, 400, CodeXAPIVersion, ""},
		"two versions":      {trainingPath, "application/json", good, append(version, version...), 400, CodeXAPIVersion, ""},
		"another media":     {trainingPath, "text/plain", good, version, 415, "unsupported_media_type", ""},
		"with attachments":  {trainingPath, "multipart/mixed; boundary=x", good, version, 415, "unsupported_media_type", ""},
		"not JSON":          {trainingPath, "application/json", good[:50], version, 422, CodeEvidenceUnreadable, "ends in the middle"},
		"empty":             {trainingPath, "application/json", "", version, 422, CodeEvidenceUnreadable, "the body is empty"},
		"another query":     {trainingPath + "?dryrun=true", "application/json", good, version, 400, CodeQueryNotAllowed, ""},
		"another flag":      {trainingPath + "?dry_run=1", "application/json", good, version, 400, CodeValueInvalid, "true or false"},
		"an unknown table":  {trainingPath + "?table=x", "text/csv", good, nil, 404, CodeNotFound, "No table"},
		"no scope, no call": {trainingPath, "application/json", good, version, 403, CodeScopeMissing, "evidence:write"},
	} {
		with := append(headers{"Content-Type", c.kind, "Authorization", "Bearer " + o.all}, c.headers...)
		if c.status == 403 {
			with[3] = "Bearer " + o.token(t, ScopeImport)
		}
		f := o.send(t, http.DefaultClient, "POST", c.path, strings.NewReader(c.body), with).problem(t, c.status, c.code)
		if !strings.Contains(f.Detail, c.detail) {
			t.Errorf("%s: %q does not say %q", name, f.Detail, c.detail)
		}
	}
	all := o.pushStatements(t, strings.Replace(good, "hr.vendor", "elsewhere", 1))
	all.problem(t, http.StatusUnprocessableEntity, CodeEvidenceRefused)
	conforms(t, "EvidenceRefused", all.body)
	var body evidenceRefused
	all.decode(t, http.StatusUnprocessableEntity, &body)
	if len(body.Problems) != 1 || body.Problems[0].ID != one || !body.Problems[0].Refused {
		t.Errorf("got %s", all.body)
	}
	for _, v := range []string{"1.0", "1.0.0", "2.0.0"} {
		if answer := o.push(t, trainingPath, "application/json", good, "X-Experience-API-Version", v); answer.status != http.StatusOK {
			t.Errorf("version %s: %d", v, answer.status)
		}
	}
}

func TestPush_IsBounded(t *testing.T) {
	t.Parallel()
	o := listen(t, Evidence{Tables: []source.TableConfig{{Name: "academy"}}})
	good := statement(one, "0700001", "CB-101", "2026-11-01T08:00:00Z")
	const table = "person_external_id,course_code,completed_at,note\n"
	for _, c := range []struct {
		path, kind, body string
		max              int
	}{
		{trainingPath, "application/json", good + strings.Repeat(" ", MaxPush-len(good)), MaxPush},
		{trainingPath + "?table=academy", "text/csv", table + "1,c,2026-11-01," + strings.Repeat("x", MaxTable-len(table)-16) + "\n", MaxTable},
	} {
		if len(c.body) != c.max {
			t.Fatalf("%s: %d bytes", c.path, len(c.body))
		}
		if answer := o.push(t, c.path, c.kind, c.body, "X-Experience-API-Version", "1.0.3"); answer.status != http.StatusOK {
			t.Errorf("%s at the bound: %d %s", c.path, answer.status, answer.body)
		}
		o.push(t, c.path, c.kind, c.body+"\n", "X-Experience-API-Version", "1.0.3").problem(t, http.StatusRequestEntityTooLarge, "request_too_large")
	}
	for range maxPushes {
		o.service.evidence.pushes <- struct{}{}
	}
	o.pushStatements(t, good).problem(t, http.StatusServiceUnavailable, CodeOverloaded)
	<-o.service.evidence.pushes
	if answer := o.pushStatements(t, good); answer.status != http.StatusOK {
		t.Errorf("with a place free: %d", answer.status)
	}
}

func TestPush_ATable(t *testing.T) {
	t.Parallel()
	o := listen(t, Evidence{Tables: []source.TableConfig{{
		Name: "academy", Delimiter: ';', Dates: "DD.MM.YYYY", Columns: map[string]string{"person_external_id": "Employee"},
	}}})
	const path = trainingPath + "?table=academy"
	const file = "Employee;course_code;completed_at\n0700001;CB-101;01.11.2026\n0700001;CB-102;yesterday\n"
	dry := evidenceOf(t, o.push(t, path+"&dry_run=true", "text/csv", file))
	if dry.Training.Added != 1 || dry.Refused != 1 || !dry.DryRun || dry.Training.Problems[0].Line != 3 {
		t.Errorf("dry: %+v", dry.Training)
	}
	for _, want := range []store.ImportCount{{Added: 1}, {Unchanged: 1}} {
		if got := evidenceOf(t, o.push(t, path, "text/csv; charset=utf-8", file)); got.Training.ImportCount != want || got.DryRun {
			t.Errorf("got %+v, want %+v", got.Training.ImportCount, want)
		}
	}
	half := file[:len(file)-5]
	f := o.push(t, path, "text/csv", half).problem(t, http.StatusUnprocessableEntity, CodeEvidenceUnreadable)
	if !strings.Contains(f.Detail, "cut off") {
		t.Errorf("half a file: %q", f.Detail)
	}
	o.service.imports <- struct{}{}
	o.push(t, path, "text/csv", file).problem(t, http.StatusServiceUnavailable, CodeOverloaded)
}

func TestPush_OfManyProblemsTheFirstAreTold(t *testing.T) {
	t.Parallel()
	o := listen(t, Evidence{Tables: []source.TableConfig{{Name: "academy"}}})
	for rows, want := range map[int]int{MaxTold: MaxTold, MaxTold + 1: MaxTold} {
		file := "person_external_id,course_code,completed_at\n" + strings.Repeat("x\n", rows) + "1,c,2026-11-01\n"
		if got := evidenceOf(t, o.push(t, trainingPath+"?table=academy", "text/csv", file)); len(got.Training.Problems) != want || got.Refused != rows {
			t.Errorf("%d bad rows: %d problems told, %d refused", rows, len(got.Training.Problems), got.Refused)
		}
	}
}

// pulled are sources that a test asks.
type pulled struct {
	hints    []string
	accepted []string
}

func (p *pulled) Reports() []runner.Report {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	return []runner.Report{{
		Name: "graph", Interval: 5 * time.Minute, LastSuccess: at, LastFailure: at.Add(time.Hour), Failures: 2, Error: "it answered 500",
		Problems: []source.Problem{{Position: 3, ID: "d1", Message: "osVersion is missing"}},
	}, {Name: "fleet", Interval: time.Minute}}
}

func (p *pulled) Hint(name string, ids []string) error {
	if name != "fleet" {
		return runner.ErrUnknownSource
	}
	p.hints = append(p.hints, ids...)
	return nil
}

func (p *pulled) Accept(name string) error {
	if name != "graph" {
		return runner.ErrUnknownSource
	}
	p.accepted = append(p.accepted, name)
	return nil
}

func TestSources_AreReported(t *testing.T) {
	t.Parallel()
	p := &pulled{}
	o := listen(t, Evidence{Sources: p})
	var answer struct{ Sources []sourceReport }
	r := o.call(t, "GET", "/v1/evidence/sources")
	r.decode(t, http.StatusOK, &answer)
	if len(answer.Sources) != 2 || answer.Sources[0].Failures != 2 || answer.Sources[0].Interval != 300 || answer.Sources[0].Problems[0].Position != 3 {
		t.Errorf("got %s", r.body)
	}
	if strings.Contains(string(r.body), "0001-01-01") || strings.Contains(string(r.body), "null") {
		t.Errorf("got %s", r.body)
	}
	for _, one := range answer.Sources {
		text, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		conforms(t, "Source", text)
	}
	if answer := o.call(t, "POST", "/v1/evidence/sources/graph/accept"); answer.status != http.StatusAccepted || !slices.Equal(p.accepted, []string{"graph"}) {
		t.Errorf("got %d, accepted %v", answer.status, p.accepted)
	}
	o.call(t, "POST", "/v1/evidence/sources/x/accept").problem(t, http.StatusNotFound, CodeNotFound)
	none := listen(t, Evidence{})
	none.call(t, "POST", "/v1/evidence/sources/graph/accept").problem(t, http.StatusNotFound, CodeNotFound)
	if got := none.call(t, "GET", "/v1/evidence/sources"); string(got.body) != "{\"sources\":[]}\n" {
		t.Errorf("got %s", got.body)
	}
}

func TestHint_SaysNoMoreThanWhereToLook(t *testing.T) {
	t.Parallel()
	p := &pulled{}
	o := listen(t, Evidence{Sources: p})
	hint := func(source, body string) reply {
		return o.send(t, http.DefaultClient, "POST", "/v1/evidence/hints/"+source, strings.NewReader(body), headers{"Content-Type", "application/json"})
	}
	if answer := hint("fleet", `{"timestamp":"x","hosts":[{"id":4,"compliance":"compliant"},{"id":7}]}`); answer.status != http.StatusAccepted || len(answer.body) != 0 {
		t.Errorf("got %d %s", answer.status, answer.body)
	}
	if !slices.Equal(p.hints, []string{"4", "7"}) {
		t.Errorf("hinted %v", p.hints)
	}
	hint("graph", `{"hosts":[{"id":4}]}`).problem(t, http.StatusNotFound, CodeNotFound)
	hint("fleet", `{"hosts":"all"}`).problem(t, http.StatusUnprocessableEntity, CodeHintUnreadable)
	fit := `{"hosts":[]` + strings.Repeat(" ", MaxHint-12) + `}`
	if answer := hint("fleet", fit); len(fit) != MaxHint || answer.status != http.StatusAccepted {
		t.Errorf("%d bytes: %d", len(fit), answer.status)
	}
	hint("fleet", fit+" ").problem(t, http.StatusRequestEntityTooLarge, "request_too_large")
}

func TestEvidence_TheConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	secret, _ := webhook.NewSecret()
	many := make([]Sender, MaxSenders+1)
	for n := range many {
		many[n] = Sender{Source: fmt.Sprint(n), Secrets: []webhook.Secret{secret}}
	}
	if _, err := newEvidenceDesk(Evidence{Senders: many[1:]}, time.Now); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	_, err := newEvidenceDesk(Evidence{
		Tables:  []source.TableConfig{{Name: "a"}, {Name: "a", Delimiter: 'x'}},
		Senders: append(many, Sender{}, Sender{Source: "1", Secrets: []webhook.Secret{secret}}),
	}, time.Now)
	for _, want := range []string{`two tables are named "a"`, "Delimiter", "11 senders", `sender "" has no name`, "there are 0 secrets", `sender "1" has no name or`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// names is a directory of one.
type names map[string]string

func (n names) PersonID(_ context.Context, name string) (string, error) {
	if name == "broken" {
		return "", errors.New("the database is away")
	}
	return n[name], nil
}
