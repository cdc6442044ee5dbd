package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestStanding_IsThatOfTheSampleReasonForReason(t *testing.T) {
	t.Parallel()
	o := start(t)
	answer := o.call(t, "GET", "/v1/standing")
	if got := answer.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q", got)
	}
	var got []expected
	answer.decode(t, http.StatusOK, &got)
	if want := verdicts(t); !reflect.DeepEqual(got, want) {
		for i := range min(len(got), len(want)) {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("got %+v, want %+v", got[i], want[i])
			}
		}
		t.Fatalf("%d people, want %d", len(got), len(want))
	}
	if bytes.Contains(answer.body, []byte("null")) {
		t.Error("an empty list is null")
	}
}

func TestStanding_OfOneIsTheOneInTheList(t *testing.T) {
	t.Parallel()
	o := start(t)
	for _, v := range verdicts(t)[:20] {
		for _, ref := range []string{v.ID, v.ExternalID} {
			var got expected
			answer := o.call(t, "GET", "/v1/people/"+ref+"/standing")
			answer.decode(t, http.StatusOK, &got)
			if !reflect.DeepEqual(got, v) {
				t.Errorf("%s: got %+v, want %+v", ref, got, v)
			}
			conforms(t, "Standing", answer.body)
		}
	}
}

func TestStanding_ChangesAtTheInstantItSays(t *testing.T) {
	t.Parallel()
	o := start(t)
	ref := eligible(t).ExternalID
	var now, before, then standing
	o.call(t, "GET", "/v1/people/"+ref+"/standing").decode(t, http.StatusOK, &now)
	if !now.Eligible || now.ChangesAt.IsZero() {
		t.Fatalf("got %+v", now)
	}
	at := func(instant time.Time) string {
		return "/v1/people/" + ref + "/standing?at=" + instant.Format(time.RFC3339)
	}
	o.call(t, "GET", at(now.ChangesAt.Add(-time.Second))).decode(t, http.StatusOK, &before)
	o.call(t, "GET", at(now.ChangesAt)).decode(t, http.StatusOK, &then)
	if !before.Eligible || !before.ChangesAt.Equal(now.ChangesAt) {
		t.Errorf("a second before: %+v", before)
	}
	if reflect.DeepEqual(then.Access, now.Access) && reflect.DeepEqual(then.Reasons, now.Reasons) {
		t.Errorf("nothing has changed: %+v", then)
	}
	var everybody []standing
	o.call(t, "GET", strings.Replace(at(now.ChangesAt), "/people/"+ref, "", 1)).decode(t, http.StatusOK, &everybody)
	for _, one := range everybody {
		if one.ExternalID == ref && !reflect.DeepEqual(one, then) {
			t.Errorf("in the list %+v, alone %+v", one, then)
		}
	}
}

func TestStanding_OfNobodyIsAnEmptyArray(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	if answer := o.call(t, "GET", "/v1/standing"); answer.status != http.StatusOK || string(answer.body) != "[]\n" {
		t.Errorf("got %d %q", answer.status, answer.body)
	}
}

func TestStanding_AFewReadersAtOnceAndNoMore(t *testing.T) {
	t.Parallel()
	o := start(t)
	for range maxWalks {
		o.service.walks <- struct{}{}
	}
	refused := o.call(t, "GET", "/v1/standing")
	refused.problem(t, http.StatusServiceUnavailable, CodeOverloaded)
	if got := refused.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After is %q", got)
	}
	<-o.service.walks
	for range 2 { // a slot comes back
		if answer := o.call(t, "GET", "/v1/standing"); answer.status != http.StatusOK {
			t.Errorf("with one slot free: %d", answer.status)
		}
	}
}

// brokenPipe is a caller who is gone.
type brokenPipe struct{ http.ResponseWriter }

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestStanding_HalfAnAnswerIsBrokenOff(t *testing.T) {
	t.Parallel()
	o := start(t)
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("recovered %v", got)
		}
		if len(o.service.walks) != 0 {
			t.Error("the slot is still taken")
		}
	}()
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/standing", nil)
	o.service.Local().ServeHTTP(brokenPipe{httptest.NewRecorder()}, request)
}

func TestStanding_AnErrorBeforeTheFirstByteIsAProblem(t *testing.T) {
	t.Parallel()
	o := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder := httptest.NewRecorder()
	o.service.Local().ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, "GET", "/v1/standing", nil))
	var f failure
	if err := json.Unmarshal(recorder.Body.Bytes(), &f); err != nil || f.Code != "unavailable" {
		t.Errorf("got %d %s", recorder.Code, recorder.Body)
	}
}

func TestPeople_PagesHoldEverybodyOnce(t *testing.T) {
	t.Parallel()
	o := start(t)
	var refs []string
	after := ""
	for {
		var page peoplePage
		answer := o.call(t, "GET", "/v1/people?limit=80&after="+after)
		answer.decode(t, http.StatusOK, &page)
		conforms(t, "People", answer.body)
		for _, p := range page.People {
			refs = append(refs, p.ExternalID)
		}
		if page.Next == "" {
			break
		}
		after = page.Next
	}
	want := verdicts(t)
	if len(refs) != len(want) {
		t.Fatalf("%d people, want %d", len(refs), len(want))
	}
	for i := range want {
		if refs[i] != want[i].ExternalID {
			t.Fatalf("person %d is %s, want %s", i, refs[i], want[i].ExternalID)
		}
	}
}

func TestPeople_ByIDByExternalIDAndWithASlash(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	o.importParts(t, part{"people", `{"Resources":[{"id":"id/1","externalId":"ext/1 ü","active":true}]}`})
	for _, ref := range []string{"id%2F1", "ext%2F1%20%C3%BC"} {
		var p person
		answer := o.call(t, "GET", "/v1/people/"+ref)
		answer.decode(t, http.StatusOK, &p)
		if p.ID != "id/1" || p.ExternalID != "ext/1 ü" || !p.Active {
			t.Errorf("%s: got %+v", ref, p)
		}
		conforms(t, "Person", answer.body)
	}
}
