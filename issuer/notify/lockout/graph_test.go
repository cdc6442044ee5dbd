package lockout

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clientcredentials"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

func TestGraph_WindowsIsDisabledAndSignedOut(t *testing.T) {
	t.Parallel()
	s, g := newTenant(t)
	receipt, err := g.Lock(t.Context(), order("win-1"))
	if err != nil || s.enabled["entra-1"] || receipt.note() != "done: disable the device in Entra ID, revoke the user's sign-in sessions" {
		t.Fatalf("%+v %v", receipt, err)
	}
	same(t, "revoked", s.revoked, "person-1")
	same(t, "calls", s.made(), "POST /vendor.example/oauth2/v2.0/token", "GET /v1.0/deviceManagement/managedDevices/win-1",
		"PATCH /v1.0/devices(deviceId='entra-1')", "POST /v1.0/users/person-1/revokeSignInSessions")
	receipt, err = g.Unlock(t.Context(), order("win-1"))
	if err != nil || !s.enabled["entra-1"] || receipt.note() != "done: enable the device in Entra ID" {
		t.Fatalf("%+v %v", receipt, err)
	}
	same(t, "calls", s.made(), "GET /v1.0/deviceManagement/managedDevices/win-1", "PATCH /v1.0/devices(deviceId='entra-1')")
}

func TestGraph_MacsAndPhonesAreLockedRemotely(t *testing.T) {
	t.Parallel()
	s, g := newTenant(t)
	for id, manual := range map[string]string{"mac-1": "the PIN that Intune shows", "tel-1": "with the passcode"} {
		o := order(id)
		if receipt, err := g.Lock(t.Context(), o); err != nil || receipt.note() != "done: lock the device through Intune" {
			t.Errorf("%s: %+v %v", id, receipt, err)
		}
		s.made()
		receipt, err := g.Unlock(t.Context(), o)
		if err != nil || len(receipt.Did) != 0 || !strings.Contains(receipt.note(), "left to do: ") || !strings.Contains(receipt.Manual, manual) {
			t.Errorf("%s: %+v %v", id, receipt, err)
		}
		same(t, "calls to unlock", s.made(), "GET /v1.0/deviceManagement/managedDevices/"+id)
	}
	if len(s.locked) != 2 || len(s.revoked) != 0 {
		t.Errorf("%q %q", s.locked, s.revoked)
	}
}

func TestGraph_NothingIsLockedThatMustNotBe(t *testing.T) {
	t.Parallel()
	s, g := newTenant(t)
	for id, want := range map[string]string{
		"win-2":             "as somebody else's; nothing was locked",
		"box-1":             `locks no device with "Linux (ubuntu)"`,
		"gone":              "Microsoft Graph answered 404",
		"win-3":             "not one that the device manager gives",
		"../users/person-1": "not one that the device manager gives",
		"a/b":               "not one that the device manager gives",
		"":                  "not one that the device manager gives",
	} {
		if _, err := g.Lock(t.Context(), order(id)); !isPermanent(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", id, err, want)
		}
	}
	if !s.enabled["entra-5"] || len(s.locked)+len(s.revoked) != 0 {
		t.Errorf("%v %q %q", s.enabled, s.locked, s.revoked)
	}
}

func TestGraph_ATokenIsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	t.Parallel()
	s, g := newTenant(t)
	for _, c := range []struct {
		move   time.Duration
		issued int
	}{{0, 1}, {time.Hour - clientcredentials.Margin - time.Second, 1}, {time.Second, 2}, {time.Minute, 2}} {
		s.clock.Move(c.move)
		if _, err := g.Lock(t.Context(), order("mac-1")); err != nil || s.issued != c.issued {
			t.Errorf("moved %s: %d tokens, want %d (%v)", c.move, s.issued, c.issued, err)
		}
	}
}

func TestGraph_ARefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	s, g := newTenant(t)
	if _, err := g.Lock(t.Context(), order("mac-1")); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	clear(s.tokens) // revoked before their time
	s.mu.Unlock()
	s.made()
	if _, err := g.Lock(t.Context(), order("mac-1")); err != nil || s.issued != 2 {
		t.Errorf("%d tokens, %v", s.issued, err)
	}
	same(t, "calls", s.made(), "GET /v1.0/deviceManagement/managedDevices/mac-1", "POST /vendor.example/oauth2/v2.0/token",
		"GET /v1.0/deviceManagement/managedDevices/mac-1", "POST /v1.0/deviceManagement/managedDevices/mac-1/remoteLock")
	s.fail("GET /v1.0/deviceManagement", answer{status: 401}, answer{status: 401}, answer{status: 401})
	_, err := g.Lock(t.Context(), order("mac-1"))
	if err == nil || isPermanent(err) || !strings.Contains(err.Error(), "refused a fresh token") || s.issued != 3 {
		t.Errorf("%v, %d tokens", err, s.issued)
	}
	if calls := s.made(); len(calls) != 3 {
		t.Errorf("%q", calls)
	}
}

