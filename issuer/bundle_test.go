package issuer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

func (p program) mustBundle(t testing.TB, r issuer.BundleRequest) bundle.Bundle {
	t.Helper()
	r.By = "a test"
	b, err := p.Bundle(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBundle_HoldsWhatWasCommittedBefore(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	issued := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	if _, err := p.SetStatus(t.Context(), issued.ID, store.Invalid, "a reason", "a test"); err != nil {
		t.Fatal(err)
	}
	b := p.mustBundle(t, issuer.BundleRequest{Customer: "plant-7"})
	if b.Issuer != p.URL() || b.Customer != "plant-7" || b.Expires.Sub(b.IssuedAt) != issuer.DefaultBundleLife || b.MaxStatusAge != issuer.DefaultBundleMaxAge || b.Portraits != nil {
		t.Errorf("%+v", b.Manifest)
	}
	var trust issuer.TrustedIssuer
	if err := json.Unmarshal(b.Trust, &trust); err != nil || trust.Issuer != p.URL() || len(trust.Keys) != 1 || trust.NotBefore != 0 {
		t.Errorf("%s: %v", b.Trust, err)
	}
	if len(b.Lists) != 1 {
		t.Fatalf("%d lists", len(b.Lists))
	}
	list, err := revocation.Open(b.Lists[0].Token, p.ListURI(issued.ListID), listKey)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := list.List.Status(uint64(issued.Index)); err != nil || status != revocation.Invalid {
		t.Errorf("the list says %v, %v", status, err)
	}
	// The list counts up to its limit, and no longer than that.
	if !list.IssuedAt.Equal(b.IssuedAt) || list.Expires.Sub(list.IssuedAt) != b.MaxStatusAge+time.Second {
		t.Errorf("from %v to %v", list.IssuedAt, list.Expires)
	}
	if _, err := bundle.Seal(credentialtest.NewKey("root"), b); err != nil {
		t.Error(err)
	}
}

func TestBundle_NumbersRise(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	first := p.mustBundle(t, issuer.BundleRequest{TrustOnly: true})
	second := p.mustBundle(t, issuer.BundleRequest{TrustOnly: true})
	if first.Number == 0 || second.Number <= first.Number {
		t.Errorf("%d, then %d", first.Number, second.Number)
	}
	events, err := p.Events(t.Context(), int64(second.Number)-1, 1)
	if err != nil || len(events) != 1 || events[0].Kind != store.BundleExported || events[0].By != "a test" {
		t.Errorf("%+v, %v", events, err)
	}
	if first.Lists != nil || first.MaxStatusAge != 0 {
		t.Errorf("a bundle of keys alone holds %d lists", len(first.Lists))
	}
}

// TestBundle_SaysWhatIsOver: the minimum badge version and the types that are
// switched off are the operator's settings.
func TestBundle_SaysWhatIsOver(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	p := start(t, func(c *issuer.Config) {
		c.NotBefore, c.Stopped = since, []string{"https://badge.vendor.example/vct/old/1"}
	})
	b := p.mustBundle(t, issuer.BundleRequest{TrustOnly: true})
	var trust issuer.TrustedIssuer
	if err := json.Unmarshal(b.Trust, &trust); err != nil || trust.NotBefore != since.Unix() || len(trust.Stopped) != 1 {
		t.Errorf("%s: %v", b.Trust, err)
	}
}

func TestBundle_HasPortraitsOnRequest(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	people := p.eligible(t)
	for i, face := range []string{"a face", "another face", "a face"} {
		p.mustSetPortrait(t, people[i].Person.ID, face)
	}
	b := p.mustBundle(t, issuer.BundleRequest{Portraits: true})
	if len(b.Portraits) != 2 || bytes.Equal(b.Portraits[0], b.Portraits[1]) {
		t.Errorf("%d portraits of two pictures", len(b.Portraits))
	}
}

func TestBundle_RefusesWhatMakesNone(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	for says, r := range map[string]issuer.BundleRequest{
		"a bundle lives a second":         {Life: bundle.MaxLife + time.Second, MaxStatusAge: time.Hour},
		"its lists count for a second":    {Life: time.Hour, MaxStatusAge: time.Hour + time.Second},
		"at most 128 are taken":           {Customer: strings.Repeat("c", bundle.MaxCustomer+1)},
		"keys alone has no portraits":     {TrustOnly: true, Portraits: true},
		"a second up to its life of 30m0": {Life: 30 * time.Minute, MaxStatusAge: time.Millisecond},
	} {
		r.By = "a test"
		if _, err := p.Bundle(t.Context(), r); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want it to say %q", err, says)
		}
	}
	// A short bundle has a short limit without being told.
	if b := p.mustBundle(t, issuer.BundleRequest{Life: time.Hour}); b.MaxStatusAge != time.Hour {
		t.Errorf("limit %v", b.MaxStatusAge)
	}
}

func TestNew_RefusesToStopATypeWithoutName(t *testing.T) {
	t.Parallel()
	config, _ := configure(t, sqlite.Config{})
	config.Stopped = []string{""}
	if _, err := issuer.New(config); err == nil || !strings.Contains(err.Error(), "an empty text among the stopped types") {
		t.Error(err)
	}
}
