package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

const day = 24 * time.Hour

// forecastOf asks for the forecast, and insists on one that the API describes.
func (o *office) forecastOf(t testing.TB, query string) []foreseen {
	t.Helper()
	var list []foreseen
	answer := o.call(t, "GET", "/v1/program/forecast"+query)
	answer.decode(t, http.StatusOK, &list)
	if strings.Contains(string(answer.body), "null") {
		t.Errorf("an empty list is null: %.300s", answer.body)
	}
	return list
}

func TestForecast_WhatItSaysComesTrue(t *testing.T) {
	t.Parallel()
	o := start(t)
	list := o.forecastOf(t, "")
	if len(list) < 5 || !slices.IsSortedFunc(list, func(a, b foreseen) int { return a.At.Compare(b.At) }) {
		t.Fatalf("%d lapses: %+v", len(list), list)
	}
	now := o.Now()
	for _, f := range list {
		if !f.At.After(now) || f.At.After(now.Add(30*day)) {
			t.Errorf("%s is not within 30 days", f.At)
		}
		if f.Ends != !f.SuspendsAt.IsZero() || f.Ends && (!f.SuspendsAt.Equal(f.At) || !f.LocksAt.Equal(f.At.Add(7*day))) {
			t.Errorf("%+v", f)
		}
		// What is lost is lost for the reason that was foreseen.
		var then standing
		o.call(t, "GET", "/v1/people/"+f.PersonID+"/standing?at="+f.At.Format(time.RFC3339Nano)).decode(t, http.StatusOK, &then)
		if !slices.Contains(then.Reasons, f.Reasons[0]) && f.Ends {
			t.Errorf("%s at %s: %v, foreseen %v", f.ExternalID, f.At, then.Reasons, f.Reasons)
		}
	}
}

func TestForecast_SaysWhatFollows(t *testing.T) {
	t.Parallel()
	o := start(t)
	i := slices.IndexFunc(o.forecastOf(t, ""), func(f foreseen) bool { return f.Ends && f.At.After(o.Now().Add(15*day)) })
	if i < 0 {
		t.Fatal("nobody loses everything between 15 and 30 days from now")
	}
	f := o.forecastOf(t, "")[i]
	want := []time.Time{f.At.Add(-14 * day), f.At.Add(-7 * day), f.At.Add(-day)}
	if !slices.EqualFunc(f.Reminders, want, time.Time.Equal) {
		t.Errorf("reminders %v, want %v", f.Reminders, want)
	}
	until := f.At.Add(10 * day)
	o.hold(t, f.PersonID, until)
	held := o.forecastOf(t, "")[i]
	if !held.HeldUntil.Equal(until) || !held.SuspendsAt.Equal(until) || !held.LocksAt.Equal(until.Add(7*day)) {
		t.Errorf("held until %s: %+v", until, held)
	}
}

func TestForecast_FromOneDayToAYear(t *testing.T) {
	t.Parallel()
	o := start(t)
	if short, long := o.forecastOf(t, "?days=1"), o.forecastOf(t, "?days=366"); len(short) >= len(long) {
		t.Errorf("%d lapses in a day, %d in a year", len(short), len(long))
	}
	for _, days := range []string{"0", "367", "-1", "ten", "1.5"} {
		o.call(t, "GET", "/v1/program/forecast?days="+days).problem(t, http.StatusBadRequest, CodeValueInvalid)
	}
	if empty := open(t, options{}).call(t, "GET", "/v1/program/forecast"); string(empty.body) != "[]\n" {
		t.Errorf("of nobody: %s", empty.body)
	}
}

// status asks how the program is doing.
func (o *office) status(t testing.TB) programState {
	t.Helper()
	var state programState
	answer := o.call(t, "GET", "/v1/program/status")
	answer.decode(t, http.StatusOK, &state)
	conforms(t, "ProgramStatus", answer.body)
	return state
}

