package server

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// admitted is the record that a gate makes of a decision.
func admitted(id string, d verifier.Decision) visit.Record {
	return visit.Record{
		ID: id, At: d.At, Event: visit.Admitted, Decision: d.ID, StatusIssuedAt: d.Status.IssuedAt,
		Badge: &visit.Badge{
			Issuer: d.Badge.Issuer, Subject: d.Badge.Subject, StatusList: d.Badge.StatusList, Index: d.Badge.Index,
			GivenName: d.Badge.GivenName, FamilyName: d.Badge.FamilyName,
			Organization: d.Badge.Organization, Role: d.Badge.Role, Expires: d.Badge.Expires,
		},
	}
}

func TestGate_FromACodeToWhoIsOnSite(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	code, _, err := s.desk.Invite(t.Context(), gate.Invitation{Name: "North gate", Access: credential.Onsite, Policy: "named"})
	if err != nil {
		t.Fatal(err)
	}
	north := newTablet(t, s)
	paired := north.pair(t, strings.ToLower(code))
	if want := fmt.Sprintf(`{"gate":{"id":%q,"name":"North gate","site":"plant-7","access":"onsite","policy":"named"}}`, north.gate.ID); string(paired.body) != want {
		t.Errorf("paired %d %s, want %s", paired.status, paired.body, want)
	}
	opened := north.open(t)
	cookie := opened.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-cyberbadge-gate=") || !strings.HasSuffix(cookie, "; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict") {
		t.Errorf("the cookie is %q", cookie)
	}
	south := newGate(t, s, gate.Invitation{Name: "South gate"})

	// What a gate has accepted it accepts again; no other gate does, and no login.
	shown := fresh(t, "first")
	first := north.decide(t, shown)
	if !first.Allow || first.Again || first.Gate != north.gate.ID || first.Site != "plant-7" || first.Access != credential.Onsite {
		t.Fatalf("first: %+v", first)
	}
	if d := north.decide(t, shown); !d.Allow || !d.Again {
		t.Errorf("again at the same gate: %s, again %v", d.Reason, d.Again)
	}
	if d := south.decide(t, shown); d.Allow || d.Reason != verifier.Replayed || d.Badge != nil {
		t.Errorf("at a second gate: %s, %v", d.Reason, d.Badge)
	}
	if d := s.post(t, ask(shown, "onsite")).decision(t); d.Reason != verifier.Replayed {
		t.Errorf("without a gate: %s", d.Reason)
	}
	for series, want := range map[string]float64{
		`cyberbadge_verifier_decisions_total{access="onsite",reason="ok"}`:       2,
		`cyberbadge_verifier_decisions_total{access="onsite",reason="replayed"}`: 2,
	} {
		if got := s.sample(t, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}

	// Each record counts once, however often it is sent.
	in := admitted("in-1", first)
	out := visit.Record{ID: "no-1", At: s.Now(), Event: visit.Refused, Reason: "expired", Code: "badge_expired", Offline: true}
	if got := north.keep(t, in, out); !slices.Equal(got, []visit.Result{visit.Kept, visit.Kept}) {
		t.Errorf("records: %q", got)
	}
	if got := north.keep(t, out, in); !slices.Equal(got, []visit.Result{visit.Already, visit.Already}) {
		t.Errorf("the same again: %q", got)
	}
	want := []visit.Presence{{Visit: "in-1", Since: first.At, GateName: "North gate", Badge: *in.Badge}}
	for _, at := range []*tablet{north, south} {
		if got := at.present(t); !reflect.DeepEqual(got, want) {
			t.Errorf("at %s: %+v\nwant %+v", at.gate.Name, got, want)
		}
	}
	if got := south.keep(t, visit.Record{ID: "out-1", At: s.Now(), Event: visit.Left, Visit: "in-1"}); !slices.Equal(got, []visit.Result{visit.Kept}) {
		t.Errorf("left: %q", got)
	}
	if got := north.present(t); len(got) != 0 {
		t.Errorf("still there: %+v", got)
	}
}

func TestGate_SettingsAreAllThatItAsksFor(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil, func(c *verifier.Config) {
		c.MaxStatusAge = 10 * time.Minute
		c.Policy = verifier.Policy{Courses: []string{"CB-101"}, Roles: []string{"auditor", "technician"}}
	})
	auditors := newGate(t, s, gate.Invitation{Name: "Control room", Site: "plant-8", Access: credential.Remote, Policy: "auditors"})
	r := auditors.call(t, "GET", "settings", "")
	want := `{"gate":{"id":"` + auditors.gate.ID + `","name":"Control room","site":"plant-8","access":"remote","policy":"auditors"},` +
		`"policy":{"roles":["auditor"],"courses":["CB-101"]},"max_status_age_seconds":600,` +
		`"register":{"on":true,"retention_seconds":2592000},"help":{"text":"Control room","phone":"+49 30 5550 1000"}}`
	if r.status != 200 || string(r.body) != want || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s\nwant %s", r.status, r.header, r.body, want)
	}
	tag := r.header.Get("Etag")
	if r := auditors.call(t, "GET", "settings", "", "If-None-Match", tag); tag == "" || r.status != 304 || len(r.body) != 0 {
		t.Errorf("with the tag %s: %d %s", tag, r.status, r.body)
	}
	// The decision is by the same.
	if d := auditors.decide(t, fresh(t, "role")); d.Reason != verifier.PolicyDenied || d.Access != credential.Remote || d.Site != "plant-8" {
		t.Errorf("%s, %s at %s", d.Reason, d.Access, d.Site)
	}
	off := startGates(t, func(c *Config) { c.Register = nil })
	r = newGate(t, off, gate.Invitation{}).call(t, "GET", "settings", "")
	if !strings.Contains(string(r.body), `"policy":{},"max_status_age_seconds":900,"register":{"on":false,"retention_seconds":0},`) {
		t.Errorf("without a register: %s", r.body)
	}
}

