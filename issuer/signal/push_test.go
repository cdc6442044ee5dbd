package signal_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestPush_ARevocationSaysWhichBadgeAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil)
	badge := w.issue(t)
	w.set(t, badge.ID, store.Invalid)
	w.drain(t)
	came := w.receiver.take()
	if got := w.types(t, came); len(got) != 2 || !slices.Contains(got, "credential-change") || !slices.Contains(got, "session-revoked") {
		t.Fatalf("got %v", got)
	}
	var txn []any
	for _, text := range came {
		s := w.opened(t, text)
		if s.Header["typ"] != "secevent+jwt" || s.Header["alg"] != "ES256" {
			t.Errorf("header %v", s.Header)
		}
		want := map[string]any{
			"iss": w.program.URL(), "aud": audience, "iat": float64(w.Now().Unix()), "jti": s.Claims["jti"], "txn": s.Claims["txn"],
			"events": s.Claims["events"], "sub_id": map[string]any{"format": "iss_sub", "iss": w.program.URL(), "sub": s.Claims["sub_id"].(map[string]any)["sub"]},
		}
		if !reflect.DeepEqual(s.Claims, want) {
			t.Errorf("claims %v", s.Claims)
		}
		txn = append(txn, s.Claims["txn"])
		named := map[string]any{"status_list": w.program.ListURI(badge.ListID), "index": float64(badge.Index), "status": "invalid"}
		event := map[string]any{
			"event_timestamp": float64(w.Now().Unix()), "initiating_entity": "admin",
			"reason_admin": map[string]any{"en": "The badge was revoked for good."}, "badge": named,
		}
		if s.Type == signal.CredentialChange {
			event["credential_type"], event["change_type"] = "verifiable-credential", "revoke"
		}
		if !reflect.DeepEqual(s.Event, event) {
			t.Errorf("event %v, want %v", s.Event, event)
		}
		if strings.Contains(fmt.Sprint(s.Claims), "Nuñez") || strings.Contains(fmt.Sprint(s.Claims), w.person) {
			t.Error("the SET tells who it is")
		}
	}
	if txn[0] != txn[1] || txn[0] == "" {
		t.Errorf("one cause is told as %v", txn)
	}
	r := w.receiver.requests[0]
	for name, want := range map[string]string{"Content-Type": "application/secevent+jwt", "Accept": "application/json", "Authorization": "Bearer theirs"} {
		if got := r.Header.Get(name); got != want || r.Method != http.MethodPost {
			t.Errorf("%s %s: %q", r.Method, name, got)
		}
	}
	w.drain(t)
	if more := w.receiver.take(); len(more) > 0 || w.state(t).Waiting > 0 {
		t.Errorf("what was taken is sent again: %v", more)
	}
}

func TestPush_AReceiverThatDidNotAskForBadgesHasNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, func(g *signal.Registration) { g.Badges, g.SubjectFormat = false, store.SignalOpaque })
	w.set(t, w.issue(t).ID, store.Suspended)
	w.drain(t)
	for _, text := range w.receiver.take() {
		s := w.opened(t, text)
		if _, there := s.Event["badge"]; there {
			t.Errorf("%v", s.Event)
		}
		subject := s.Claims["sub_id"].(map[string]any)
		if id, _ := subject["id"].(string); len(subject) != 2 || subject["format"] != "opaque" || id == "" {
			t.Errorf("subject %v", subject)
		}
	}
}

func TestPush_RS256IsSignedByAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, func(g *signal.Registration) { g.Algorithm = store.SignalRS256 })
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	first := w.receiver.take()
	if err := w.desk.RotateRSAKey(); err != nil {
		t.Fatal(err)
	}
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	before, after := w.opened(t, first[0]), w.opened(t, w.receiver.take()[0])
	if before.Header["alg"] != "RS256" || before.Header["kid"] == after.Header["kid"] {
		t.Errorf("%v, then %v", before.Header, after.Header)
	}
}

func TestPush_IsSignedWithTheKeyOfItsDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil)
	w.receiver.status(http.StatusServiceUnavailable, "")
	w.set(t, w.issue(t).ID, store.Invalid)
	w.drain(t)
	before := w.opened(t, w.receiver.take()[0])
	prepared, err := w.program.PrepareKey(t.Context(), store.ForSignals, "", "local")
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := w.program.SigningKey(store.ForSignals)
	if err != nil || id != before.Header["kid"] {
		t.Fatalf("%v %v, %v", id, err, before.Header)
	}
	if _, err := w.program.TaintKey(t.Context(), issuer.KeyRequest{ID: id, By: "local", Reason: "stolen"}); err != nil {
		t.Fatal(err)
	}
	w.receiver.status(http.StatusAccepted, "")
	w.Move(signal.FirstRetry)
	w.drain(t)
	after := w.opened(t, w.receiver.take()[0])
	if after.Header["kid"] != prepared.ID {
		t.Errorf("what waited was signed with %s, the key is %s", after.Header["kid"], prepared.ID)
	}
	if !reflect.DeepEqual(before.Claims, after.Claims) {
		t.Errorf("the SET changed: %v, then %v", before.Claims, after.Claims)
	}
}

// told is what one answer of a receiver leads to.
type told struct {
	status         int
	body           string
	header         []string
	taken, refused bool
	trouble        string
	after          time.Duration
}

