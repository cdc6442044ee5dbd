package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// transmitter is a running issuer with a receiver, whose token it has.
type transmitter struct {
	*office
	token string
}

// openSignals runs an issuer that has registered one receiver.
func openSignals(t *testing.T, opts options) *transmitter {
	t.Helper()
	before := opts.change
	opts.change = func(c *Config) {
		desk, err := signal.New(signal.Config{
			Issuer: c.Program.URL(), Store: c.Tokens.(*sqlite.Store), Keys: c.Program, Secret: c.Program.SignalSecret(),
			Client: outboundtest.Client(t, outbound.Config{}), Now: c.Now, Logger: c.Logger,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(desk.Close)
		c.Signals = desk
		if before != nil {
			before(c)
		}
	}
	o := &transmitter{office: open(t, opts)}
	o.token = o.receiver(t, "gate")
	return o
}

// receiver registers a receiver and returns its token.
func (o *transmitter) receiver(t testing.TB, name string) string {
	t.Helper()
	var added addedReceiver
	answer := o.operate(t, "POST", "/v1/signals", `{"name":"`+name+`","audience":"https://`+name+`.example"}`)
	answer.decode(t, http.StatusCreated, &added)
	conforms(t, "AddedSignalReceiver", answer.body)
	return added.Secret
}

// as calls with a token; body is JSON unless it is empty.
func (o *transmitter) as(t testing.TB, token, method, path, body string) reply {
	t.Helper()
	with := headers{}
	if token != "" {
		with = append(with, "Authorization", "Bearer "+token)
	}
	if body != "" {
		with = append(with, "Content-Type", "application/json")
	}
	return o.send(t, http.DefaultClient, method, path, strings.NewReader(body), with)
}

func (o *transmitter) call(t testing.TB, method, path, body string) reply {
	t.Helper()
	return o.as(t, o.token, method, path, body)
}

// create makes a stream that is polled.
func (o *transmitter) create(t testing.TB) signal.Configuration {
	t.Helper()
	var made signal.Configuration
	answer := o.call(t, "POST", "/ssf/streams", `{}`)
	answer.decode(t, http.StatusCreated, &made)
	conforms(t, "SignalStream", answer.body)
	return made
}

const pushed = `{"method":"urn:ietf:rfc:8935","endpoint_url":"https://receiver.example/events","authorization_header":"Bearer theirs"}`

// unauthorized insists on what RFC 6750 wants of a refusal.
func (r reply) unauthorized(t testing.TB, known string) {
	t.Helper()
	r.problem(t, http.StatusUnauthorized, map[bool]string{true: CodeCredentialMissing, false: CodeCredentialInvalid}[known == ""])
	got := r.header.Get("WWW-Authenticate")
	if !strings.HasPrefix(got, "Bearer ") || strings.Contains(got, "invalid_token") != (known != "") {
		t.Errorf("WWW-Authenticate is %q", got)
	}
}

// wrongToken has a token's form.
var wrongToken = tokenPrefix + strings.Repeat("A", 43)

// The names are those of the transmitter's tests in the conformance suite of the OpenID
// Foundation (openid/ssf); what each tries is the same.
func TestSSF_Suite(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"PATCH": `{"stream_id":"ID","description":"x"}`, "PUT": `{"stream_id":"ID","description":"x"}`, "POST": `{}`,
	}
	for name, run := range map[string]func(*testing.T, *transmitter){
		"TransmitterMetadata": func(t *testing.T, o *transmitter) {
			var m map[string]any
			o.get(t, "/.well-known/ssf-configuration").decode(t, 200, &m)
			at := o.url
			for member, want := range map[string]any{
				"issuer": at, "jwks_uri": at + "/ssf/jwks.json", "spec_version": "1_0", "configuration_endpoint": at + "/ssf/streams",
				"status_endpoint": at + "/ssf/status", "add_subject_endpoint": at + "/ssf/subjects/add",
				"remove_subject_endpoint": at + "/ssf/subjects/remove", "verification_endpoint": at + "/ssf/verify", "default_subjects": "ALL",
			} {
				if m[member] != want {
					t.Errorf("%s is %v, want %v", member, m[member], want)
				}
			}
			text, _ := json.Marshal([]any{m["delivery_methods_supported"], m["authorization_schemes"]})
			if string(text) != `[["urn:ietf:rfc:8935","urn:ietf:rfc:8936"],[{"spec_urn":"urn:ietf:rfc:6749"}]]` {
				t.Errorf("%s", text)
			}
			var keys struct {
				Keys []struct{ Kid, Alg, D string }
			}
			o.get(t, "/ssf/jwks.json").decode(t, 200, &keys)
			if len(keys.Keys) != 1 || keys.Keys[0].Alg != "ES256" || keys.Keys[0].D != "" {
				t.Errorf("%+v", keys)
			}
		},
		"StreamControlHappyPath": func(t *testing.T, o *transmitter) {
			if got := string(o.call(t, "GET", "/ssf/streams", "").body); got != "[]\n" {
				t.Errorf("before there is one: %s", got)
			}
			made := o.create(t)
			if made.Issuer != o.url || made.Audience != "https://gate.example" || made.Delivery.Method != signal.Poll || made.Delivery.Endpoint != o.url+"/ssf/poll/"+made.ID {
				t.Errorf("%+v", made)
			}
			var read signal.Configuration
			o.call(t, "GET", "/ssf/streams?stream_id="+made.ID, "").decode(t, 200, &read)
			var list []signal.Configuration
			o.call(t, "GET", "/ssf/streams", "").decode(t, 200, &list)
			if len(list) != 1 || list[0].ID != made.ID || read.ID != made.ID {
				t.Errorf("%+v %+v", read, list)
			}
			var changed signal.Configuration
			o.call(t, "PATCH", "/ssf/streams", `{"stream_id":"`+made.ID+`","description":"ours","events_requested":["urn:unknown","`+signal.SessionRevoked+`"]}`).decode(t, 200, &changed)
			if changed.Description != "ours" || len(changed.Delivered) != 1 || changed.Delivered[0] != signal.SessionRevoked || len(changed.Requested) != 2 {
				t.Errorf("%+v", changed)
			}
			var replaced signal.Configuration
			answer := o.call(t, "PUT", "/ssf/streams", `{"stream_id":"`+made.ID+`","delivery":`+pushed+`}`)
			answer.decode(t, 200, &replaced)
			if replaced.Description != "" || replaced.Delivery.Method != signal.Push || len(replaced.Delivered) != 2 || strings.Contains(string(answer.body), "theirs") {
				t.Errorf("%s", answer.body)
			}
			var status signal.Status
			for _, to := range []string{"paused", "disabled", "enabled"} {
				o.call(t, "POST", "/ssf/status", `{"stream_id":"`+made.ID+`","status":"`+to+`","reason":"why"}`).decode(t, 200, &status)
				if string(status.Status) != to || status.Reason != "why" {
					t.Errorf("%+v", status)
				}
				read := o.call(t, "GET", "/ssf/status?stream_id="+made.ID, "")
				read.decode(t, 200, &status)
				conforms(t, "SignalStatus", read.body)
				if string(status.Status) != to {
					t.Errorf("%+v", status)
				}
			}
			if answer := o.call(t, "DELETE", "/ssf/streams?stream_id="+made.ID, ""); answer.status != 204 || len(answer.body) > 0 {
				t.Errorf("%d %s", answer.status, answer.body)
			}
			o.call(t, "GET", "/ssf/streams?stream_id="+made.ID, "").problem(t, 404, CodeNotFound)
		},
		"StreamControlCreateStreamWithoutDelivery": func(t *testing.T, o *transmitter) {
			if made := o.create(t); made.Delivery.Method != signal.Poll || made.Delivery.Endpoint == "" {
				t.Errorf("%+v", made.Delivery)
			}
		},
		"CreateStreamWithBrokenInput": func(t *testing.T, o *transmitter) {
			o.call(t, "POST", "/ssf/streams", `{ broken`).problem(t, 400, CodeValueInvalid)
		},
		"CreateStreamWithInvalidAccessToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "POST", "/ssf/streams", `{}`).unauthorized(t, wrongToken)
		},
		"CreateStreamWithReadOnlyToken": func(t *testing.T, o *transmitter) {
			answer := o.as(t, o.office.token(t, ScopeProgramRead), "POST", "/ssf/streams", `{}`)
			answer.problem(t, 403, CodeScopeMissing)
			if got := answer.header.Get("WWW-Authenticate"); !strings.Contains(got, "insufficient_scope") {
				t.Errorf("WWW-Authenticate is %q", got)
			}
		},
		"CreateStreamWithDuplicateConfig": func(t *testing.T, o *transmitter) {
			o.create(t)
			o.call(t, "POST", "/ssf/streams", `{}`).problem(t, 409, CodeAlreadyExists)
		},
		"ReadStreamWithoutAccessToken": func(t *testing.T, o *transmitter) {
			o.as(t, "", "GET", "/ssf/streams?stream_id="+o.create(t).ID, "").unauthorized(t, "")
		},
		"ReadStreamWithInvalidAccessToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "GET", "/ssf/streams?stream_id="+o.create(t).ID, "").unauthorized(t, wrongToken)
		},
		"ReadStreamWithTokenInUriQuery": func(t *testing.T, o *transmitter) {
			o.as(t, "", "GET", "/ssf/streams?access_token="+o.token, "").problem(t, 400, CodeCredentialMisplaced)
		},
		"ReadUnknownStream": func(t *testing.T, o *transmitter) {
			o.call(t, "GET", "/ssf/streams?stream_id=unknown", "").problem(t, 404, CodeNotFound)
		},
		"UpdateStreamWithInvalidToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "PATCH", "/ssf/streams", bodies["PATCH"]).unauthorized(t, wrongToken)
		},
		"UpdateStreamWithInvalidBody": func(t *testing.T, o *transmitter) {
			o.create(t)
			o.call(t, "PATCH", "/ssf/streams", `{ broken`).problem(t, 400, CodeValueInvalid)
			o.call(t, "PATCH", "/ssf/streams", `{"description":"x"}`).problem(t, 400, CodeValueInvalid)
		},
		"UpdateUnknownStream": func(t *testing.T, o *transmitter) {
			o.call(t, "PATCH", "/ssf/streams", `{"stream_id":"unknown"}`).problem(t, 404, CodeNotFound)
		},
		"ReplaceStreamWithInvalidBody": func(t *testing.T, o *transmitter) {
			o.create(t)
			o.call(t, "PUT", "/ssf/streams", `{ broken`).problem(t, 400, CodeValueInvalid)
		},
		"ReplaceStreamWithInvalidToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "PUT", "/ssf/streams", bodies["PUT"]).unauthorized(t, wrongToken)
		},
		"ReplaceUnknownStream": func(t *testing.T, o *transmitter) {
			o.call(t, "PUT", "/ssf/streams", `{"stream_id":"unknown"}`).problem(t, 404, CodeNotFound)
		},
		"DeleteStreamWithInvalidAccessToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "DELETE", "/ssf/streams?stream_id="+o.create(t).ID, "").unauthorized(t, wrongToken)
		},
		"DeleteUnknownStream": func(t *testing.T, o *transmitter) {
			made := o.create(t)
			o.call(t, "DELETE", "/ssf/streams?stream_id=unknown", "").problem(t, 404, CodeNotFound)
			o.call(t, "DELETE", "/ssf/streams", "").problem(t, 404, CodeNotFound)
			if answer := o.call(t, "GET", "/ssf/streams?stream_id="+made.ID, ""); answer.status != 200 {
				t.Errorf("it is gone: %d", answer.status)
			}
		},
		"ReadStreamStatusWithInvalidAccessToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "GET", "/ssf/status?stream_id="+o.create(t).ID, "").unauthorized(t, wrongToken)
		},
		"ReadStatusOfUnknownStream": func(t *testing.T, o *transmitter) {
			o.call(t, "GET", "/ssf/status?stream_id=unknown", "").problem(t, 404, CodeNotFound)
			o.call(t, "GET", "/ssf/status", "").problem(t, 404, CodeNotFound)
		},
		"StreamVerificationInvalidBody": func(t *testing.T, o *transmitter) {
			o.create(t)
			o.call(t, "POST", "/ssf/verify", `{ broken`).problem(t, 400, CodeValueInvalid)
			o.call(t, "POST", "/ssf/verify", `{"state":"x"}`).problem(t, 400, CodeValueInvalid)
		},
		"StreamVerificationInvalidToken": func(t *testing.T, o *transmitter) {
			o.as(t, wrongToken, "POST", "/ssf/verify", `{"stream_id":"x"}`).unauthorized(t, wrongToken)
		},
		"StreamVerificationUnknownStream": func(t *testing.T, o *transmitter) {
			o.call(t, "POST", "/ssf/verify", `{"stream_id":"unknown"}`).problem(t, 404, CodeNotFound)
		},
		"PollEndpointAuthorization": func(t *testing.T, o *transmitter) {
			id := o.create(t).ID
			o.as(t, "", "POST", "/ssf/poll/"+id, `{}`).unauthorized(t, "")
			o.as(t, wrongToken, "POST", "/ssf/poll/"+id, `{}`).unauthorized(t, wrongToken)
		},
		"StreamSubjectControlHappyPath": func(t *testing.T, o *transmitter) {
			id := o.create(t).ID
			body := `{"stream_id":"` + id + `","subject":{"format":"email","email":"nobody@customer.example"},"verified":true}`
			if answer := o.call(t, "POST", "/ssf/subjects/add", body); answer.status != 200 || len(answer.body) > 0 {
				t.Errorf("%d %s", answer.status, answer.body)
			}
			if answer := o.call(t, "POST", "/ssf/subjects/remove", body); answer.status != 204 || len(answer.body) > 0 {
				t.Errorf("%d %s", answer.status, answer.body)
			}
		},
		"StreamVerificationPollAndAck": func(t *testing.T, o *transmitter) {
			made := o.create(t)
			if answer := o.call(t, "POST", "/ssf/verify", `{"stream_id":"`+made.ID+`","state":"s"}`); answer.status != 204 || len(answer.body) > 0 {
				t.Fatalf("%d %s", answer.status, answer.body)
			}
			polled := o.call(t, "POST", "/ssf/poll/"+made.ID, `{"maxEvents":1,"returnImmediately":true}`)
			var came struct{ Sets map[string]string }
			polled.decode(t, 200, &came)
			if len(came.Sets) != 1 || strings.Contains(string(polled.body), "moreAvailable") {
				t.Fatalf("%s", polled.body)
			}
			for jti := range came.Sets { // StreamVerificationAckOnly
				o.call(t, "POST", "/ssf/poll/"+made.ID, `{"maxEvents":0,"returnImmediately":true,"ack":["`+jti+`"]}`).decode(t, 200, &came)
			}
			var after struct{ Sets map[string]string }
			o.call(t, "POST", "/ssf/poll/"+made.ID, `{"returnImmediately":true}`).decode(t, 200, &after)
			if after.Sets == nil || len(after.Sets) > 0 {
				t.Errorf("%+v", after)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, openSignals(t, options{}))
		})
	}
}
