package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// hold makes an exception for somebody.
func (o *office) hold(t testing.TB, ref string, until time.Time) holdView {
	t.Helper()
	var made holdView
	answer := o.post(t, "/v1/people/"+ref+"/holds", fmt.Sprintf(`{"reason":"on leave","until":%q}`, until.Format(time.RFC3339Nano)))
	answer.decode(t, http.StatusCreated, &made)
	conforms(t, "Hold", answer.body)
	return made
}

func (o *office) holdsAt(t testing.TB, path string) []holdView {
	t.Helper()
	var list struct{ Holds []holdView }
	o.call(t, "GET", path).decode(t, http.StatusOK, &list)
	return list.Holds
}

// where asks where somebody stands.
func (o *office) where(t testing.TB, ref string) personProgram {
	t.Helper()
	var view personProgram
	answer := o.call(t, "GET", "/v1/people/"+ref+"/program")
	answer.decode(t, http.StatusOK, &view)
	conforms(t, "PersonProgram", answer.body)
	if strings.Contains(string(answer.body), "null") {
		t.Errorf("an empty list is null: %s", answer.body)
	}
	return view
}

// lapsed moves the clock until somebody's standing was lost, and works it off.
func (o *office) lapsed(t testing.TB, ref string) {
	t.Helper()
	o.Move(o.where(t, ref).LapseAt.Sub(o.Now()) + time.Second)
	o.advanceAll(t)
}

// advanceAll works off what is due, of however many nothing was heard meanwhile.
func (o *office) advanceAll(t testing.TB) (done advanced) {
	t.Helper()
	o.send(t, o.local, "POST", "/v1/program/advance", strings.NewReader(`{"confirm":true}`), headers{"Content-Type", "application/json"}).
		decode(t, http.StatusOK, &done)
	return done
}

func TestHold_KeepsAndRestoresStanding(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t)
	o.lapsed(t, person.ID)
	if view := o.where(t, person.ID); view.Phase != "suspended" || len(view.Reasons) == 0 || view.LockAt.IsZero() {
		t.Fatalf("after the lapse: %+v", view)
	}
	until := o.Now().Add(48 * time.Hour)
	made := o.hold(t, person.ExternalID, until)
	if made.Reason != "on leave" || !made.Until.Equal(until) || !strings.HasPrefix(made.By, "token:") {
		t.Errorf("%+v", made)
	}
	if view := o.where(t, person.ID); view.Phase != "good" || len(view.Holds) != 1 || view.Holds[0].ID != made.ID {
		t.Errorf("held: %+v", view)
	}
	if list := o.holdsAt(t, "/v1/holds"); len(list) != 1 || list[0] != made {
		t.Errorf("those that last: %+v", list)
	}
	for range 2 { // repeated, the first end stays
		var ended holdView
		o.post(t, "/v1/holds/"+made.ID+"/end", "{}").decode(t, http.StatusOK, &ended)
		if !ended.EndedAt.Equal(o.Now()) {
			t.Errorf("%+v", ended)
		}
	}
	if view := o.where(t, person.ID); view.Phase != "suspended" || len(view.Holds) != 0 {
		t.Errorf("after it: %+v", view)
	}
	if o.status(t).Holds != 0 || len(o.holdsAt(t, "/v1/holds")) != 0 || len(o.holdsAt(t, "/v1/people/"+person.ID+"/holds")) != 1 {
		t.Error("it lasts, or was forgotten")
	}
}

func TestHold_ThatIsWrongIsToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	path := "/v1/people/" + eligible(t).ID + "/holds"
	at := func(d time.Duration) string { return o.Now().Add(d).Format(time.RFC3339Nano) }
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
	}{
		"nobody":           {"/v1/people/nobody/holds", `{"reason":"x","until":"` + at(time.Hour) + `"}`, 404, CodeNotFound},
		"no reason":        {path, `{"until":"` + at(time.Hour) + `"}`, 400, CodeValueInvalid},
		"no end":           {path, `{"reason":"x"}`, 400, CodeValueInvalid},
		"over already":     {path, `{"reason":"x","until":"` + at(0) + `"}`, 400, CodeValueInvalid},
		"too long":         {path, `{"reason":"x","until":"` + at(store.MaxHold+time.Microsecond) + `"}`, 400, CodeValueInvalid},
		"a day":            {path, `{"reason":"x","until":"2026-12-24"}`, 400, "json_invalid"},
		"no such hold":     {"/v1/holds/nothing/end", `{}`, 404, CodeNotFound},
		"a member unknown": {"/v1/holds/nothing/end", `{"reason":"x"}`, 400, "json_unknown_name"},
	} {
		t.Run(name, func(t *testing.T) { o.post(t, c.path, c.body).problem(t, c.status, c.code) })
	}
	o.hold(t, eligible(t).ID, o.Now().Add(store.MaxHold)) // the bound itself
}

