package verifier_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

func TestEventsAreWhereTheTrustListSays(t *testing.T) {
	t.Parallel()
	trust, err := verifier.LoadTrust(filepath.Join("testdata", "trust", "good", "with-ends.json"))
	if err != nil {
		t.Fatal(err)
	}
	for issuer, want := range map[string]string{
		credentialtest.IssuerURL:     "https://badge.vendor.example/v1/events",
		"https://badge.evil.example": "",
	} {
		if got := trust.Events(issuer); got != want {
			t.Errorf("%s: %q, want %q", issuer, got, want)
		}
	}
	if got := verifiertest.Trust(t).Events(credentialtest.IssuerURL); got != "" {
		t.Errorf("none is named: %q", got)
	}
}

// trustWith is the trust list with other members of one of its issuers.
func trustWith(t *testing.T, issuer int, change map[string]any) (*verifier.Trust, error) {
	t.Helper()
	var file struct {
		Issuers []map[string]any `json:"issuers"`
	}
	if err := json.Unmarshal(verifiertest.TrustFile(t), &file); err != nil {
		t.Fatal(err)
	}
	maps.Copy(file.Issuers[issuer], change)
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return verifier.ParseTrust(text)
}

func TestTrustBoundsOfEndedKeys(t *testing.T) {
	t.Parallel()
	retired := func(n int) []map[string]any {
		list := make([]map[string]any, n)
		for i := range list {
			list[i] = map[string]any{"kid": fmt.Sprint(i), "at": 1}
		}
		return list
	}
	for name, c := range map[string]struct {
		most int
		of   func(int) any
	}{
		"retired": {verifier.MaxRetiredKeys, func(n int) any { return retired(n) }},
		"revoked": {verifier.MaxRevokedKeys, func(n int) any { return strings.Split(strings.Repeat("x ", n)+"x", " ")[:n] }},
		"stopped": {verifier.MaxIssuers, func(n int) any { return strings.Split(strings.Repeat("x ", n)+"x", " ")[:n] }},
	} {
		if _, err := trustWith(t, 0, map[string]any{name: c.of(c.most)}); err != nil {
			t.Errorf("%s at the bound: %v", name, err)
		}
		want := fmt.Sprintf("%s is not an array of 1 to %d", name, c.most)
		if _, err := trustWith(t, 0, map[string]any{name: c.of(c.most + 1)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s one over: %v, want %q", name, err, want)
		}
	}
}

func TestListKeysThatEnded(t *testing.T) {
	t.Parallel()
	at := credentialtest.Now
	kid := credentialtest.ListKey.ID()
	retired, err := trustWith(t, 0, map[string]any{"retired": []map[string]any{{"kid": kid, "at": at.Unix()}}})
	if err != nil {
		t.Fatal(err)
	}
	for issued, want := range map[time.Time]code.Code{at.Add(-time.Hour): "", at: "", at.Add(time.Second): code.KeyRetired} {
		for _, id := range []string{kid, ""} {
			if got := code.Of(retired.CheckListTime(credentialtest.IssuerURL, id, issued)); got != want {
				t.Errorf("%q, issued %s: got %q, want %q", id, issued, got, want)
			}
		}
	}
	if _, err := retired.ListKey(credentialtest.IssuerURL, kid); err != nil {
		t.Errorf("a retired key is a key: %v", err)
	}
	// Also where somebody forgot to take it out of the keys.
	revoked, err := trustWith(t, 0, map[string]any{"revoked": []string{kid}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{kid, ""} {
		if _, err := revoked.ListKey(credentialtest.IssuerURL, id); code.Of(err) != code.KeyRevoked {
			t.Errorf("%q: %v", id, err)
		}
		if err := revoked.CheckListTime(credentialtest.IssuerURL, id, at); code.Of(err) != code.KeyRevoked {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := revoked.CheckListTime("https://attacker.example", kid, at); code.Of(err) != code.IssuerUntrusted {
		t.Errorf("of an unknown issuer: %v", err)
	}
}

// TestAChainToARevokedKey is about a thief of the key in a certificate, who has the
// header name another key, or none.
func TestAChainToARevokedKey(t *testing.T) {
	t.Parallel()
	const chainIssuer = 1
	for name, keyID := range map[string]string{
		"by the id of the certificate's key": verifiertest.ChainKey.KeyID(),
		"by the id in the header":            verifiertest.ChainKey.ID(),
		"another":                            credentialtest.OtherKey.ID(),
	} {
		trust, err := trustWith(t, chainIssuer, map[string]any{"revoked": []string{keyID}})
		if err != nil {
			t.Fatal(err)
		}
		want := code.KeyRevoked
		if name == "another" {
			want = ""
		}
		if got := decideCase(t, trust, "ok-chain"); got.Code != want {
			t.Errorf("%s: got %q (%s), want %q", name, got.Code, got.Detail, want)
		}
	}
}

// decideCase decides one case of the table of attacks with another trust list.
func decideCase(t *testing.T, trust *verifier.Trust, id string) verifier.Decision {
	t.Helper()
	cases := verifiertest.Cases(t)
	c := cases[slices.IndexFunc(cases, func(c verifiertest.Case) bool { return c.ID == id })]
	v, err := verifier.New(verifier.Config{Trust: trust, Now: func() time.Time { return c.Clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, list := range c.Lists {
		if err := v.LoadList(list.Issuer, list.URI, list.Token); err != nil {
			t.Fatal(err)
		}
	}
	return v.Verify(t.Context(), c.Presentation, c.Request)
}

func TestTextIsTheListThatWasRead(t *testing.T) {
	t.Parallel()
	trust := verifiertest.Trust(t)
	again, err := verifier.ParseTrust(trust.Text())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Text(), trust.Text()) || !slices.Equal(again.Issuers(), trust.Issuers()) {
		t.Errorf("%s", again.Text())
	}
	less := trust.Without(credentialtest.IssuerURL, "https://nobody.example")
	if slices.Contains(less.Issuers(), credentialtest.IssuerURL) || len(less.Issuers()) != len(trust.Issuers())-1 || bytes.Equal(less.Text(), trust.Text()) {
		t.Errorf("%s", less.Text())
	}
}
