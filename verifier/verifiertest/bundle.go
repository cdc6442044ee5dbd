package verifiertest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// RootKey signs the bundles, which are for Customer or for anybody.
var RootKey = credentialtest.NewKey("root")

// Customer is whom bundles are for, and the other figures of [Bundle].
const (
	Customer     = "plant-7"
	BundleNumber = 41
	BundleLife   = 30 * 24 * time.Hour
	BundleMaxAge = 7 * 24 * time.Hour // of its lists
)

// Root pins RootKey.
func Root(t testing.TB) verifier.Root {
	t.Helper()
	return verifier.Root{Key: Fingerprint(t, RootKey), Customer: Customer}
}

// Fingerprint is that of a root key.
func Fingerprint(t testing.TB, key credentialtest.Key) bundle.Fingerprint {
	t.Helper()
	f, err := bundle.FingerprintOf(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TrustEntry is the entry of credentialtest.IssuerURL in [TrustFile].
func TrustEntry(t testing.TB) json.RawMessage {
	t.Helper()
	return marshalEntry(t, issuer(t, credentialtest.IssuerURL, credentialtest.IssuerKey))
}

// Entry is TrustEntry with other members.
func Entry(t testing.TB, members map[string]any) json.RawMessage {
	t.Helper()
	all := map[string]any{}
	if err := json.Unmarshal(TrustEntry(t), &all); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		all[name] = value
	}
	return marshalEntry(t, all)
}

// JWK is the public half of a key as trust lists hold it.
func JWK(t testing.TB, key credentialtest.Key) json.RawMessage {
	t.Helper()
	return jwk(t, key)
}

func marshalEntry(t testing.TB, entry any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Bundle is for Customer, issued at credentialtest.Now: the trust of
// credentialtest.IssuerURL and its list, in which the badge of credentialtest.Claims
// has the status s. change may make another one of it.
func Bundle(t testing.TB, s revocation.Status, change func(*bundle.Bundle)) string {
	t.Helper()
	at := credentialtest.Now
	b := bundle.Bundle{
		Manifest: bundle.Manifest{
			Issuer: credentialtest.IssuerURL, Customer: Customer, Number: BundleNumber,
			IssuedAt: at, Expires: at.Add(BundleLife), MaxStatusAge: BundleMaxAge, Trust: TrustEntry(t),
		},
		Lists: []bundle.List{BundleList(t, at, List(t, s))},
	}
	if change != nil {
		change(&b)
	}
	text, err := bundle.Seal(RootKey, b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// BundleList is a list as bundles hold it: good for as long as they say.
func BundleList(t testing.TB, at time.Time, list *revocation.List) bundle.List {
	t.Helper()
	token := SignListFor(t, credentialtest.ListKey, credentialtest.ListURI, at, BundleMaxAge+time.Second, list)
	return bundle.List{URI: credentialtest.ListURI, IssuedAt: at, Token: token}
}
