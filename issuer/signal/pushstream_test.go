package signal_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestPush_APausedStreamHoldsAndThenSendsInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stream := w.pushing(t, nil, `,"events_requested":["`+signal.CredentialChange+`"]`)
	pause := func(to string) {
		t.Helper()
		if _, err := w.desk.SetStatus(t.Context(), "gate", []byte(`{"stream_id":"`+stream.ID+`","status":"`+to+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	pause("paused")
	badge := w.issue(t).ID
	for _, to := range []store.Status{store.Suspended, store.Valid, store.Suspended, store.Invalid} {
		w.set(t, badge, to)
		w.Move(time.Second)
	}
	w.drain(t)
	if came := w.receiver.take(); len(came) > 0 {
		t.Fatalf("a paused stream sent %d", len(came))
	}
	pause("enabled")
	w.drain(t)
	var got []string
	for _, text := range w.receiver.take() {
		got = append(got, w.opened(t, text).Event["badge"].(map[string]any)["status"].(string))
	}
	if want := []string{"suspended", "valid", "suspended", "invalid"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	pause("disabled")
	w.set(t, w.issue(t).ID, store.Invalid)
	pause("enabled")
	w.drain(t)
	if came := w.receiver.take(); len(came) > 0 {
		t.Errorf("a disabled stream kept %d", len(came))
	}
}

func TestPush_TheOfficeSaysThatItStopsAStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil)
	if err := w.desk.Hold(t.Context(), "gate", store.SignalPaused, "too many errors", "local"); err != nil {
		t.Fatal(err)
	}
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	came := w.receiver.take()
	if len(came) != 1 {
		t.Fatalf("%d came", len(came))
	}
	s := w.opened(t, came[0])
	want := map[string]any{"status": "paused", "reason": "too many errors"}
	if s.Type != signal.StreamUpdated || !reflect.DeepEqual(s.Event, want) ||
		!reflect.DeepEqual(s.Claims["sub_id"], map[string]any{"format": "opaque", "id": w.state(t).ID}) {
		t.Errorf("%v", s)
	}
	if err := w.desk.Resume(t.Context(), "gate", "", "local"); err != nil {
		t.Fatal(err)
	}
	w.drain(t)
	if got := w.types(t, w.receiver.take()); len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestPush_AnAddressInsideIsNeverCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := outboundtest.Client(t, outbound.Config{})
	w.desk = w.open(t, func(c *signal.Config) { c.Client = client })
	w.register(t, nil)
	for _, address := range []string{
		"http://receiver.example/", "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://10.0.0.1/",
		"https://receiver.example:8443/", "https://u:p@receiver.example/", "https://2130706433/", "", "file:///etc/passwd",
	} {
		_, err := w.desk.Create(t.Context(), "gate", []byte(`{"delivery":{"method":"`+signal.Push+`","endpoint_url":"`+address+`"}}`))
		wantRefused(t, address, err, signal.Invalid)
	}
	// A name that leads inside is found out when it is called.
	w.create(t, `{"delivery":{"method":"`+signal.Push+`","endpoint_url":"https://localhost/"}}`)
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	if s := w.state(t); !strings.Contains(s.Trouble, "fetch_blocked") || s.Waiting != 2 {
		t.Errorf("%+v", s)
	}
}

func TestPush_OneReceiverThatHangsIsNobodyElsesTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil)
	if _, err := w.desk.Register(t.Context(), signal.Registration{Name: "other", Audience: "https://other.example", By: "local"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Create(t.Context(), "other", []byte(`{"delivery":{"method":"`+signal.Push+`","endpoint_url":"`+w.receiver.url+`"}}`)); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	defer close(release)
	hung := make(chan struct{}, 100)
	w.receiver.answers(func(rw http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("Authorization") != "" {
			hung <- struct{}{}
			<-release
			return
		}
		rw.WriteHeader(http.StatusAccepted)
	})
	w.running(t)
	w.set(t, w.issue(t).ID, store.Invalid)
	<-hung
	for range 2 {
		if s := w.opened(t, <-w.receiver.arrived); s.Claims["aud"] != "https://other.example" {
			t.Errorf("%v", s.Claims)
		}
	}
}

func TestPush_NoSecretOfAReceiverIsKeptOrToldInTheClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.pushing(t, nil)
	told, err := json.Marshal([]any{made, w.state(t)})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := w.store.SignalStream(t.Context(), "gate")
	if err != nil {
		t.Fatal(err)
	}
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	for name, text := range map[string]string{"answer": string(told), "database": string(kept.Authorization), "log": w.log.String()} {
		if strings.Contains(text, "theirs") {
			t.Errorf("the %s has the header", name)
		}
	}
	// The same stream with another key has nothing to send.
	w.desk = w.open(t, func(c *signal.Config) {
		c.Secret = make([]byte, 32)
		c.Client = outboundtest.Client(t, outbound.Config{})
	})
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	if s := w.state(t); !strings.Contains(s.Trouble, "sealed with another subject key") {
		t.Errorf("trouble %q", s.Trouble)
	}
}

func TestPush_WhatWaitsForTooLongIsGivenUpAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil)
	w.receiver.status(http.StatusServiceUnavailable, "")
	w.set(t, w.issue(t).ID, store.Invalid)
	w.Move(signal.Life)
	w.drain(t)
	if s := w.state(t); s.Waiting != 2 || s.Lost != 0 {
		t.Errorf("at the bound %+v", s)
	}
	w.Move(time.Microsecond)
	w.drain(t)
	if s := w.state(t); s.Waiting != 0 || s.Lost != 2 {
		t.Errorf("beyond it %+v", s)
	}
}
