package server

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// signer is a system that reports devices.
type signer struct {
	*office
	secrets []webhook.Secret
}

func newSigner(t *testing.T) (signer, webhook.Secret) {
	t.Helper()
	secret, _ := webhook.NewSecret()
	return signer{listen(t, Evidence{Senders: []Sender{{Source: "kolide", Secrets: []webhook.Secret{secret}}}}), []webhook.Secret{secret}}, secret
}

func (s signer) report(t testing.TB, id string, body string, change ...func(http.Header)) reply {
	t.Helper()
	header, err := webhook.Sign(s.secrets, id, s.Now(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(header)
	}
	with := headers{"Content-Type", "application/json"}
	for name, values := range header {
		for _, value := range values {
			with = append(with, name, value)
		}
	}
	return s.send(t, http.DefaultClient, "POST", "/v1/evidence/devices", strings.NewReader(body), with)
}

// laptop reports one device at an instant.
func laptop(at time.Time, id, person, compliance string) string {
	return fmt.Sprintf(`{"type":"devices.reported","timestamp":%q,"devices":[{"id":%q,"user_id":%q,"name":"WIN-1","os":"Windows",
		"os_version":"10.0.22631.4429","compliance":%q,"encrypted":true,"last_seen":%q,"serial":"SN1"}]}`,
		at.Format(time.RFC3339Nano), id, person, compliance, at.Format(time.RFC3339Nano))
}

func (s signer) device(t *testing.T, id string) evidence.Device {
	t.Helper()
	device, err := s.store.Device(t.Context(), evidence.Origin{Source: "kolide", ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return device
}

func TestReport_ChangesTheStandingAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	s.importSample(t)
	person := eligible(t)
	standing := func() (answer struct{ Eligible bool }) {
		s.call(t, "GET", "/v1/people/"+person.ExternalID+"/standing").decode(t, http.StatusOK, &answer)
		return answer
	}
	if !standing().Eligible {
		t.Fatal("not eligible to begin with")
	}
	got := evidenceOf(t, s.report(t, "msg_1", laptop(s.Now(), "d1", person.ID, "noncompliant")))
	if got.Devices.Added != 1 || got.Judged != 1 || got.Losing != 1 || standing().Eligible {
		t.Errorf("got %+v, %+v", got, got.Devices)
	}
	s.Move(time.Second)
	got = evidenceOf(t, s.report(t, "msg_2", laptop(s.Now(), "d1", person.ID, "compliant")))
	if got.Devices.Changed != 1 || got.Losing != 0 || !standing().Eligible {
		t.Errorf("back again: %+v, %+v", got, got.Devices)
	}
}

func TestReport_RepeatedIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	body := laptop(s.Now(), "d1", "p1", "noncompliant")
	evidenceOf(t, s.report(t, "msg_1", body))
	s.report(t, "msg_1", body).problem(t, http.StatusConflict, "webhook_replayed")
	s.Move(webhook.Tolerance)
	old := func(h http.Header) { // the very same headers, as late as they are good
		fresh, err := webhook.Sign(s.secrets, "msg_1", s.Now().Add(-webhook.Tolerance), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		for name := range fresh {
			h[name] = fresh[name]
		}
	}
	s.report(t, "msg_1", body, old).problem(t, http.StatusConflict, "webhook_replayed")
	s.Move(time.Second)
	s.report(t, "msg_1", body, func(h http.Header) {
		h.Set(webhook.HeaderTimestamp, fmt.Sprint(s.Now().Add(-webhook.Tolerance-time.Second).Unix()))
	}).
		problem(t, http.StatusUnauthorized, "webhook_time_out_of_range")
}

func TestReport_WhatIsNotSignedIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	body := laptop(s.Now(), "d1", "p1", "compliant")
	for name, c := range map[string]struct {
		change func(http.Header)
		status int
		code   string
	}{
		"no signature":      {func(h http.Header) { h.Del(webhook.HeaderSignature) }, 400, "webhook_header_invalid"},
		"no id":             {func(h http.Header) { h.Del(webhook.HeaderID) }, 400, "webhook_header_invalid"},
		"two ids":           {func(h http.Header) { h.Add(webhook.HeaderID, "msg_9") }, 400, "webhook_header_invalid"},
		"another id":        {func(h http.Header) { h.Set(webhook.HeaderID, "msg_9") }, 401, "webhook_signature_invalid"},
		"another signature": {func(h http.Header) { h.Set(webhook.HeaderSignature, "v1,"+strings.Repeat("A", 43)+"=") }, 401, "webhook_signature_invalid"},
		"an old time":       {func(h http.Header) { h.Set(webhook.HeaderTimestamp, "1") }, 401, "webhook_time_out_of_range"},
	} {
		s.report(t, "msg_1", body, c.change).problem(t, c.status, c.code)
		_ = name
	}
	token := s.send(t, http.DefaultClient, "POST", "/v1/evidence/devices", strings.NewReader(body),
		headers{"Content-Type", "application/json", "Authorization", "Bearer " + s.all})
	token.problem(t, http.StatusBadRequest, "webhook_header_invalid")
	if devices, err := s.store.Device(t.Context(), evidence.Origin{Source: "kolide", ID: "d1"}); err == nil {
		t.Errorf("something went in: %+v", devices)
	}
	evidenceOf(t, s.report(t, "msg_1", body)) // none of them has used the id up
	listen(t, Evidence{}).send(t, http.DefaultClient, "POST", "/v1/evidence/devices", strings.NewReader(body),
		headers{"Content-Type", "application/json"}).problem(t, http.StatusNotFound, CodeNotFound)
}

func TestReport_SecretsAreRotatedAndSendersKeptApart(t *testing.T) {
	t.Parallel()
	old, _ := webhook.NewSecret()
	next, _ := webhook.NewSecret()
	other, _ := webhook.NewSecret()
	o := listen(t, Evidence{Senders: []Sender{
		{Source: "kolide", Secrets: []webhook.Secret{old, next}}, {Source: "jamf", Secrets: []webhook.Secret{other}},
	}})
	body := laptop(o.Now(), "d1", "p1", "compliant")
	for n, c := range []struct {
		secret webhook.Secret
		source string
	}{{old, "kolide"}, {next, "kolide"}, {other, "jamf"}} {
		s := signer{o, []webhook.Secret{c.secret}}
		evidenceOf(t, s.report(t, fmt.Sprintf("msg_%d", min(n, 1)), body)) // the third has the id of the second, of another sender
		if _, err := o.store.Device(t.Context(), evidence.Origin{Source: c.source, ID: "d1"}); err != nil {
			t.Errorf("%s: %v", c.source, err)
		}
	}
}

func TestReport_ThatWasOvertakenChangesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	at := s.Now()
	evidenceOf(t, s.report(t, "msg_2", laptop(at, "d1", "p1", "compliant")))
	got := evidenceOf(t, s.report(t, "msg_1", laptop(at.Add(-time.Second), "d1", "p1", "noncompliant")))
	if got.Devices.Skipped != 1 || got.Devices.Changed != 0 || s.device(t, "d1").Compliance != "compliant" {
		t.Errorf("got %+v", got.Devices)
	}
	removed := fmt.Sprintf(`{"type":"devices.reported","timestamp":%q,"removed":["d1"]}`, at.Add(-time.Minute).Format(time.RFC3339))
	if got := evidenceOf(t, s.report(t, "msg_0", removed)); got.Devices.Skipped != 1 || got.Devices.Removed != 0 {
		t.Errorf("got %+v", got.Devices)
	}
	again := evidenceOf(t, s.report(t, "msg_3", laptop(at, "d1", "p1", "noncompliant"))) // at the same instant the one that comes later counts
	if again.Devices.Changed != 1 {
		t.Errorf("got %+v", again.Devices)
	}
	gone := fmt.Sprintf(`{"type":"devices.reported","timestamp":%q,"removed":["d1","d2"]}`, at.Add(time.Second).Format(time.RFC3339))
	if got := evidenceOf(t, s.report(t, "msg_4", gone)); got.Devices.Removed != 1 {
		t.Errorf("got %+v", got.Devices)
	}
	if got := evidenceOf(t, s.report(t, "msg_5", laptop(at, "d1", "p1", "compliant"))); got.Devices.Skipped != 1 {
		t.Errorf("what is gone came back by an old report: %+v", got.Devices)
	}
}

