package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestImport_TwiceChangesNothing(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	first := o.importSample(t)
	if got := (store.ImportCount{Added: 240}); first.People.ImportCount != got {
		t.Errorf("people %+v, want %+v", first.People.ImportCount, got)
	}
	before, err := o.store.Events(t.Context(), 0, store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	second := o.importSample(t)
	for name, pair := range map[string][2]issuer.FileReport{
		"people": {first.People, second.People}, "training": {first.Training, second.Training}, "devices": {first.Devices, second.Devices},
	} {
		if want := (store.ImportCount{Unchanged: pair[0].Added}); pair[0].Added == 0 || pair[1].ImportCount != want {
			t.Errorf("%s: first %+v, then %+v", name, pair[0].ImportCount, pair[1].ImportCount)
		}
	}
	if !reflect.DeepEqual(first.Notices, second.Notices) {
		t.Error("the notices differ")
	}
	after, err := o.store.Events(t.Context(), 0, store.MaxPage)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d events became %d: %v", len(before), len(after), err)
	}
}

func TestImport_EachFileIsOptional(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	answer := o.importParts(t, part{"people", `{"Resources":[{"id":"1","externalId":"0001","active":true}]}`})
	var report issuer.ImportReport
	answer.decode(t, http.StatusOK, &report)
	conforms(t, "ImportReport", answer.body)
	if report.People.Added != 1 || report.Training.Added != 0 {
		t.Errorf("got %+v", report)
	}
	if bytes.Contains(answer.body, []byte("null")) {
		t.Errorf("an empty list is null: %s", answer.body)
	}
}

func TestImport_AFileThatCannotBeReadStopsIt(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	people := part{"people", `{"Resources":[{"id":"1","externalId":"0001","active":true}]}`}
	for name, c := range map[string]struct {
		file part
		want []string
	}{
		"broken JSON":      {part{"devices", "{\"value\":[\n{\"id\":\"1\",}\n]}"}, []string{"devices", "line 2, column 11"}},
		"the wrong format": {part{"training", `{"value":[]}`}, []string{"training", "statements"}},
		"empty":            {part{"devices", ``}, []string{"devices", "the file is empty"}},
		"the end missing":  {part{"training", "{\"statements\":[\n"}, []string{"training", "line 2", "ends in the middle"}},
	} {
		f := o.importParts(t, people, c.file).problem(t, http.StatusUnprocessableEntity, CodeImportUnreadable)
		for _, want := range c.want {
			if !strings.Contains(f.Detail, want) {
				t.Errorf("%s: %q does not say %q", name, f.Detail, want)
			}
		}
	}
	if answer := o.call(t, "GET", "/v1/people"); string(answer.body) != "{\"people\":[]}\n" {
		t.Errorf("something went in: %s", answer.body)
	}
}

