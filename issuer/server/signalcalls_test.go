package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
)

func TestSSF_OneReceiverHasNothingOfAnother(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	other := o.receiver(t, "other")
	id := o.create(t).ID
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/ssf/streams?stream_id=" + id, ""},
		{"PATCH", "/ssf/streams", `{"stream_id":"` + id + `"}`},
		{"PUT", "/ssf/streams", `{"stream_id":"` + id + `"}`},
		{"DELETE", "/ssf/streams?stream_id=" + id, ""},
		{"GET", "/ssf/status?stream_id=" + id, ""},
		{"POST", "/ssf/status", `{"stream_id":"` + id + `","status":"disabled"}`},
		{"POST", "/ssf/subjects/add", `{"stream_id":"` + id + `","subject":{"format":"opaque","id":"x"}}`},
		{"POST", "/ssf/subjects/remove", `{"stream_id":"` + id + `","subject":{"format":"opaque","id":"x"}}`},
		{"POST", "/ssf/verify", `{"stream_id":"` + id + `"}`},
		{"POST", "/ssf/poll/" + id, `{"returnImmediately":true}`},
	} {
		o.as(t, other, c.method, c.path, c.body).problem(t, 404, CodeNotFound)
		// Whoever has the scope and is no receiver has no business here: a token of the
		// office, and the operator.
		o.as(t, o.all, c.method, c.path, c.body).problem(t, 403, CodeStreamForbidden)
		o.operate(t, c.method, c.path, c.body).problem(t, 403, CodeStreamForbidden)
	}
	if got := string(o.as(t, other, "GET", "/ssf/streams", "").body); got != "[]\n" {
		t.Errorf("another receiver sees %s", got)
	}
	o.as(t, o.all, "POST", "/ssf/streams", `{}`).problem(t, 403, CodeStreamForbidden)
}

