package webhook

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func endpoint(t *testing.T, secrets []webhook.Secret, handler http.HandlerFunc) *Endpoint {
	t.Helper()
	address, client := outboundtest.Serve(t, handler)
	e, err := New(Config{URL: address + "/hook", Secrets: secrets, Client: client, Now: func() time.Time { return now.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func delivery() notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{ID: "m-1", Person: "p-1", Kind: notify.Lapse, Created: now},
		Body:    notify.Body{At: now, LockAt: now.AddDate(0, 0, 7), Reasons: []notify.Reason{{Kind: "training-expired", Subject: "CB-101", At: now}}},
		About:   notify.Person{ID: "p-1", Name: "Ursula Eriksen", Email: "u@vendor.example"},
		To:      notify.Party{Role: notify.ToOffice, Email: "office@vendor.example"},
	}
}

func TestReceiversCanVerifyWhatTheyGet(t *testing.T) {
	t.Parallel()
	old, _ := webhook.NewSecret()
	next, _ := webhook.NewSecret()
	var header http.Header
	var body []byte
	e := endpoint(t, []webhook.Secret{old, next}, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	receipt, err := e.Carry(t.Context(), delivery())
	if err != nil || receipt.Note != "the receiver took it with 204" || header.Get("Content-Type") != "application/json" {
		t.Fatalf("%+v %v", receipt, err)
	}
	for name, secret := range map[string]webhook.Secret{"old": old, "new": next} {
		got, err := webhook.Verify([]webhook.Secret{secret}, header, body, now.Add(time.Hour))
		if err != nil || got.ID != "m-1" {
			t.Errorf("with the %s secret: %+v %v", name, got, err)
		}
	}
	const want = `{"type":"program.lapse","timestamp":"2026-11-23T08:00:00Z","data":{"person":"p-1","at":"2026-11-23T08:00:00Z",` +
		`"lock_at":"2026-11-30T08:00:00Z","reasons":[{"kind":"training-expired","subject":"CB-101","at":"2026-11-23T08:00:00Z"}]}}`
	if string(body) != want {
		t.Errorf("%s", body)
	}
}

func TestReceiversThatRefuse(t *testing.T) {
	t.Parallel()
	secret, _ := webhook.NewSecret()
	for status, permanent := range map[int]bool{302: true, 401: true, 404: true, 410: true, 429: false, 500: false, 503: false} {
		e := endpoint(t, []webhook.Secret{secret}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://169.254.169.254/")
			w.WriteHeader(status)
		})
		_, err := e.Carry(t.Context(), delivery())
		var never *notify.PermanentError
		if err == nil || errors.As(err, &never) != permanent {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil || err.Error() != "webhook: Client is missing\nwebhook: there are 0 secrets; there must be 1 to 4" {
		t.Errorf("%v", err)
	}
	client, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := webhook.NewSecret()
	for _, bad := range []string{"http://siem.vendor.example/", "https://localhost:8080/", "https://169.254.169.254/"} {
		if _, err := New(Config{URL: bad, Secrets: []webhook.Secret{secret}, Client: client}); outbound.CodeOf(err) != outbound.CodeBlocked {
			t.Errorf("%s: %v", bad, err)
		}
	}
	e, err := New(Config{URL: "https://localhost/", Secrets: []webhook.Secret{secret}, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	var never *notify.PermanentError
	if _, err := e.Carry(t.Context(), delivery()); !errors.As(err, &never) || !strings.Contains(err.Error(), "fetch_blocked") {
		t.Errorf("a name that resolves to this machine: %v", err)
	}
}