// statement is an xAPI statement of a passed course.
func statement(id, account, course, at string) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"account":{"homePage":"https://hr.vendor.example","name":%q}},
		"verb":{"id":"http://adlnet.gov/expapi/verbs/passed"},
		"object":{"id":"https://lrs.vendor.example/courses/%s"},"timestamp":%q}`, id, account, course, at)
}

func TestImport_ABadRecordIsReportedAndTheRestGoesIn(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	var report issuer.ImportReport
	o.importParts(t,
		part{"people", `{"Resources":[
			{"id":"1","externalId":"0001","active":true,"name":{"givenName":"محمد"}},
			{"id":"1","externalId":"0001","active":true,"name":{"givenName":"Zoë"}},
			{"id":"2","externalId":"0002","active":"perhaps"},
			{"id":"3","active":true},
			{"id":"4","externalId":"0004","active":true}]}`},
		part{"training", `{"statements":[` +
			statement("a0000000-0000-4000-8000-000000000001", "0001", "CB-101", "2026-11-01T08:00:00") + `,` + // no zone
			statement("a0000000-0000-4000-8000-000000000002", "0001", "CB-999", "2026-11-01T08:00:00Z") + `,` +
			statement("a0000000-0000-4000-8000-000000000003", "9999", "CB-101", "2026-11-01T08:00:00Z") + `]}`},
		part{"devices", `{"value":[{"id":"d1","userId":"nobody","deviceName":"L1","operatingSystem":"Windows","osVersion":"10.0.22631.1",
			"complianceState":"compliant","isEncrypted":true,"lastSyncDateTime":"2026-11-22T08:00:00Z"}]}`},
	).decode(t, http.StatusOK, &report)

	if report.People.Added != 2 || report.People.Repeated != 1 || report.Training.Added != 2 || report.Devices.Added != 1 {
		t.Errorf("counts: %+v", report)
	}
	said := func(list []issuer.ImportProblem, id, text string, refused bool) {
		t.Helper()
		if !slices.ContainsFunc(list, func(p issuer.ImportProblem) bool {
			return p.ID == id && strings.Contains(p.Message, text) && p.Refused == refused
		}) {
			t.Errorf("nothing says of %s: %q (refused %v) in %+v", id, text, refused, list)
		}
	}
	said(report.People.Problems, "1", "the same id came earlier", false)
	said(report.People.Problems, "2", "active", true)
	said(report.People.Problems, "3", "externalId is missing", true)
	said(report.Training.Problems, "a0000000-0000-4000-8000-000000000001", "zone", true)
	said(report.Notices, "a0000000-0000-4000-8000-000000000002", `course "CB-999"`, false)
	said(report.Notices, "a0000000-0000-4000-8000-000000000003", `externalId "9999"`, false)
	said(report.Notices, "d1", `"nobody"`, false)
	for _, p := range report.People.Problems {
		if p.Line == 0 || p.Position == 0 {
			t.Errorf("%+v has no place", p)
		}
	}
	var p person
	o.call(t, "GET", "/v1/people/0001").decode(t, http.StatusOK, &p)
	if p.GivenName != "Zoë" {
		t.Errorf("the given name is %q: the later record counts", p.GivenName)
	}
}

func TestImport_AnArabicNameIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	const given, family = "محمد", "الفارسي\u200f <&>"
	o.importParts(t, part{"people", fmt.Sprintf(`{"Resources":[{"id":"1","externalId":"0001","active":true,"name":{"givenName":%q,"familyName":"الفارسي\u200f <&>"}}]}`, given)})
	answer := o.call(t, "GET", "/v1/people/0001")
	var p person
	answer.decode(t, http.StatusOK, &p)
	if p.GivenName != given {
		t.Errorf("got %+q", p.GivenName)
	}
	if p.FamilyName != family && p.FamilyName != "" {
		t.Errorf("got %+q", p.FamilyName)
	}
	if !bytes.Contains(answer.body, []byte(given)) {
		t.Errorf("escaped: %s", answer.body)
	}
}

func TestImport_TwoPeopleWithOneExternalIDAreAConflict(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	o.importParts(t, part{"people", `{"Resources":[{"id":"1","externalId":"0001","active":true}]}`})
	f := o.importParts(t, part{"people", `{"Resources":[{"id":"2","externalId":"0001","active":true}]}`}).
		problem(t, http.StatusConflict, CodeConflict)
	if !strings.Contains(f.Detail, `"0001"`) {
		t.Errorf("detail is %q", f.Detail)
	}
}

func TestImport_OneAtATime(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	people := part{"people", `{"Resources":[]}`}
	o.service.imports <- struct{}{}
	answer := o.importParts(t, people)
	answer.problem(t, http.StatusServiceUnavailable, CodeOverloaded)
	if got := answer.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After is %q", got)
	}
	<-o.service.imports
	for range 2 { // the slot comes back
		if answer := o.importParts(t, people); answer.status != http.StatusOK {
			t.Errorf("afterwards: %d %s", answer.status, answer.body)
		}
	}
}

func TestImport_IsBounded(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	body, contentType := form(t, part{"people", `{"Resources":[{"id":"1","externalId":"0001","active":true}]}`})
	for size, want := range map[int]int{MaxImport: http.StatusOK, MaxImport + 1: http.StatusRequestEntityTooLarge} {
		// What stands before the first part is passed over, line by line.
		before := bytes.Repeat([]byte(strings.Repeat(" ", 1023)+"\n"), size>>10)[:size-len(body)-2]
		whole := append(append(before, "\r\n"...), body...)
		answer := o.send(t, http.DefaultClient, "POST", "/v1/import", bytes.NewReader(whole),
			headers{"Authorization", "Bearer " + o.all, "Content-Type", contentType})
		if len(whole) != size || answer.status != want {
			t.Errorf("%d bytes: %d %s", len(whole), answer.status, answer.body)
		}
		if want != http.StatusOK {
			answer.problem(t, want, "request_too_large")
		}
	}
}

func TestImport_TooMuchInAFileIsTooLarge(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	body, contentType := form(t, part{"people", `{"Resources":[]}`})
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/import", nil)
	request.Header.Set("Content-Type", contentType)
	request.Body = http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(body)), int64(len(body)-60))
	recorder := httptest.NewRecorder()
	o.service.Local().ServeHTTP(recorder, request)
	if recorder.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s", recorder.Code, recorder.Body)
	}
}

func TestImport_WhatASourceWithdrawsCountsNoLonger(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	statement := func(id, verb, object string) string {
		return `{"statements":[{"id":"` + id + `","actor":{"account":{"homePage":"https://hr.vendor.example","name":"0700003"}},
			"verb":{"id":"http://adlnet.gov/expapi/verbs/` + verb + `"},"object":` + object + `,"timestamp":"2026-11-01T08:00:00Z"}]}`
	}
	const passed = "a0000000-0000-4000-8000-000000000001"
	o.importParts(t, part{"training", statement(passed, "passed", `{"id":"https://learning.vendor.example/courses/CB-101"}`)}).
		decode(t, http.StatusOK, new(issuer.ImportReport))
	void := part{"training", statement("a0000000-0000-4000-8000-000000000009", "voided", `{"objectType":"StatementRef","id":"`+passed+`"}`)}
	for _, want := range []int{1, 0} {
		var report issuer.ImportReport
		o.importParts(t, void).decode(t, http.StatusOK, &report)
		if report.Training.Removed != want || len(report.Notices) != 0 {
			t.Errorf("removed %d, want %d: %+v", report.Training.Removed, want, report)
		}
	}
}