func TestSSF_CallsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	id := o.create(t).ID
	with := func(members string) string { return `{"stream_id":"` + id + `",` + members + `}` }
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"another iss":                 {"PATCH", "/ssf/streams", with(`"iss":"https://other.example"`), 400, CodeValueInvalid},
		"another aud":                 {"PATCH", "/ssf/streams", with(`"aud":"https://other.example"`), 400, CodeValueInvalid},
		"two audiences":               {"PUT", "/ssf/streams", with(`"aud":["https://gate.example","https://other.example"]`), 400, CodeValueInvalid},
		"other events supported":      {"PUT", "/ssf/streams", with(`"events_supported":["urn:x"]`), 400, CodeValueInvalid},
		"other events delivered":      {"PATCH", "/ssf/streams", with(`"events_delivered":[]`), 400, CodeValueInvalid},
		"another interval":            {"PATCH", "/ssf/streams", with(`"min_verification_interval":1`), 400, CodeValueInvalid},
		"a timeout":                   {"PATCH", "/ssf/streams", with(`"inactivity_timeout":60`), 400, CodeValueInvalid},
		"events that are no array":    {"PATCH", "/ssf/streams", with(`"events_requested":"urn:x"`), 400, CodeValueInvalid},
		"an event that is no text":    {"PATCH", "/ssf/streams", with(`"events_requested":[1]`), 400, CodeValueInvalid},
		"too many events":             {"PATCH", "/ssf/streams", with(`"events_requested":[` + strings.Repeat(`"urn:x",`, 32) + `"urn:x"]`), 400, CodeValueInvalid},
		"a description too long":      {"PATCH", "/ssf/streams", with(`"description":"` + strings.Repeat("x", 1025) + `"`), 400, CodeValueInvalid},
		"another method of delivery":  {"PATCH", "/ssf/streams", with(`"delivery":{"method":"https://schemas.openid.net/secevent/risc/delivery-method/push"}`), 400, CodeValueInvalid},
		"an address over http":        {"PATCH", "/ssf/streams", with(`"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"http://receiver.example"}`), 400, CodeValueInvalid},
		"an address inside":           {"PATCH", "/ssf/streams", with(`"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://10.0.0.1/"}`), 400, CodeValueInvalid},
		"another address to poll":     {"PATCH", "/ssf/streams", with(`"delivery":{"method":"urn:ietf:rfc:8936","endpoint_url":"https://other.example"}`), 400, CodeValueInvalid},
		"a header in two lines":       {"PATCH", "/ssf/streams", with(`"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://receiver.example","authorization_header":"x\r\nHost: y"}`), 400, CodeValueInvalid},
		"a header too long":           {"PATCH", "/ssf/streams", with(`"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://receiver.example","authorization_header":"` + strings.Repeat("x", 4097) + `"}`), 400, CodeValueInvalid},
		"a member twice":              {"PATCH", "/ssf/streams", with(`"description":"a","description":"b"`), 400, CodeValueInvalid},
		"another aud at the creation": {"POST", "/ssf/streams", `{"aud":"https://other.example"}`, 400, CodeValueInvalid},
		"no status":                   {"POST", "/ssf/status", with(`"reason":"x"`), 400, CodeValueInvalid},
		"another status":              {"POST", "/ssf/status", with(`"status":"deleted"`), 400, CodeValueInvalid},
		"a reason too long":           {"POST", "/ssf/status", with(`"status":"paused","reason":"` + strings.Repeat("x", 1025) + `"`), 400, CodeValueInvalid},
		"no subject":                  {"POST", "/ssf/subjects/add", with(`"verified":true`), 400, CodeValueInvalid},
		"a subject without a format":  {"POST", "/ssf/subjects/add", with(`"subject":{"email":"a@b.example"}`), 400, CodeValueInvalid},
		"half a subject":              {"POST", "/ssf/subjects/remove", with(`"subject":{"format":"iss_sub","iss":"x"}`), 400, CodeValueInvalid},
		"a complex user":              {"POST", "/ssf/subjects/add", with(`"subject":{"format":"complex","user":{"format":"complex"}}`), 400, CodeValueInvalid},
		"verified by a text":          {"POST", "/ssf/subjects/add", with(`"subject":{"format":"opaque","id":"x"},"verified":"yes"`), 400, CodeValueInvalid},
		"a state too long":            {"POST", "/ssf/verify", with(`"state":"` + strings.Repeat("x", 1025) + `"`), 400, CodeValueInvalid},
		"a state that is a number":    {"POST", "/ssf/verify", with(`"state":1`), 400, CodeValueInvalid},
		"an array":                    {"POST", "/ssf/verify", `[]`, 400, CodeValueInvalid},
		"a body too large":            {"POST", "/ssf/streams", padded(`{"description":"x"}`, MaxBody+1), 413, "request_too_large"},
		"a poll too large":            {"POST", "/ssf/poll/" + id, padded(`{"returnImmediately":true}`, maxPollBody+1), 413, "request_too_large"},
		"a query that nobody takes":   {"GET", "/ssf/streams?id=x", "", 400, CodeQueryNotAllowed},
		"another method":              {"PUT", "/ssf/status", `{}`, 405, "method_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if f := o.call(t, c.method, c.path, c.body).problem(t, c.status, c.code); f.Detail == "" {
				t.Error("nothing says what to do")
			}
		})
	}
	answer := o.send(t, http.DefaultClient, "POST", "/ssf/verify", strings.NewReader(`{}`), headers{"Authorization", "Bearer " + o.token, "Content-Type", "text/plain"})
	answer.problem(t, 415, "unsupported_media_type")
}

func TestSSF_WhatIsReadCanBeWrittenBack(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	id := o.create(t).ID
	for _, body := range []string{
		`{"stream_id":"` + id + `","delivery":` + pushed + `}`,
		`{"stream_id":"` + id + `","something":{"of":"another version"},"aud":["https://gate.example"]}`,
		string(o.call(t, "GET", "/ssf/streams?stream_id="+id, "").body),
	} {
		for _, method := range []string{"PATCH", "PUT"} {
			if answer := o.call(t, method, "/ssf/streams", body); answer.status != 200 {
				t.Errorf("%s %s: %d %s", method, body, answer.status, answer.body)
			}
		}
	}
	for _, body := range []string{padded(`{"stream_id":"`+id+`"}`, MaxBody), `{"stream_id":"` + id + `","events_requested":[]}`, `{"stream_id":"` + id + `","description":"` + strings.Repeat("x", 1024) + `"}`} {
		if answer := o.call(t, "PATCH", "/ssf/streams", body); answer.status != 200 {
			t.Errorf("%.60s: %d %s", body, answer.status, answer.body)
		}
	}
}