func TestStatus_CountsPeopleByWhereTheyAre(t *testing.T) {
	t.Parallel()
	o := start(t)
	good := 0
	for _, v := range verdicts(t) {
		if v.Eligible {
			good++
		}
	}
	state := o.status(t)
	if state.People != 240 || state.Phases["good"] != good || state.Phases["unjudged"] != 0 || state.Policy != o.program.PolicyAt(o.Now()).Digest() {
		t.Errorf("%+v, want %d good", state, good)
	}
	sum := 0
	for _, n := range state.Phases {
		sum += n
	}
	if sum != 240 || !state.NextDue.After(o.Now()) {
		t.Errorf("%+v", state)
	}
	o.Move(80 * day)
	o.advanceAll(t)
	if later := o.status(t); later.Phases["good"] != 0 || later.Phases["suspended"]+later.Phases["locked"] != good {
		t.Errorf("80 days later: %+v", later)
	}
}

func TestStatus_KnowsWhoseManagerCannotBeTold(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	scim := func(id, manager string, active bool) string {
		return fmt.Sprintf(`{"id":%q,"externalId":"00%s","active":%v,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":%q}}}`,
			id, id, active, manager)
	}
	answer := o.importParts(t, part{"people", `{"Resources":[` + strings.Join([]string{
		scim("1", "1", true), scim("2", "1", true), scim("3", "4", true), scim("4", "1", false), scim("5", "nobody", true), scim("6", "", true),
		scim("7", "", false),
	}, ",") + `]}`})
	var report importAnswer
	answer.decode(t, http.StatusOK, &report)
	conforms(t, "ImportReport", answer.body)
	if report.WithoutManager != 4 || report.Judged != 7 {
		t.Errorf("%s", answer.body)
	}
	if state := o.status(t); state.WithoutManager != 4 || state.People != 7 {
		t.Errorf("%+v", state)
	}
}

// postman is a Courier that counts.
type postman struct{ drained int }

func (p *postman) Drain(context.Context) (int, error) {
	p.drained++
	return 3, nil
}

func TestAdvance_WorksOffWhatIsDueOnce(t *testing.T) {
	t.Parallel()
	var carrier postman
	o := open(t, options{change: func(c *Config) { c.Courier = &carrier }})
	o.importSample(t)
	due := o.status(t).NextDue
	o.Move(due.Sub(o.Now()))
	for i, changed := range []bool{true, false} {
		var done advanced
		answer := o.post(t, "/v1/program/advance", "{}")
		answer.decode(t, http.StatusOK, &done)
		conforms(t, "Advanced", answer.body)
		if done.Judged > 0 != changed || done.Delivered != 3 || carrier.drained != i+1 || !done.NextDue.After(due) {
			t.Errorf("call %d: %+v", i, done)
		}
	}
}

// Nothing was heard of most people's devices for a week: it takes a person to say that
// they are to be suspended for it.
func TestAdvance_ConfirmingSilenceTakesAPerson(t *testing.T) {
	t.Parallel()
	o := start(t)
	good := o.status(t).Phases["good"]
	o.Move(8 * day)
	o.post(t, "/v1/program/advance", "{}").decode(t, http.StatusOK, new(advanced))
	left := o.status(t).Phases["good"]
	if left < good/2 {
		t.Fatalf("%d of %d people are good on the ladder", left, good)
	}
	silent := 0
	for _, v := range verdicts(t) {
		if view := o.where(t, v.ID); view.Silent {
			silent++
			if view.Phase != "good" || view.Eligible {
				t.Errorf("silent: %+v", view)
			}
		}
	}
	if silent != left {
		t.Errorf("%d people are said to be silent, %d are good on the ladder", silent, left)
	}
	o.post(t, "/v1/program/advance", `{"confirm":true}`).problem(t, http.StatusForbidden, CodePersonRequired)
	o.post(t, "/v1/program/advance", `{"confirmed":true}`).problem(t, http.StatusBadRequest, "json_unknown_name")
	if done := o.advanceAll(t); done.Judged != left || done.Changed != left {
		t.Errorf("%+v, want %d", done, left)
	}
	if state := o.status(t); state.Phases["good"] != 0 || state.Phases["suspended"] != good {
		t.Errorf("%+v", state.Phases)
	}
}

