package enrol_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// program is an issuer in which something happens before and after a badge is
// issued.
type program struct {
	*issuer.Program
	before func() error
	after  func(issuer.Issued) error
}

func (p *program) Issue(ctx context.Context, request issuer.IssueRequest) (issuer.Issued, error) {
	if err := p.before(); err != nil {
		return issuer.Issued{}, err
	}
	issued, err := p.Program.Issue(ctx, request)
	if err == nil {
		err = p.after(issued)
	}
	return issued, err
}

// desk is a desk over the sample, with a phone that has enrolled.
type desk struct {
	*enrol.Desk
	*clocktest.Clock // set moves it
	program          *program
	store            *sqlite.Store
	person           string
	tokens           enrol.Tokens
}

func open(t testing.TB) *desk {
	t.Helper()
	return openWith(t, func(*issuer.Config) {})
}

// openWith is a desk whose issuer has another configuration.
func openWith(t testing.TB, change func(*issuer.Config)) *desk {
	t.Helper()
	d := &desk{Clock: issuertest.Clock(t)}
	d.store = issuertest.Database(t, sqlite.Config{Now: d.Now})
	config := issuertest.Config(d.store, d.Now)
	change(&config)
	inner := issuertest.New(t, config)
	issuertest.ImportSample(t, inner)
	d.program = &program{inner, func() error { return nil }, func(issuer.Issued) error { return nil }}
	var err error
	if d.Desk, err = enrol.New(enrol.Config{Program: d.program, Store: d.store, Now: d.Now}); err != nil {
		t.Fatal(err)
	}
	d.person = eligible(t, inner)
	d.enrol(t)
	return d
}

func eligible(t testing.TB, p *issuer.Program) (person string) {
	t.Helper()
	if err := p.Standings(t.Context(), time.Time{}, func(s issuer.Standing) error {
		if s.Eligible {
			person = s.Person.ID
		}
		return nil
	}); err != nil || person == "" {
		t.Fatalf("nobody is eligible: %v", err)
	}
	return person
}

func (d *desk) enrol(t testing.TB) {
	t.Helper()
	made, err := d.Invite(t.Context(), d.person, "a test")
	if err != nil {
		t.Fatal(err)
	}
	d.tokens, err = d.Token(t.Context(), enrol.TokenRequest{
		Form: url.Values{
			"grant_type":          {"urn:ietf:params:oauth:grant-type:pre-authorized_code"},
			"pre-authorized_code": {made.Offer.Grants.PreAuthorized.Code},
			"tx_code":             {made.TxCode},
		},
		DPoP: []string{d.dpop(t, enrol.TokenPath, "")},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func proof(t testing.TB, key credentialtest.Key, typ string, claims map[string]any) string {
	t.Helper()
	jwk, err := credential.MarshalJWK(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return credentialtest.MustSign(t, key, `{"alg":"ES256","typ":"`+typ+`","jwk":`+string(jwk)+`}`, string(payload))
}

func (d *desk) dpop(t testing.TB, path, token string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(token))
	return proof(t, credentialtest.NewKey("phone"), "dpop+jwt", map[string]any{
		"htm": "POST", "htu": credentialtest.IssuerURL + path, "jti": rand.Text(), "iat": d.Now().Unix(), "nonce": d.DPoPNonce(),
		"ath": base64.RawURLEncoding.EncodeToString(sum[:]),
	})
}

// set moves the clock. The phone enrols again, as its tokens may have expired.
func (d *desk) set(t testing.TB, now time.Time) {
	t.Helper()
	d.Set(now)
	d.enrol(t)
}

// ask asks for a badge for each key.
func (d *desk) ask(t testing.TB, names ...string) (enrol.Credentials, error) {
	t.Helper()
	return d.fetch(t, enrol.ConfigurationID, names...)
}

// stock asks for a stock of badges.
func (d *desk) stock(t testing.TB, names ...string) (enrol.Credentials, error) {
	t.Helper()
	return d.fetch(t, enrol.StockConfigurationID, names...)
}

func (d *desk) fetch(t testing.TB, configuration string, names ...string) (enrol.Credentials, error) {
	t.Helper()
	nonce := d.Nonce()
	var proofs []string
	for _, name := range names {
		proofs = append(proofs, proof(t, credentialtest.NewKey(name), "openid4vci-proof+jwt",
			map[string]any{"aud": credentialtest.IssuerURL, "iat": d.Now().Unix(), "nonce": nonce}))
	}
	body, err := json.Marshal(map[string]any{"credential_configuration_id": configuration, "proofs": map[string]any{"jwt": proofs}})
	if err != nil {
		t.Fatal(err)
	}
	return d.Credential(t.Context(), enrol.Call{
		AccessToken: d.tokens.Access, DPoP: []string{d.dpop(t, enrol.CredentialPath, d.tokens.Access)}, Body: body,
	})
}

func (d *desk) live(t testing.TB) []store.Badge {
	t.Helper()
	live, err := d.store.BadgesOf(t.Context(), d.person, d.Now())
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func denied(t *testing.T, got enrol.Credentials, err error) {
	t.Helper()
	var refused *enrol.Error
	if !errors.As(err, &refused) || refused.Code != enrol.CredentialRequestDenied || got.Credentials != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCredential_WhatWasIssuedBeforeTheEnrolmentEndedIsNotHandedOut(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.program.after = func(issuer.Issued) error {
		_, err := d.Invite(context.Background(), d.person, "the office, at this moment")
		return err
	}
	got, err := d.ask(t, "a")
	denied(t, got, err)
	if live := d.live(t); len(live) != 0 {
		t.Errorf("live: %+v", live)
	}
}

func TestCredential_ABadgeReservedAfterTheEnrolmentEndedIsRevoked(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.program.before = func() error {
		_, err := d.Invite(context.Background(), d.person, "the office, at this moment")
		return err
	}
	got, err := d.ask(t, "a")
	denied(t, got, err)
	all, err := d.store.BadgesOf(t.Context(), d.person, time.Time{})
	if err != nil || len(all) != 1 || all[0].State != store.Issued || all[0].Status != store.Invalid {
		t.Errorf("on record: %+v, %v", all, err)
	}
}

func TestCredential_AllBadgesOfARequestOrNone(t *testing.T) {
	t.Parallel()
	d := open(t)
	var count atomic.Int64
	broken := errors.New("the key store is gone")
	d.program.after = func(issuer.Issued) error {
		if count.Add(1) == 2 {
			return broken
		}
		return nil
	}
	got, err := d.ask(t, "a", "b", "c")
	if !errors.Is(err, broken) || got.Credentials != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	// The one that failed after it was issued is known by its record alone; asking
	// again for its key ends it.
	if live := d.live(t); len(live) != 1 {
		t.Errorf("live: %+v", live)
	}
	if got, err = d.ask(t, "a", "b", "c"); err != nil || len(got.Credentials) != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if live := d.live(t); len(live) != 3 {
		t.Errorf("live: %+v", live)
	}
}

// BenchmarkCredential measures whole requests, the phone's signatures included.
func BenchmarkCredential(b *testing.B) {
	for name, keys := range map[string][]string{"one": {"a"}, "ten": {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}} {
		b.Run(name, func(b *testing.B) {
			d := open(b)
			for b.Loop() {
				if _, err := d.ask(b, keys...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
