package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// scripted serves lists the way a page does: as a function that gives promises.
func scripted(lists *verifiertest.Lists) js.Func {
	return function(func(args []js.Value) (any, error) {
		uri, err := textAt(args, 0)
		if err != nil {
			return nil, err
		}
		return promise(func() (string, error) { return lists.Fetch(context.Background(), uri) }), nil
	})
}

func text(t *testing.T, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// ask asks a handle as a script does.
func ask(t *testing.T, h js.Value, presentation string, asked request) verifier.Decision {
	t.Helper()
	answer, err := await(t.Context(), h.Call("verify", presentation, text(t, asked)))
	if err != nil {
		t.Fatal(err)
	}
	var d verifier.Decision
	if err := json.Unmarshal([]byte(answer.String()), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAttacks puts every attack through what scripts call, lists included.
func TestAttacks(t *testing.T) {
	verifiertest.Run(t, func(t *testing.T, c verifiertest.Case) verifier.Decision {
		serve := scripted(c.Serve())
		defer serve.Release()
		config := c.Config(t, nil)
		config.Fetcher = fetcherAt([]js.Value{serve.Value}, 0)
		v, err := verifier.New(config)
		if err != nil {
			t.Fatal(err)
		}
		h := js.ValueOf(newHandle(v, &clock{}))
		defer h.Call("close")
		if c.Before != "" {
			ask(t, h, c.Before, request(c.Request))
		}
		return ask(t, h, c.Presentation, request(c.Request))
	})
}

// opened is a verifier at credentialtest.Now, as a page opens it.
func opened(t *testing.T, change func(*settings), lists *verifiertest.Lists) js.Value {
	t.Helper()
	given := settings{
		Trust:                   string(verifiertest.TrustFile(t)),
		ClockOffsetMilliseconds: time.Until(credentialtest.Now).Milliseconds(),
	}
	if change != nil {
		change(&given)
	}
	serve := scripted(lists)
	t.Cleanup(serve.Release)
	return js.ValueOf(newAPI()).Call("open", text(t, given), serve)
}

func good(t *testing.T) (presentation string, lists *verifiertest.Lists) {
	t.Helper()
	lists = verifiertest.NewLists()
	lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now, revocation.Valid))
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	return credentialtest.MustPresent(t, badge, credentialtest.Now), lists
}

func TestOpen_DecidesOnAGateCodeWithAFetchedList(t *testing.T) {
	presentation, lists := good(t)
	gateCode, err := qr.Pack(credentialtest.IssuerURL, presentation)
	if err != nil {
		t.Fatal(err)
	}
	if got := js.ValueOf(newAPI()).Call("unpack", gateCode); got.String() != presentation {
		t.Errorf("unpack gave %v", got)
	}
	h := opened(t, nil, lists)
	d := ask(t, h, gateCode, request{Access: credential.Onsite, Site: "North"})
	if !d.Allow || d.Badge == nil || d.Badge.FamilyName != "Rößler" || d.Site != "North" || d.Status == nil {
		t.Errorf("got %+v", d)
	}
	if again := ask(t, h, gateCode, request{Access: credential.Onsite}); again.Reason != verifier.Replayed {
		t.Errorf("the same code again is %s", again.Reason)
	}
}

func TestOpen_KnowsLoadedListsWithoutFetching(t *testing.T) {
	presentation, _ := good(t)
	token := verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now, revocation.Invalid)
	nowhere := verifiertest.NewLists()
	loaded := opened(t, func(s *settings) {
		s.Lists = []loadedList{{credentialtest.IssuerURL, credentialtest.ListURI, token}}
	}, nowhere)
	if d := ask(t, loaded, presentation, request{Access: credential.Onsite}); d.Reason != verifier.Revoked || nowhere.Fetches() != 0 {
		t.Errorf("reason %s after %d fetches", d.Reason, nowhere.Fetches())
	}
	later := opened(t, nil, nowhere)
	if got := later.Call("loadList", credentialtest.IssuerURL, credentialtest.ListURI, token); !got.IsNull() {
		t.Errorf("loadList gave %v", got)
	}
	if d := ask(t, later, presentation, request{Access: credential.Onsite}); d.Reason != verifier.Revoked {
		t.Errorf("reason %s", d.Reason)
	}
	refused := later.Call("loadList", credentialtest.IssuerURL, "https://elsewhere.example/1", token)
	if got := refused.Get("code"); got.String() != "status_uri_not_allowed" {
		t.Errorf("a list from elsewhere: code %v", got)
	}
}

func TestVerify_AtAGateWithAPolicy(t *testing.T) {
	presentation, lists := good(t)
	h := opened(t, nil, lists)
	asked := request{Access: credential.Onsite, Gate: "north"}
	if d := ask(t, h, presentation, asked); !d.Allow || d.Again || d.Gate != "north" {
		t.Errorf("first: %+v", d)
	}
	if d := ask(t, h, presentation, asked); !d.Allow || !d.Again {
		t.Errorf("again: %+v", d)
	}
	asked.Policy = verifier.Policy{Roles: []string{"astronaut"}}
	if d := ask(t, h, presentation, asked); d.Reason != verifier.PolicyDenied {
		t.Errorf("with a policy: %s", d.Reason)
	}
}