func TestGate_BundleIsEnoughToDecideWithoutTheService(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb := newGate(t, s, gate.Invitation{})
	empty := tb.call(t, "GET", "bundle", "", "Accept-Encoding", "identity")
	if !strings.HasSuffix(string(empty.body), `,"lists":[]}`) {
		t.Errorf("before any list is known: %s", empty.body)
	}
	tb.decide(t, fresh(t, "has the list fetched"))
	plain := tb.call(t, "GET", "bundle", "", "Accept-Encoding", "identity")
	if plain.status != 200 || plain.header.Get("Etag") == empty.header.Get("Etag") || plain.header.Get("Vary") != "Accept-Encoding" || plain.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", plain.status, plain.header)
	}
	var got bundle
	if err := json.Unmarshal(plain.body, &got); err != nil {
		t.Fatal(err)
	}
	trust, err := verifier.ParseTrust([]byte(got.Trust))
	if err != nil || got.Trust != string(verifiertest.Trust(t).Text()) {
		t.Fatalf("another trust list: %v", err)
	}
	offline, err := verifier.New(verifier.Config{Trust: trust, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer offline.Close()
	for _, list := range got.Lists {
		if err := offline.LoadList(list.Issuer, list.URI, list.Token); err != nil {
			t.Error(err)
		}
	}
	if d := offline.Verify(t.Context(), fresh(t, "offline"), verifier.Request{Access: credential.Onsite}); !d.Allow {
		t.Errorf("offline: %s (%s)", d.Reason, d.Detail)
	}

	zipped := tb.call(t, "GET", "bundle", "", "Accept-Encoding", "br, gzip;q=0.5")
	z, err := gzip.NewReader(bytes.NewReader(zipped.body))
	if err != nil || zipped.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v %v", zipped.header, err)
	}
	if text, err := io.ReadAll(z); err != nil || !bytes.Equal(text, plain.body) {
		t.Errorf("unzipped it is another: %v", err)
	}
	if r := tb.call(t, "GET", "bundle", "", "If-None-Match", zipped.header.Get("Etag")); r.status != 304 || len(r.body) != 0 {
		t.Errorf("with its tag: %d", r.status)
	}
	for _, refuses := range []string{"gzip;q=0", "gzip;q=x", "br", ""} {
		r := tb.call(t, "GET", "bundle", "", "Accept-Encoding", "identity", "Accept-Encoding", refuses)
		if r.header.Get("Content-Encoding") != "" && refuses != "" {
			t.Errorf("Accept-Encoding %q was answered in %s", refuses, r.header.Get("Content-Encoding"))
		}
	}
}

func TestGate_DecisionsHaveTheirPlaceAmongTheOthers(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb := newGate(t, s, gate.Invitation{})
	for range cap(s.service.slots) {
		s.service.slots <- struct{}{}
	}
	r := tb.call(t, "POST", "decisions", `{"presentation":"x"}`)
	r.refused(t, "one more than the bound", 503, CodeOverloaded)
	if r.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	<-s.service.slots
	if d := tb.decide(t, "x"); d.Reason != verifier.Malformed {
		t.Errorf("at the bound: %s", d.Reason)
	}
}

func TestGate_WithoutARegisterNoVisitsAreKept(t *testing.T) {
	t.Parallel()
	s := startGates(t, func(c *Config) { c.Register = nil })
	tb := newGate(t, s, gate.Invitation{})
	tb.call(t, "POST", "visits", `{"records":[]}`).refused(t, "visits", 409, CodeRegisterOff)
	tb.call(t, "GET", "present", "").refused(t, "present", 409, CodeRegisterOff)
}

func TestGate_SeesItsOwnSiteOnly(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	here, elsewhere := newGate(t, s, gate.Invitation{}), newGate(t, s, gate.Invitation{Site: "plant-8"})
	here.keep(t, admitted("in-1", here.decide(t, fresh(t, "a"))))
	if got := here.present(t); len(got) != 1 {
		t.Errorf("here: %+v", got)
	}
	if got := elsewhere.present(t); len(got) != 0 {
		t.Errorf("elsewhere: %+v", got)
	}
}

func TestGate_PageAndItsPartsAreServed(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	for _, path := range []string{"/gate/", "/gate/service-worker.js", "/gate/manifest.webmanifest"} {
		r := do(t, newRequest(t, "GET", s.url+path, ""))
		// 503: built without its pages.
		if r.status != 200 && r.status != 503 || !strings.Contains(r.header.Get("Permissions-Policy"), "camera=(self)") ||
			!strings.Contains(r.header.Get("Content-Security-Policy"), "'wasm-unsafe-eval'") {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
	}
	if r := do(t, newRequest(t, "GET", s.url+"/assets/nothing.js", "")); r.status != 404 {
		t.Errorf("an asset that is not there: %d", r.status)
	}
}

func TestGate_WithoutGatesNothingIsThere(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	for _, call := range []struct{ method, path string }{
		{"GET", "/gate/"}, {"GET", "/gate/service-worker.js"}, {"GET", "/assets/x.js"}, {"POST", "/gate/v1/nonce"}, {"GET", "/gate/v1/settings"},
	} {
		r := do(t, newRequest(t, call.method, g.url+call.path, ""))
		r.refused(t, call.path, http.StatusNotFound, "not_found")
	}
}