func TestPerson_SuspendedByTheOfficeGetsNoBadge(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t)
	issued := o.issue(t, person.ID)
	var after personStatus
	answer := o.post(t, "/v1/people/"+person.ExternalID+"/suspend", `{"reason":"laptop lost"}`)
	answer.decode(t, http.StatusOK, &after)
	conforms(t, "PersonStatus", answer.body)
	if len(after.Badges) != 1 || after.Badges[0].ID != issued.ID || after.Badges[0].Status != store.Suspended {
		t.Errorf("%s", answer.body)
	}
	if len(after.Suspensions) != 1 || after.Suspensions[0].Cause != store.ByOffice || after.Suspensions[0].Reason != "laptop lost" {
		t.Errorf("%s", answer.body)
	}
	if view := o.where(t, person.ID); len(view.Suspensions) != 1 || view.Phase != "good" {
		t.Errorf("%+v", view)
	}
	f := o.post(t, "/v1/people/"+person.ID+"/badges", `{"holder_key":`+holderKey(t)+`}`).problem(t, http.StatusConflict, CodeNotEligible)
	if !slices.Equal(f.Reasons, []string{"suspended-by-office"}) {
		t.Errorf("reasons %v", f.Reasons)
	}
	o.post(t, "/v1/people/"+person.ID+"/suspend", `{"reason":"again"}`).decode(t, http.StatusOK, &after)
	if len(after.Badges) != 0 || after.Suspensions[0].Reason != "laptop lost" {
		t.Errorf("repeated: %+v", after)
	}
	o.post(t, "/v1/people/"+person.ID+"/reinstate", `{"reason":"found"}`).decode(t, http.StatusOK, &after)
	if len(after.Badges) != 1 || after.Badges[0].Status != store.Valid || len(after.Suspensions) != 0 {
		t.Errorf("reinstated: %+v", after)
	}
	o.post(t, "/v1/people/nobody/suspend", `{"reason":"x"}`).problem(t, http.StatusNotFound, CodeNotFound)
	o.post(t, "/v1/people/"+person.ID+"/suspend", `{}`).problem(t, http.StatusBadRequest, CodeValueInvalid)
}

func TestPerson_IsExportedAndErased(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t)
	issued := o.issue(t, person.ID)
	var export map[string]json.RawMessage
	answer := o.call(t, "GET", "/v1/people/"+person.ExternalID+"/export")
	answer.decode(t, http.StatusOK, &export)
	conforms(t, "PersonExport", answer.body)
	if !strings.Contains(string(export["badges"]), issued.ID) || !strings.Contains(string(export["person"]), person.ExternalID) ||
		answer.header.Get("Content-Disposition") != `attachment; filename="person.json"` || answer.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %.400s", answer.header, answer.body)
	}
	if got := o.call(t, "DELETE", "/v1/people/"+person.ExternalID); got.status != http.StatusNoContent || len(got.body) != 0 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, path := range []string{"", "/program", "/holds", "/standing"} {
		o.call(t, "GET", "/v1/people/"+person.ID+path).problem(t, http.StatusNotFound, CodeNotFound)
	}
	o.call(t, "DELETE", "/v1/people/"+person.ID).problem(t, http.StatusNotFound, CodeNotFound)
	var left struct {
		ErasedAt time.Time `json:"erased_at"`
		Person   any
	}
	o.call(t, "GET", "/v1/people/"+person.ID+"/export").decode(t, http.StatusOK, &left)
	if left.ErasedAt.IsZero() || left.Person != nil {
		t.Errorf("what stays: %+v", left)
	}
	if got := o.store; got != nil {
		var b badge
		o.call(t, "GET", "/v1/badges/"+issued.ID).decode(t, http.StatusOK, &b)
		if b.Status != store.Invalid {
			t.Errorf("the badge is %s", b.Status)
		}
	}
	if v := o.verify(t, "{}"); !v.Intact {
		t.Errorf("the chain is broken: %+v", v)
	}
}