// queue puts messages about somebody into the outbox, and settles each.
func (o *office) queue(t testing.TB, person string, states ...notify.State) []messageView {
	t.Helper()
	for i, state := range states {
		m := notify.Message{
			Key: fmt.Sprintf("test/%d", i), Person: person, Kind: notify.Reminder, Channel: notify.Mail, To: notify.ToManager,
			Created: o.Now(), Due: o.Now(), Body: []byte(`{}`),
		}
		if state == notify.HeldBack {
			m.Kind, m.Channel, m.To, m.Body = notify.Lock, notify.LockOut, notify.ToOffice, []byte(`{"device":{"source":"graph","id":"d1"}}`)
		}
		if err := o.store.Queue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if state == notify.Waiting {
			continue
		}
		claimed, err := o.store.Claim(t.Context(), m.Channel, o.Now(), 1, time.Minute)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("%d messages claimed: %v", len(claimed), err)
		}
		outcome := notify.Outcome{Attempt: 1, State: state, At: o.Now(), To: notify.ToFallback, Instead: notify.NoManager, Note: "as it went"}
		if err := o.store.Finish(t.Context(), claimed[0].ID, outcome); err != nil {
			t.Fatal(err)
		}
	}
	return o.messagesOf(t, "").Messages
}

func (o *office) messagesOf(t testing.TB, query string) messagePage {
	t.Helper()
	var page messagePage
	o.call(t, "GET", "/v1/messages"+query).decode(t, http.StatusOK, &page)
	return page
}

func TestStatus_CountsMessagesAndTheFallback(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t).ID
	o.queue(t, person, notify.Delivered, notify.Dead, notify.HeldBack, notify.Waiting)
	state := o.status(t)
	if m := state.Messages; m.Waiting != 1 || m.Held != 1 || m.Dead != 1 {
		t.Errorf("%+v", m)
	}
	if f := state.Fallback; f.Messages != 3 || f.Reasons["no-manager"] != 3 || !f.Since.Equal(o.Now().AddDate(0, 0, -30)) {
		t.Errorf("%+v", f)
	}
	o.Move(30*day + time.Second)
	if f := o.status(t).Fallback; f.Messages != 0 {
		t.Errorf("a month later: %+v", f)
	}
}

func TestImport_AMassChangeTakesAPersonToConfirm(t *testing.T) {
	t.Parallel()
	o := start(t)
	var gone []string
	for _, v := range verdicts(t) {
		gone = append(gone, fmt.Sprintf(`{"id":%q,"externalId":%q,"active":false}`, v.ID, v.ExternalID))
	}
	people := part{"people", `{"Resources":[` + strings.Join(gone, ",") + `]}`}
	send := func(client *http.Client, query string) reply {
		body, contentType := form(t, people)
		with := headers{"Content-Type", contentType}
		if client != o.local {
			with = append(with, "Authorization", "Bearer "+o.all)
		}
		return o.send(t, client, "POST", "/v1/import"+query, strings.NewReader(string(body)), with)
	}
	f := send(http.DefaultClient, "").problem(t, http.StatusConflict, CodeMassChange)
	if !strings.Contains(f.Detail, "nothing was taken in") {
		t.Errorf("detail is %q", f.Detail)
	}
	send(http.DefaultClient, "?confirm=true").problem(t, http.StatusForbidden, CodePersonRequired)
	send(http.DefaultClient, "?confirm=yes").problem(t, http.StatusBadRequest, CodeValueInvalid)

	var report importAnswer
	send(http.DefaultClient, "?confirm=true&dry_run=true").decode(t, http.StatusOK, &report)
	if report.Losing < 100 || !report.DryRun || report.Notices == nil || o.status(t).Phases["left"] == 240 {
		t.Errorf("tried only: %+v", report)
	}
	send(o.local, "?confirm=true").decode(t, http.StatusOK, &report)
	if report.Losing < 100 || report.DryRun || o.status(t).Phases["left"] != 240 {
		t.Errorf("confirmed: %+v", report)
	}
}

var _ Courier = (*notify.Courier)(nil)