func TestLists_SayHowOldTheyAre(t *testing.T) {
	presentation, lists := good(t)
	h := opened(t, nil, lists)
	if got := h.Call("lists").String(); got != "[]" {
		t.Errorf("before the first: %s", got)
	}
	ask(t, h, presentation, request{Access: credential.Onsite})
	var held []heldList
	if err := json.Unmarshal([]byte(h.Call("lists").String()), &held); err != nil {
		t.Fatal(err)
	}
	if len(held) != 1 || held[0].URI != credentialtest.ListURI || !held[0].IssuedAt.Equal(credentialtest.Now) {
		t.Errorf("got %+v", held)
	}
}

func TestStatus_OfABadgeByTheListsThatAreHeld(t *testing.T) {
	_, lists := good(t)
	h := opened(t, nil, lists)
	index := int(credentialtest.Claims().Status.Index)
	of := func(index any) string {
		return h.Call("status", credentialtest.IssuerURL, credentialtest.ListURI, index).String()
	}
	if got := of(index); got != "" {
		t.Errorf("without a list: %q", got)
	}
	for i, c := range []struct {
		status revocation.Status
		want   verifier.Reason
	}{{revocation.Valid, verifier.OK}, {revocation.Suspended, verifier.Suspended}, {revocation.Invalid, verifier.Revoked}} {
		token := verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now.Add(time.Duration(i)*time.Second), c.status)
		h.Call("loadList", credentialtest.IssuerURL, credentialtest.ListURI, token)
		if got := of(index); got != string(c.want) {
			t.Errorf("%v: %q, want %q", c.status, got, c.want)
		}
	}
	if got := of(1 << 40); got != "" {
		t.Errorf("beyond the list: %q", got)
	}
	for name, wrong := range map[string]any{"negative": -1, "text": "7"} {
		if got := h.Call("status", credentialtest.IssuerURL, credentialtest.ListURI, wrong); !got.InstanceOf(js.Global().Get("Error")) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if lists.Fetches() != 0 {
		t.Errorf("%d fetches", lists.Fetches())
	}
}

func TestSetClockOffset_MakesACodeStale(t *testing.T) {
	presentation, lists := good(t)
	h := opened(t, nil, lists)
	offset := time.Until(credentialtest.Now) + verifier.MaxProofAge + 5*time.Second
	if got := h.Call("setClockOffset", offset.Milliseconds()); !got.IsNull() {
		t.Fatalf("setClockOffset gave %v", got)
	}
	if d := ask(t, h, presentation, request{Access: credential.Onsite}); d.Reason != verifier.StalePresentation || d.Badge != nil {
		t.Errorf("reason %s, badge %v", d.Reason, d.Badge)
	}
	limit := MaxClockOffset.Milliseconds()
	for _, c := range []struct {
		offset  any
		refused bool
	}{{limit, false}, {limit + 1, true}, {-limit, false}, {-limit - 1, true}, {"soon", true}} {
		if got := h.Call("setClockOffset", c.offset); isError(got) != c.refused {
			t.Errorf("%v: %v", c.offset, got)
		}
	}
}

func isError(v js.Value) bool { return v.InstanceOf(js.Global().Get("Error")) }