func TestSSF_AVerificationMayBeAskedForOnceAMinute(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	id := o.create(t).ID
	verify := func() reply { return o.call(t, "POST", "/ssf/verify", `{"stream_id":"`+id+`"}`) }
	if answer := verify(); answer.status != 204 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	o.Move(signal.VerificationInterval - time.Microsecond)
	answer := verify()
	answer.problem(t, 429, CodeTooManyRequests)
	if answer.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", answer.header.Get("Retry-After"))
	}
	o.Move(time.Microsecond)
	if answer := verify(); answer.status != 204 {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	o.call(t, "POST", "/ssf/status", `{"stream_id":"`+id+`","status":"disabled"}`)
	o.Move(signal.VerificationInterval)
	verify().problem(t, 400, CodeValueInvalid)
}

func TestSSF_AnAnswerSaysNothingAboutWhoThereIs(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	o.importSample(t)
	id := o.create(t).ID
	b := o.issue(t, eligible(t).ID)
	subject := subjectOf(t, b.Text)
	for _, known := range []string{subject, "somebody-else-0000000", strings.Repeat("x", 129), strings.Repeat("x", 1024)} {
		for _, s := range []string{
			`{"format":"iss_sub","iss":"` + o.url + `","sub":"` + known + `"}`,
			`{"format":"opaque","id":"` + known + `"}`,
			`{"format":"complex","user":{"format":"opaque","id":"` + known + `"},"tenant":{"format":"opaque","id":"x"}}`,
			`{"format":"complex","tenant":{"format":"opaque","id":"x"}}`,
			`{"format":"phone","phone_number":"+12065550123"}`,
		} {
			body := `{"stream_id":"` + id + `","subject":` + s + `}`
			if add := o.call(t, "POST", "/ssf/subjects/add", body); add.status != 200 || len(add.body) > 0 {
				t.Errorf("%s: %d %s", s, add.status, add.body)
			}
			if remove := o.call(t, "POST", "/ssf/subjects/remove", body); remove.status != 204 || len(remove.body) > 0 {
				t.Errorf("%s: %d %s", s, remove.status, remove.body)
			}
		}
	}
	waits := func() int {
		t.Helper()
		var came struct{ Sets map[string]string }
		o.call(t, "POST", "/ssf/poll/"+id, `{"returnImmediately":true}`).decode(t, 200, &came)
		return len(came.Sets)
	}
	o.setStatus(t, b.ID, "suspend", "x")
	if n := waits(); n != 0 {
		t.Errorf("of somebody who was removed %d came", n)
	}
	o.call(t, "POST", "/ssf/subjects/add", `{"stream_id":"`+id+`","subject":{"format":"iss_sub","iss":"`+o.url+`","sub":"`+subject+`"}}`)
	o.setStatus(t, b.ID, "revoke", "x")
	if n := waits(); n != 1 {
		t.Errorf("of somebody who was added %d came", n)
	}
}

func TestSSF_WhatTheOfficeStoppedItsReceiverDoesNotStart(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	id := o.create(t).ID
	o.operate(t, "POST", "/v1/signals/gate/pause", `{"reason":"you refuse everything"}`).decode(t, 200, new(receiverView))
	o.call(t, "POST", "/ssf/status", `{"stream_id":"`+id+`","status":"enabled"}`).problem(t, 403, CodeStreamForbidden)
	var status signal.Status
	o.call(t, "GET", "/ssf/status?stream_id="+id, "").decode(t, 200, &status)
	if status.Status != "paused" || status.Reason != "you refuse everything" {
		t.Errorf("%+v", status)
	}
	o.operate(t, "POST", "/v1/signals/gate/resume", `{}`).decode(t, 200, new(receiverView))
	o.call(t, "POST", "/ssf/status", `{"stream_id":"`+id+`","status":"paused"}`).decode(t, 200, &status)
}