// A device's own clock may be off by years: that is kept and left to the policy.
// The report's time is the sender's, and bounded.
func TestReport_FromTheFuture(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	for _, years := range []int{-1, 1} {
		seen := s.Now().AddDate(years, 0, 0)
		body := strings.Replace(laptop(s.Now(), "d1", "p1", "compliant"), `"last_seen":"`+s.Now().Format(time.RFC3339Nano), `"last_seen":"`+seen.Format(time.RFC3339Nano), 1)
		evidenceOf(t, s.report(t, fmt.Sprint("msg_", years+1), body))
		if got := s.device(t, "d1").LastSeen; !got.Equal(seen) {
			t.Errorf("last seen %v, want %v", got, seen)
		}
	}
	evidenceOf(t, s.report(t, "msg_8", laptop(s.Now().Add(webhook.Tolerance), "d1", "p1", "compliant")))
	s.report(t, "msg_9", laptop(s.Now().Add(webhook.Tolerance+time.Second), "d1", "p1", "compliant")).
		problem(t, http.StatusUnprocessableEntity, CodeEvidenceUnreadable)
}

func TestReport_ABadBodyUsesNoIDUp(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	s.report(t, "msg_1", `{"type":"devices.reported"}`).problem(t, http.StatusUnprocessableEntity, CodeEvidenceUnreadable)
	refused := s.report(t, "msg_2", `{"type":"devices.reported","timestamp":"2026-11-23T08:00:00Z","devices":[{"user_id":"p1"}]}`)
	refused.problem(t, http.StatusUnprocessableEntity, CodeEvidenceRefused)
	evidenceOf(t, s.report(t, "msg_1", laptop(s.Now(), "d1", "p1", "compliant")))
}