func TestPerson_ErasingManyTakesTwo(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	d.importSample(t)
	admin := d.signIn(t, "admin", "admin")
	erased := 0
	for _, v := range verdicts(t) {
		answer := d.as(t, admin, "DELETE", "/v1/people/"+v.ID, "")
		if answer.status == http.StatusNoContent {
			erased++
			continue
		}
		answer.problem(t, http.StatusConflict, "proposal_required")
		break
	}
	if erased == 0 || erased > 100 {
		t.Errorf("one officer erased %d people", erased)
	}
}

func TestMessages_ComeInPagesAndByState(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t)
	all := o.queue(t, person.ID, notify.Delivered, notify.Dead, notify.HeldBack, notify.Waiting)
	if len(all) != 4 {
		t.Fatalf("%d messages", len(all))
	}
	var got []messageView
	for after := "0"; after != ""; {
		page := o.messagesOf(t, "?limit=3&after="+after)
		got, after = append(got, page.Messages...), page.Next
	}
	for i := range all {
		if got[i].ID != all[i].ID {
			t.Errorf("the pages have %s in the place of %s", got[i].ID, all[i].ID)
		}
	}
	if page := o.messagesOf(t, "?state=dead&person="+person.ExternalID); len(page.Messages) != 1 || page.Messages[0].Note != "as it went" {
		t.Errorf("%+v", page)
	}
	answer := o.call(t, "GET", "/v1/messages/"+all[0].ID)
	answer.decode(t, http.StatusOK, new(messageView))
	conforms(t, "Message", answer.body)
	for query, code := range map[string]string{
		"state=lost": CodeValueInvalid, "after=x": CodeCursorInvalid, "after=-1": CodeCursorInvalid, "limit=0": CodeLimitInvalid, "kind=lock": CodeQueryNotAllowed,
	} {
		o.call(t, "GET", "/v1/messages?"+query).problem(t, http.StatusBadRequest, code)
	}
	o.call(t, "GET", "/v1/messages?person=nobody").problem(t, http.StatusNotFound, CodeNotFound)
	o.call(t, "GET", "/v1/messages/nothing").problem(t, http.StatusNotFound, CodeNotFound)
}

func TestMessages_DeadAreSentAgainAndHeldAreConfirmed(t *testing.T) {
	t.Parallel()
	o := start(t)
	all := o.queue(t, eligible(t).ID, notify.Delivered, notify.Dead, notify.HeldBack)
	path := func(i int, verb string) string { return "/v1/messages/" + all[i].ID + "/" + verb }
	o.post(t, path(0, "resend"), "{}").problem(t, http.StatusConflict, CodeConflict)
	o.post(t, path(2, "resend"), "{}").problem(t, http.StatusConflict, CodeMessageHeld)
	o.post(t, path(1, "confirm"), "{}").problem(t, http.StatusConflict, CodeMessageNotHeld)
	o.post(t, path(2, "confirm"), "{}").problem(t, http.StatusForbidden, CodePersonRequired)
	o.post(t, "/v1/messages/nothing/confirm", "{}").problem(t, http.StatusNotFound, CodeNotFound)

	var sent messageView
	o.post(t, path(1, "resend"), "{}").decode(t, http.StatusOK, &sent)
	if sent.State != notify.Waiting {
		t.Errorf("%+v", sent)
	}
	o.send(t, o.local, "POST", path(2, "confirm"), strings.NewReader("{}"), headers{"Content-Type", "application/json", OperatorHeader, "m.doe"}).
		decode(t, http.StatusOK, &sent)
	if sent.State != notify.Waiting || sent.ConfirmedBy != "local:m.doe" {
		t.Errorf("%+v", sent)
	}
}
