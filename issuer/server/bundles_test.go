package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

var rootKey = credentialtest.NewKey("root")

// draft asks for a bundle that is to be signed.
func (o *office) draft(t testing.TB, body string) string {
	t.Helper()
	answer := o.post(t, "/v1/bundles", body)
	if answer.status != http.StatusCreated || answer.header.Get("Content-Type") != bundle.DraftMediaType {
		t.Fatalf("%d %v %s", answer.status, answer.header, answer.body)
	}
	return string(answer.body)
}

func (o *office) sealed(t testing.TB, body string) string {
	t.Helper()
	text, err := bundle.Sign(rootKey, o.draft(t, body))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDraftBundle_NeedsTheRootKeysSignatureAndNothingElse(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.issue(t, eligible(t).ID)
	text := o.sealed(t, `{"customer":"plant-7","life_seconds":864000,"max_status_age_seconds":86400}`)
	pin, err := bundle.FingerprintOf(rootKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(text, bundle.Rules{Root: pin, Customer: "plant-7", Issuer: o.program.URL(), Now: o.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if b.Expires.Sub(b.IssuedAt) != 10*24*time.Hour || b.MaxStatusAge != 24*time.Hour || len(b.Lists) != 1 {
		t.Errorf("%+v", b.Manifest)
	}
	events, err := o.program.Events(t.Context(), int64(b.Number)-1, 1)
	if err != nil || len(events) != 1 || events[0].Kind != store.BundleExported || !strings.HasPrefix(events[0].By, "token:") {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestDraftBundle_CallsThatAreWrong(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	limit := int64(bundle.MaxLife / time.Second)
	for body, want := range map[string]string{
		`{"life_seconds":-1}`:                                  "life_seconds is -1; give 0 to",
		fmt.Sprintf(`{"life_seconds":%d}`, limit+1):            "give 0 to 31622400",
		`{"max_status_age_seconds":9223372036854775807}`:       "max_status_age_seconds is",
		`{"life_seconds":60,"max_status_age_seconds":61}`:      "its lists count for",
		`{"trust_only":true,"portraits":true}`:                 "has no portraits",
		`{"customer":"` + strings.Repeat("c", 129) + `"}`:      "at most 128 are taken",
		`{"customer":"a\u0000b","trust_only":true}`:            "customer",
		fmt.Sprintf(`{"life_seconds":%d,"extra":1}`, limit):    "",
		fmt.Sprintf(`{"life_seconds":%d,"customer":2}`, limit): "",
	} {
		answer := o.post(t, "/v1/bundles", body)
		if answer.status != http.StatusBadRequest || !strings.Contains(string(answer.body), want) {
			t.Errorf("%s: %d %s", body, answer.status, answer.body)
		}
	}
	if answer := o.post(t, "/v1/bundles", fmt.Sprintf(`{"life_seconds":%d}`, limit)); answer.status != http.StatusCreated {
		t.Errorf("the longest life: %d %s", answer.status, answer.body)
	}
	poor := o.token(t, ScopeProgramRead)
	o.send(t, http.DefaultClient, "POST", "/v1/bundles", strings.NewReader(`{}`), headers{"Authorization", "Bearer " + poor, "Content-Type", "application/json"}).
		problem(t, http.StatusForbidden, CodeScopeMissing)
}

func TestTrustBundle_IsServedAsItWasPublished(t *testing.T) {
	t.Parallel()
	var published atomic.Pointer[string]
	empty := ""
	published.Store(&empty)
	o := open(t, options{path: "/vendor", change: func(c *Config) {
		c.TrustBundle = func() (string, error) { return *published.Load(), nil }
	}})
	o.get(t, "/vendor/trust-bundle").problem(t, http.StatusNotFound, CodeTrustBundleMissing)
	text := o.sealed(t, `{"trust_only":true}`)
	published.Store(&text)
	answer := o.get(t, "/vendor/trust-bundle")
	if answer.status != http.StatusOK || string(answer.body) != text {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	for name, want := range map[string]string{
		"Content-Type": bundle.MediaType, "Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*",
	} {
		if got := answer.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	tag := answer.header.Get("Etag")
	if same := o.get(t, "/vendor/trust-bundle", "If-None-Match", tag); same.status != http.StatusNotModified {
		t.Errorf("the same: %d", same.status)
	}
	next := o.sealed(t, `{"trust_only":true}`)
	published.Store(&next)
	if other := o.get(t, "/vendor/trust-bundle", "If-None-Match", tag); other.status != http.StatusOK || string(other.body) != next {
		t.Errorf("another: %d", other.status)
	}
}

func TestTrustBundle_WhatIsNoneIsNotServed(t *testing.T) {
	t.Parallel()
	var published atomic.Pointer[string]
	var broken error
	o := open(t, options{change: func(c *Config) {
		c.TrustBundle = func() (string, error) { return *published.Load(), broken }
	}})
	o.importSample(t)
	o.issue(t, eligible(t).ID)
	other := open(t, options{})
	for says, text := range map[string]string{
		"bundle_invalid":                       "junk",
		"holds lists or is for one customer":   o.sealed(t, `{}`),
		"is for one customer; publish one":     o.sealed(t, `{"trust_only":true,"customer":"plant-7"}`),
		"the published trust bundle is about ": other.sealed(t, `{"trust_only":true}`),
	} {
		published.Store(&text)
		o.get(t, "/trust-bundle").problem(t, http.StatusInternalServerError, "internal_error")
		if !strings.Contains(o.log.String(), says) {
			t.Errorf("the log does not say %q", says)
		}
	}
	broken = errors.New("the disk is gone")
	o.get(t, "/trust-bundle").problem(t, http.StatusInternalServerError, "internal_error")
}