func TestGraph_FailuresOfTheSignInService(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer    answer
		permanent bool
		want      string
	}{
		{answer{status: 401, body: `{"error":"invalid_client","error_description":"secret"}`}, true, "refused our credential (invalid_client)"},
		{answer{status: 400, body: `{"error":"<b>"}`}, true, "refused our credential (no reason given)"},
		{answer{status: 400, body: `no JSON`}, true, "refused our credential (no reason given)"},
		{answer{status: 500}, false, "the sign-in service answered 500"},
		{answer{status: 200, body: `{}`}, false, "something that is no token"},
		{answer{status: 200, body: `<html>`}, false, "something that is no token"},
		{answer{status: 200, body: `{"access_token":"x","token_type":"mac"}`}, false, "something that is no token"},
		{answer{status: 200, body: `{"access_token":"` + strings.Repeat("x", clientcredentials.MaxToken+1) + `","token_type":"Bearer"}`}, false, "something that is no token"},
	} {
		s, g := newTenant(t)
		s.fail("POST /vendor.example", c.answer)
		_, err := g.Lock(t.Context(), order("win-1"))
		if err == nil || isPermanent(err) != c.permanent || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+.80v: %v", c.answer, err)
		}
		if _, err := g.Lock(t.Context(), order("win-1")); err != nil {
			t.Errorf("once it works again: %v", err)
		}
	}
}

func TestGraph_FailuresSayWhenToComeAgain(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"POST /vendor.example", "GET /v1.0/deviceManagement", "PATCH /v1.0/devices", "POST /v1.0/users"} {
		for _, c := range []struct {
			answer    answer
			permanent bool
			after     time.Duration
		}{
			{answer{status: 429, after: "17"}, false, 17 * time.Second},
			{answer{status: 503, after: "120"}, false, 2 * time.Minute},
			{answer{status: 500}, false, 0}, {answer{status: 504}, false, 0},
			{answer{status: 403, body: "person-1"}, true, 0},
		} {
			s, g := newTenant(t)
			s.fail(call, c.answer)
			_, err := g.Lock(t.Context(), order("win-1"))
			var retry *notify.RetryError
			if err == nil || isPermanent(err) != c.permanent || errors.As(err, &retry) != (c.after > 0) || retry != nil && retry.After != c.after || strings.Contains(err.Error(), "person-1") {
				t.Errorf("%s %d: %v", call, c.answer.status, err)
			}
			// Whatever was done, doing it again completes it.
			if _, err := g.Lock(t.Context(), order("win-1")); err != nil || s.enabled["entra-1"] || !slices.Equal(s.revoked, []string{"person-1"}) {
				t.Errorf("%s %d, again: %v %v %q", call, c.answer.status, err, s.enabled, s.revoked)
			}
		}
	}
}

func TestGraph_PlansInWordsWithoutCallingAnybody(t *testing.T) {
	t.Parallel()
	s, g := newTenant(t)
	for os, want := range map[string][2]string{
		"Windows": {"disable the device in Entra ID, revoke the user's sign-in sessions", "enable the device in Entra ID"},
		"macOS":   {"lock the device through Intune", "the Mac asks for the PIN that Intune shows; give it to the person"},
		"Android": {"lock the device through Intune", "the person unlocks it with the passcode"},
		"Linux":   {"nothing: Microsoft Graph locks no device with this system", "the person unlocks it with the passcode"},
	} {
		lock, unlock := g.Plan(notify.Lock, Order{OS: os}), g.Plan(notify.Unlock, Order{OS: os})
		if strings.Join(lock, ", ") != want[0] || strings.Join(unlock, ", ") != want[1] {
			t.Errorf("%s: %q %q", os, lock, unlock)
		}
	}
	same(t, "calls", s.made())
}

func TestNewGraph_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := NewGraph(GraphConfig{Tenant: "a/b"})
	want := "lockout: graph: Tenant must be the tenant's id or domain\nlockout: graph: ClientID is empty\nlockout: graph: ClientSecret is empty\nlockout: graph: Client is missing"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	client, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	good := GraphConfig{Tenant: "t", ClientID: "c", ClientSecret: "s", Client: client}
	if _, err := NewGraph(good); err != nil {
		t.Error(err)
	}
	good.GraphURL = "http://169.254.169.254"
	if _, err := NewGraph(good); outbound.CodeOf(err) != outbound.CodeBlocked {
		t.Errorf("%v", err)
	}
}
