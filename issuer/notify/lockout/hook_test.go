package lockout

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

func TestTheHookIsSigned(t *testing.T) {
	t.Parallel()
	secret, _ := webhook.NewSecret()
	var header http.Header
	var body []byte
	status := http.StatusAccepted
	address, client := outboundtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
	}))
	h, err := NewHook(HookConfig{URL: address, Secrets: []webhook.Secret{secret}, Client: client, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	o := Order{ID: "m-1", Person: "person-1", Device: notify.Device{Source: "jamf", ID: "7"}, Reasons: []notify.Reason{{Kind: "device-stale", Subject: "7"}}}
	receipt, err := h.Lock(t.Context(), o)
	if err != nil || receipt.note() != "done: have the webhook lock the device" {
		t.Fatalf("%+v %v", receipt, err)
	}
	got, err := webhook.Verify([]webhook.Secret{secret}, header, body, now)
	const want = `{"type":"device.lock","timestamp":"2026-11-23T08:00:00Z","data":{"device":{"source":"jamf","id":"7"},"person":"person-1","reasons":[{"kind":"device-stale","subject":"7"}]}}`
	if err != nil || got.ID != "m-1-lock" || string(body) != want {
		t.Errorf("%+v %v %s", got, err, body)
	}
	if _, err := h.Unlock(t.Context(), o); err != nil || header.Get("Webhook-Id") != "m-1-unlock" || !strings.Contains(string(body), `"device.unlock"`) {
		t.Errorf("%v %s", err, body)
	}
	status = http.StatusNotFound
	if _, err := h.Lock(t.Context(), o); !isPermanent(err) {
		t.Errorf("%v", err)
	}
	if _, err := NewHook(HookConfig{}); err == nil || err.Error() != "lockout: hook: Client is missing\nwebhook: there are 0 secrets; there must be 1 to 4" {
		t.Errorf("%v", err)
	}
}