func TestOpen_SaysWhatIsWrong(t *testing.T) {
	trust := text(t, string(verifiertest.TrustFile(t)))
	api := js.ValueOf(newAPI())
	for name, c := range map[string]struct {
		given any
		want  string
	}{
		"no settings":      {js.Undefined(), "Error: argument 1 is not a string"},
		"no JSON":          {"{", "Error: argument 1: unexpected EOF"},
		"unknown member":   {`{"trust":` + trust + `,"polcy":{}}`, `Error: argument 1: json: unknown field "polcy"`},
		"empty demand":     {`{"trust":` + trust + `,"policy":{"roles":[""]}}`, "Error: verifier: the policy's Roles hold an empty text: whoever shows nothing would meet it"},
		"clock from afar":  {fmt.Sprintf(`{"trust":%s,"clockOffsetMilliseconds":%d}`, trust, int64(1)<<60), "Error: the clock would be moved by 1152921504606846976 ms, at most 315360000000 are taken"},
		"negative max age": {`{"trust":` + trust + `,"maxStatusAgeSeconds":-1}`, "Error: verifier: MaxStatusAge is negative (-1s)"},
	} {
		if got := js.Global().Call("String", api.Call("open", c.given)).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := api.Call("open", `{"trust":"[]"}`); !isError(got) {
		t.Errorf("a trust list that is none: %v", got)
	}
}

func TestVerify_SaysWhatIsWrongWithTheCall(t *testing.T) {
	presentation, lists := good(t)
	h := opened(t, nil, lists)
	for _, args := range [][]any{{}, {presentation}, {1, "{}"}, {presentation, "{"}, {presentation, `{"acess":"onsite"}`}} {
		if got := h.Call("verify", args...); !isError(got) {
			t.Errorf("%v: %v", args, got)
		}
	}
}

// TestFetch_WhateverFetchListDoesIsNotValid: a page's function can fail in every
// way that JavaScript knows.
func TestFetch_WhateverFetchListDoesIsNotValid(t *testing.T) {
	presentation, _ := good(t)
	api := js.ValueOf(newAPI())
	given := text(t, settings{
		Trust:                   string(verifiertest.TrustFile(t)),
		ClockOffsetMilliseconds: time.Until(credentialtest.Now).Milliseconds(),
	})
	for _, body := range []string{
		"throw new Error('no')", "return Promise.reject('no')", "return undefined", "return 7", "return ''", "return Promise.resolve({})",
	} {
		h := api.Call("open", given, js.Global().Get("Function").New("uri", body))
		d := ask(t, h, presentation, request{Access: credential.Onsite})
		if d.Reason != verifier.StatusUnavailable {
			t.Errorf("%s: reason %s", body, d.Reason)
		}
	}
}

// TestReasons_AreAllThereAre goes through every code: a page without words for a
// reason would show nothing.
func TestReasons_AreAllThereAre(t *testing.T) {
	known := map[string]bool{}
	for _, reason := range reasons {
		known[reason.(string)] = true
	}
	for _, c := range verifiertest.Cases(t) {
		if !known[string(c.Reason)] {
			t.Errorf("%s is not among the reasons", c.Reason)
		}
	}
	if len(known) != 20 {
		t.Errorf("%d reasons, a decision has 20", len(known))
	}
}

// TestUseBundle_IsAllThatAPageNeeds: a file on a stick, and the root key's
// fingerprint from the person who carries it.
func TestUseBundle_IsAllThatAPageNeeds(t *testing.T) {
	presentation, _ := good(t)
	pin := verifiertest.Fingerprint(t, verifiertest.RootKey)
	offset := time.Until(credentialtest.Now).Milliseconds()
	api := js.ValueOf(newAPI())
	given := settings{
		Roots:                   []root{{Root: strings.Join(pin.Words(), " "), Customer: verifiertest.Customer}},
		ClockOffsetMilliseconds: offset,
	}
	h := api.Call("open", text(t, given))
	if d := ask(t, h, presentation, request{Access: credential.Onsite}); d.Reason != verifier.UntrustedIssuer {
		t.Errorf("without a bundle: %s", d.Reason)
	}
	other := verifiertest.Bundle(t, revocation.Valid, func(b *bundle.Bundle) { b.Customer = "plant-8" })
	if got := h.Call("useBundle", other); !isError(got) || got.Get("code").String() != string(code.BundleNotForUs) {
		t.Errorf("another customer's: %v", got)
	}
	used := h.Call("useBundle", verifiertest.Bundle(t, revocation.Valid, nil))
	if isError(used) {
		t.Fatal(used)
	}
	var held heldBundle
	if err := json.Unmarshal([]byte(used.String()), &held); err != nil {
		t.Fatal(err)
	}
	if held.Number != 41 || held.Issuer != credentialtest.IssuerURL || held.Root != pin.String() || held.Lists != 1 || !held.IssuedAt.Equal(credentialtest.Now) {
		t.Errorf("held %+v", held)
	}
	d := ask(t, h, presentation, request{Access: credential.Onsite})
	if !d.Allow || d.Bundle == nil || d.Bundle.Number != 41 {
		t.Errorf("%s %s, bundle %+v", d.Code, d.Detail, d.Bundle)
	}

	// What the page keeps of it, beside a trust list that names the issuer, too.
	kept := settings{
		Trust:                   string(verifiertest.TrustFile(t)),
		Roots:                   []root{{Root: held.Root, Issuer: held.Issuer, Customer: held.Customer, Manifest: held.Manifest}},
		ClockOffsetMilliseconds: offset + verifiertest.BundleLife.Milliseconds(),
	}
	h = api.Call("open", text(t, kept))
	later := credentialtest.MustPresent(t, credentialtest.MustIssue(t, nextMonth()), credentialtest.Now.Add(verifiertest.BundleLife))
	if d := ask(t, h, later, request{Access: credential.Onsite}); d.Code != code.BundleStale || d.Reason != verifier.StatusStale {
		t.Errorf("past its time: %s %s", d.Code, d.Detail)
	}
}

func nextMonth() credential.Claims {
	claims := credentialtest.Claims()
	claims.IssuedAt, claims.NotBefore = claims.IssuedAt.Add(verifiertest.BundleLife), claims.NotBefore.Add(verifiertest.BundleLife)
	claims.Expires = claims.Expires.Add(verifiertest.BundleLife)
	return claims
}

func TestOpen_SaysWhichWordOfAFingerprintIsWrong(t *testing.T) {
	words := verifiertest.Fingerprint(t, verifiertest.RootKey).Words()
	words[3] = "abby"
	got := js.ValueOf(newAPI()).Call("open", text(t, settings{Roots: []root{{Root: strings.Join(words, " ")}}}))
	if said := js.Global().Call("String", got).String(); said != `Error: bundle: word 4 of the fingerprint: "abby" is not in the list; was it "abbey"?` {
		t.Error(said)
	}
}