func TestSSF_AnIssuerWithAPathHasItsOwnAddresses(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{path: "/tenant/1"})
	var m signal.Metadata
	o.get(t, "/.well-known/ssf-configuration/tenant/1").decode(t, 200, &m)
	if m.Configuration != o.url+"/tenant/1/ssf/streams" || m.Issuer != o.url+"/tenant/1" {
		t.Errorf("%+v", m)
	}
	o.call(t, "POST", "/tenant/1/ssf/streams", `{}`).decode(t, 201, new(signal.Configuration))
	var d description
	o.get(t, "/openapi.json").decode(t, 200, &d)
	for _, path := range []string{"/.well-known/ssf-configuration/tenant/1", "/tenant/1/ssf/streams", "/tenant/1/ssf/poll/{id}", "/v1/signals"} {
		if d.Paths[path] == nil {
			t.Errorf("%s is missing", path)
		}
	}
}

func TestSignals_TheOfficeRegistersSeesAndForgets(t *testing.T) {
	t.Parallel()
	o := openSignals(t, options{})
	o.create(t)
	o.operate(t, "POST", "/v1/signals", `{"name":"gate","audience":"https://gate.example"}`).problem(t, 409, CodeAlreadyExists)
	o.operate(t, "POST", "/v1/signals", `{"name":"Gate","audience":"https://gate.example"}`).problem(t, 400, CodeValueInvalid)
	o.as(t, o.all, "POST", "/v1/signals", `{"name":"more","audience":"https://gate.example"}`).problem(t, 403, CodePersonRequired)
	o.as(t, o.all, "DELETE", "/v1/signals/gate", "").problem(t, 403, CodePersonRequired)
	o.operate(t, "GET", "/v1/signals/nobody", "").problem(t, 404, CodeNotFound)
	o.operate(t, "POST", "/v1/signals/nobody/pause", `{}`).problem(t, 404, CodeNotFound)
	o.operate(t, "POST", "/v1/signal-keys", `{}`).problem(t, 400, CodeValueInvalid) // no place for RSA keys
	o.operate(t, "POST", "/v1/signals", `{"name":"chosen","audience":"https://chosen.example","chosen_only":true}`)
	var m map[string]any
	o.get(t, "/.well-known/ssf-configuration").decode(t, 200, &m)
	if _, said := m["default_subjects"]; said {
		t.Error("the metadata says for all what does not hold for all")
	}
	var list struct{ Receivers []json.RawMessage }
	o.operate(t, "GET", "/v1/signals", "").decode(t, 200, &list)
	if len(list.Receivers) != 2 {
		t.Fatalf("%d receivers", len(list.Receivers))
	}
	for _, one := range list.Receivers {
		conforms(t, "SignalReceiver", one)
	}
	one := o.operate(t, "GET", "/v1/signals/gate", "")
	conforms(t, "SignalReceiver", one.body)
	if answer := o.operate(t, "POST", "/v1/signals/gate/resend", `{}`); string(answer.body) != "{\"signals\":0}\n" {
		t.Errorf("%s", answer.body)
	}
	if answer := o.operate(t, "DELETE", "/v1/signals/gate", ""); answer.status != 204 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	o.call(t, "GET", "/ssf/streams", "").unauthorized(t, o.token)
	// Another one of that name has nothing of the first.
	again := o.receiver(t, "gate")
	if got := string(o.as(t, again, "GET", "/ssf/streams", "").body); got != "[]\n" {
		t.Errorf("got %s", got)
	}
}

func TestSignals_WhereThereAreNoneNothingIsThere(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	o.get(t, "/.well-known/ssf-configuration").problem(t, 404, CodeNotFound)
	o.get(t, "/v1/signals", "Authorization", "Bearer "+o.all).problem(t, 404, CodeNotFound)
}

// subjectOf is whom a badge is about.
func subjectOf(t testing.TB, text string) string {
	t.Helper()
	_, payload, _, _ := credentialtest.Parts(t, text)
	var claims struct{ Sub string }
	if err := json.Unmarshal([]byte(payload), &claims); err != nil || claims.Sub == "" {
		t.Fatalf("%v in %s", err, payload)
	}
	return claims.Sub
}