func TestReport_ADirectorySaysWhoseADeviceIs(t *testing.T) {
	t.Parallel()
	secret, _ := webhook.NewSecret()
	o := listen(t, Evidence{
		Senders: []Sender{{Source: "kolide", Secrets: []webhook.Secret{secret}}}, Directory: names{"anna@vendor.example": "p-anna"},
	})
	s := signer{o, []webhook.Secret{secret}}
	for n, c := range [][2]string{{"anna@vendor.example", "p-anna"}, {"stranger", "stranger"}, {"", ""}} {
		evidenceOf(t, s.report(t, fmt.Sprint("msg_", n), laptop(s.Now(), "d1", c[0], "compliant")))
		if got := s.device(t, "d1").PersonID; got != c[1] {
			t.Errorf("%q: belongs to %q, want %q", c[0], got, c[1])
		}
	}
	s.report(t, "msg_9", laptop(s.Now(), "d1", "broken", "compliant")).problem(t, http.StatusInternalServerError, "internal_error")
	evidenceOf(t, s.report(t, "msg_9", laptop(s.Now(), "d1", "anna@vendor.example", "compliant"))) // its id is free
}

// A storm: whoever is sent away comes again, and nothing that was accepted is lost.
func TestReport_AStormLosesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	const reports = 200
	var sentAway atomic.Int64
	var all sync.WaitGroup
	for n := range reports {
		all.Go(func() {
			body := laptop(s.Now(), fmt.Sprint("d", n), "p1", "compliant")
			for {
				switch answer := s.report(t, fmt.Sprint("msg_", n), body); answer.status {
				case http.StatusOK:
					return
				case http.StatusServiceUnavailable:
					sentAway.Add(1)
				case http.StatusTooManyRequests:
					sentAway.Add(1)
					s.Move(20 * time.Millisecond) // one more is let in
				default:
					t.Errorf("report %d: %d %s", n, answer.status, answer.body)
					return
				}
			}
		})
	}
	all.Wait()
	for n := range reports {
		s.device(t, fmt.Sprint("d", n))
	}
	t.Logf("%d were sent away", sentAway.Load())
	s.Move(time.Minute) // the storm is over

	for range maxReports {
		s.service.evidence.reports <- struct{}{}
	}
	answer := s.report(t, "msg_late", laptop(s.Now(), "late", "p1", "compliant"))
	answer.problem(t, http.StatusServiceUnavailable, CodeOverloaded)
	if answer.header.Get("Retry-After") == "" {
		t.Error("it is not said when to come again")
	}
	<-s.service.evidence.reports
	evidenceOf(t, s.report(t, "msg_late", laptop(s.Now(), "late", "p1", "compliant")))
}

func TestReport_IsBounded(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	body := laptop(s.Now(), "d1", "p1", "compliant")
	fit := body + strings.Repeat(" ", MaxDeviceReport-len(body))
	evidenceOf(t, s.report(t, "msg_1", fit))
	s.report(t, "msg_2", fit+" ").problem(t, http.StatusRequestEntityTooLarge, "request_too_large")
}

func TestReport_AMassChangeIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	s.importSample(t)
	var devices []string
	for _, v := range verdicts(t) {
		if v.Eligible {
			devices = append(devices, fmt.Sprintf(`{"id":"d-%s","user_id":%q,"os":"Windows","os_version":"10.0.22631.4429","compliance":"noncompliant","encrypted":true,"last_seen":%q}`,
				v.ExternalID, v.ID, s.Now().Format(time.RFC3339)))
		}
	}
	body := fmt.Sprintf(`{"type":"devices.reported","timestamp":%q,"devices":[%s]}`, s.Now().Format(time.RFC3339), strings.Join(devices, ","))
	if answer := s.report(t, "msg_1", body); answer.status < 400 {
		t.Errorf("got %d %s", answer.status, answer.body)
	}
	var report issuer.ImportReport
	s.importParts(t, part{"people", `{"Resources":[]}`}).decode(t, http.StatusOK, &report)
	for _, v := range verdicts(t) {
		if v.Eligible {
			var answer struct{ Eligible bool }
			s.call(t, "GET", "/v1/people/"+v.ExternalID+"/standing").decode(t, http.StatusOK, &answer)
			if !answer.Eligible {
				t.Fatalf("%s lost the good standing", v.ExternalID)
			}
			break
		}
	}
}
