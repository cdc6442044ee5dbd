package lockout

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// host is what Fleet says of one.
type fleetServer struct {
	answers map[string]answer
	calls   []string
}

func (f *fleetServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + r.URL.Path
	f.calls = append(f.calls, call)
	if r.Header.Get("Authorization") != "Bearer fleet-token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a, ok := f.answers[call]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Retry-After", a.after)
	w.WriteHeader(a.status)
	if a.status != http.StatusNoContent {
		_, _ = w.Write([]byte(a.body))
	}
}

func newFleet(t *testing.T, answers map[string]answer) (*fleetServer, *Fleet) {
	t.Helper()
	s := &fleetServer{answers: answers}
	address, client := outboundtest.Serve(t, s)
	f, err := NewFleet(FleetConfig{URL: address + "/", Token: "fleet-token", Client: client, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

func host(status, pending string) answer {
	return answer{status: 200, body: `{"host":{"id":8,"mdm":{"device_status":"` + status + `","pending_action":"` + pending + `"}}}`}
}

func TestFleet_LocksAndUnlocks(t *testing.T) {
	t.Parallel()
	const lock, unlock, read = "POST /api/v1/fleet/hosts/8/lock", "POST /api/v1/fleet/hosts/8/unlock", "GET /api/v1/fleet/hosts/8"
	cases := []struct {
		name, os string
		answers  map[string]answer
		unlock   bool
		want     string // of the receipt, or of the error
		kind     string // "", "never" or "later"
		calls    int
	}{
		{"lock", "Windows", map[string]answer{lock: {status: 204}}, false, "done: lock the device through Fleet", "", 1},
		{"lock a Mac", "macOS", map[string]answer{lock: {status: 200, body: `{"unlock_pin":"123456"}`}}, false, "done: lock the device through Fleet", "", 1},
		{"unlock", "Linux", map[string]answer{unlock: {status: 204}}, true, "done: unlock the device through Fleet", "", 1},
		{"unlock a Mac", "macOS", map[string]answer{unlock: {status: 200, body: `{"host_id":8,"unlock_pin":"123456"}`}}, true, "left to do: the Mac asks for the PIN that Fleet shows; give it to the person", "", 1},
		{"locked already", "Windows", map[string]answer{lock: {status: 422}, read: host("locked", "")}, false, "done: lock the device through Fleet", "", 2},
		{"about to be locked", "Windows", map[string]answer{lock: {status: 409}, read: host("unlocked", "lock")}, false, "done: lock the device through Fleet", "", 2},
		{"locked, about to be unlocked", "Windows", map[string]answer{lock: {status: 422}, read: host("locked", "unlock")}, false, "Fleet answered 422", "never", 2},
		{"MDM is off", "Windows", map[string]answer{lock: {status: 422}, read: host("unlocked", "")}, false, "Fleet answered 422", "never", 2},
		{"unlocked already", "Windows", map[string]answer{unlock: {status: 422}, read: host("unlocked", "")}, true, "done: unlock the device through Fleet", "", 2},
		{"not Premium", "Windows", map[string]answer{lock: {status: 402}}, false, "Fleet answered 402", "never", 1},
		{"unknown", "Windows", nil, false, "Fleet answered 404", "never", 1},
		{"broken", "Windows", map[string]answer{lock: {status: 500}}, false, "Fleet answered 500", "later", 1},
		{"broken while it is asked", "Windows", map[string]answer{lock: {status: 422}, read: {status: 502}}, false, "Fleet answered 502", "later", 2},
		{"nonsense while it is asked", "Windows", map[string]answer{lock: {status: 422}, read: {status: 200, body: "<html>"}}, false, "lockout: the device manager's answer is not what it should be", "later", 2},
	}
	for _, c := range cases {
		s, f := newFleet(t, c.answers)
		o := Order{Device: notify.Device{Source: "fleet", ID: "8"}, OS: c.os}
		act := f.Lock
		if c.unlock {
			act = f.Unlock
		}
		receipt, err := act(t.Context(), o)
		got, kind := receipt.note(), ""
		if err != nil {
			got, kind = err.Error(), map[bool]string{true: "never", false: "later"}[isPermanent(err)]
		}
		if got != c.want || kind != c.kind || len(s.calls) != c.calls {
			t.Errorf("%s: %q (%s) with %q", c.name, got, kind, s.calls)
		}
		if strings.Contains(got, "123456") {
			t.Errorf("%s: the PIN is in the outcome", c.name)
		}
	}
	s, f := newFleet(t, map[string]answer{lock: {status: 429, after: "3"}})
	var retry *notify.RetryError
	if _, err := f.Lock(t.Context(), Order{Device: notify.Device{ID: "8"}}); !errors.As(err, &retry) || retry.After != 3*time.Second {
		t.Errorf("%v", err)
	}
	s.calls = nil
	if _, err := f.Lock(t.Context(), Order{Device: notify.Device{ID: "8/../9"}}); !isPermanent(err) || len(s.calls) != 0 {
		t.Errorf("%v %q", err, s.calls)
	}
	if _, err := NewFleet(FleetConfig{}); err == nil || err.Error() != "lockout: fleet: Token is empty\nlockout: fleet: Client is missing" {
		t.Errorf("%v", err)
	}
}