func TestPush_WhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil, `,"events_requested":["`+signal.CredentialChange+`"]`)
	for name, c := range map[string]told{
		"202":                       {status: 202, taken: true},
		"202 with a body":           {status: 202, body: "thanks", taken: true},
		"200 without a body":        {status: 200, taken: true},
		"204":                       {status: 204, taken: true},
		"200 of any page":           {status: 200, body: "<html>", trouble: "the receiver answered 200", after: signal.FirstRetry},
		"400 with an error":         {status: 400, body: `{"err":"invalid_key","description":"not\u001bknown"}`, refused: true},
		"400 without":               {status: 400, body: "no", refused: true},
		"400 for the authorization": {status: 400, body: `{"err":"authentication_failed"}`, trouble: "authentication_failed", after: signal.FirstRetry},
		"400 for access":            {status: 400, body: `{"err":"access_denied","description":"x"}`, trouble: "access_denied: x", after: signal.FirstRetry},
		"401":                       {status: 401, trouble: "the receiver answered 401", after: signal.FirstRetry},
		"403":                       {status: 403, trouble: "the receiver answered 403", after: signal.FirstRetry},
		"404":                       {status: 404, trouble: "the receiver answered 404", after: signal.FirstRetry},
		"500":                       {status: 500, trouble: "the receiver answered 500", after: signal.FirstRetry},
		"503 that says when":        {status: 503, header: []string{"Retry-After", "120"}, trouble: "the receiver answered 503", after: 2 * time.Minute},
		"429 that asks for a day":   {status: 429, header: []string{"Retry-After", "86400"}, trouble: "the receiver answered 429", after: signal.MaxAsked},
		"a redirect":                {status: 307, header: []string{"Location", "https://elsewhere.example"}, trouble: "the receiver could not be called: fetch_redirect_refused: a POST is not redirected", after: signal.FirstRetry},
		"a gigabyte":                {status: 202, body: strings.Repeat("x", outbound.DefaultMaxBody+1), trouble: "the receiver could not be called: fetch_too_large: the body is longer than 262144 bytes", after: signal.FirstRetry},
	} {
		t.Run(name, func(t *testing.T) {
			w.receiver.status(c.status, c.body, c.header...)
			w.set(t, w.issue(t).ID, store.Invalid)
			w.drain(t)
			if n := len(w.receiver.take()); n != 1 {
				t.Fatalf("%d calls", n)
			}
			s := w.state(t)
			if (s.Waiting == 0) != c.taken || s.Trouble != c.trouble {
				t.Errorf("%d wait, trouble %q", s.Waiting, s.Trouble)
			}
			if c.trouble != "" && (s.Failures != 1 || !s.RetryAt.Equal(w.Now().Add(c.after))) {
				t.Errorf("failures %d, again in %s", s.Failures, s.RetryAt.Sub(w.Now()))
			}
			if c.refused {
				q, err := w.store.Signals(t.Context(), s.ID, store.SignalQuery{Limit: 1})
				if err != nil || q[0].Refusals != 1 || strings.Contains(q[0].Note, "\x1b") || q[0].Note == "" {
					t.Errorf("%+v %v", q, err)
				}
			}
			// For the next answer nothing waits.
			w.receiver.status(http.StatusAccepted, "")
			w.Move(max(c.after, time.Minute))
			w.drain(t)
			w.receiver.take()
			if s := w.state(t); s.Waiting != 0 || s.Failures != 0 {
				t.Fatalf("%+v", s)
			}
		})
	}
}

func TestPush_NobodyThereIsAskedLessAndLess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil)
	w.receiver.status(http.StatusBadGateway, "")
	for range 4 {
		w.set(t, w.issue(t).ID, store.Invalid)
	}
	w.drain(t)
	if n := len(w.receiver.take()); n != 1 { // of one person one is under way
		t.Errorf("%d calls at once", n)
	}
	for wait := signal.FirstRetry; wait < 2*signal.MaxRetry; wait *= 2 {
		wait = min(wait, signal.MaxRetry)
		w.Move(wait - time.Microsecond)
		w.drain(t)
		if n := len(w.receiver.take()); n != 0 {
			t.Fatalf("asked again before %s", wait)
		}
		w.Move(time.Microsecond)
		w.drain(t)
		if n := len(w.receiver.take()); n != 1 {
			t.Fatalf("%d calls after %s", n, wait)
		}
	}
	w.receiver.status(http.StatusAccepted, "")
	w.Move(signal.MaxRetry)
	w.drain(t)
	if n, s := len(w.receiver.take()), w.state(t); n != 8 || s.Failures != 0 || s.Waiting != 0 || s.Trouble != "" {
		t.Errorf("%d calls, then %+v", n, s)
	}
}

func TestPush_WhatIsRefusedAgainAndAgainIsKeptForSomebodyToLookAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushing(t, nil, `,"events_requested":["`+signal.CredentialChange+`"]`)
	w.receiver.status(http.StatusBadRequest, `{"err":"invalid_request","description":"what is this?"}`)
	w.set(t, w.issue(t).ID, store.Invalid)
	for wait := 5 * time.Second; ; wait *= 5 {
		w.drain(t)
		if w.state(t).Refused > 0 {
			break
		}
		w.Move(wait)
	}
	if n := len(w.receiver.take()); n != signal.MaxRefusals {
		t.Errorf("tried %d times", n)
	}
	refused, err := w.desk.Refused(t.Context(), w.state(t).ID)
	if err != nil || len(refused) != 1 || refused[0].Note != "invalid_request: what is this?" {
		t.Errorf("%+v %v", refused, err)
	}
	w.receiver.status(http.StatusAccepted, "")
	if n, err := w.desk.Requeue(t.Context(), "gate", "local"); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	w.drain(t)
	if s := w.state(t); s.Refused != 0 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}
