package verifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// A gate without a network: trust list and status list come from files. Somebody
// shows a badge, somebody else the same code once more, and then the badge is
// asked for more than it grants.
func Example() {
	vendor := newVendor()
	trust, err := verifier.ParseTrust(vendor.trustFile())
	if err != nil {
		log.Fatal(err)
	}
	gate, err := verifier.New(verifier.Config{Trust: trust})
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	if err := gate.LoadList(vendorURL, vendorList, vendor.statusList()); err != nil {
		log.Fatal(err)
	}

	scanned := vendor.show("first nonce")
	for _, asked := range []struct {
		text   string
		access credential.Access
	}{
		{scanned, credential.Onsite},
		{scanned, credential.Onsite},
		{vendor.show("second nonce"), credential.Remote},
	} {
		decision := gate.Verify(context.Background(), asked.text, verifier.Request{Access: asked.access})
		if decision.Allow {
			fmt.Println("open for", decision.Badge.GivenName, decision.Badge.FamilyName)
			continue
		}
		fmt.Println("stay closed:", decision.Reason, decision.Code)
	}
	// Output:
	// open for Ada Lovelace
	// stay closed: replayed kb_nonce_replayed
	// stay closed: access_not_granted access_not_granted
}

// A site that asks for more than a good badge.
func ExamplePolicy() {
	vendor := newVendor()
	trust, err := verifier.ParseTrust(vendor.trustFile())
	if err != nil {
		log.Fatal(err)
	}
	gate, err := verifier.New(verifier.Config{
		Trust:  trust,
		Policy: verifier.Policy{Courses: []string{"CB-101", "CB-300"}, Name: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	if err := gate.LoadList(vendorURL, vendorList, vendor.statusList()); err != nil {
		log.Fatal(err)
	}
	decision := gate.Verify(context.Background(), vendor.show("nonce"), verifier.Request{Access: credential.Onsite})
	fmt.Println(decision.Reason)
	fmt.Println(decision.Detail)
	for _, check := range decision.Checks {
		fmt.Println(check.Name, check.Result)
	}
	// Output:
	// policy_denied
	// the site asks for the course CB-300
	// badge passed
	// time passed
	// holder passed
	// status passed
	// access passed
	// policy failed
}

const (
	vendorURL  = "https://badge.vendor.example"
	vendorType = vendorURL + "/vct/cyber-badge/1"
	vendorList = vendorURL + "/status-lists/1"
)

// vendor stands for everything on the other side: an issuer and a phone.
type vendor struct {
	issuerKey, listKey, phoneKey *ecdsa.PrivateKey
}

func newVendor() vendor { return vendor{newKey(), newKey(), newKey()} }

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	return key
}

func (v vendor) trustFile() []byte {
	jwk := func(key *ecdsa.PrivateKey) string {
		text, err := credential.MarshalJWK(&key.PublicKey)
		if err != nil {
			log.Fatal(err)
		}
		return `{"kid": "1", ` + string(text[1:])
	}
	return fmt.Appendf(nil, `{"issuers": [{
		"issuer": %q, "types": [%q], "keys": [%s],
		"lists": {"under": %q, "keys": [%s]}
	}]}`, vendorURL, vendorType, jwk(v.issuerKey), vendorURL+"/status-lists/", jwk(v.listKey))
}

func (v vendor) statusList() string {
	list, err := revocation.NewList(1024)
	if err != nil {
		log.Fatal(err)
	}
	encoded, err := list.Encode()
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	token, err := revocation.Signer{Key: v.listKey, KeyID: "1"}.Sign(revocation.Token{
		URI: vendorList, IssuedAt: now, Expires: now.Add(24 * time.Hour), TTL: time.Minute,
	}, encoded)
	if err != nil {
		log.Fatal(err)
	}
	return token
}

// show is what the phone shows: a badge for field service, bound to the phone's
// key with a nonce.
func (v vendor) show(nonce string) string {
	issuer, err := credential.NewIssuer(credential.IssuerConfig{
		URL: vendorURL, Types: []string{vendorType}, Key: v.issuerKey, KeyID: "1",
	})
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	draft, err := issuer.Prepare(credential.Claims{
		Type:       vendorType,
		Subject:    "k7Qm2dXbT0aVYw3hZr9u8A",
		IssuedAt:   now,
		NotBefore:  now,
		Expires:    now.Add(24 * time.Hour),
		Access:     []credential.Access{credential.Onsite},
		HolderKey:  &v.phoneKey.PublicKey,
		Status:     credential.StatusRef{URI: vendorList, Index: 413},
		GivenName:  "Ada",
		FamilyName: "Lovelace",
		Training:   []credential.Training{{Course: "CB-101", Standard: "IEC 62443-2-4", ValidUntil: now.AddDate(1, 0, 0)}},
	})
	if err != nil {
		log.Fatal(err)
	}
	badge, err := issuer.Sign(draft)
	if err != nil {
		log.Fatal(err)
	}
	presentation, err := credential.Bind(badge, v.phoneKey, credential.Proof{
		Audience: credential.GateAudience, Nonce: nonce, IssuedAt: now,
	})
	if err != nil {
		log.Fatal(err)
	}
	return presentation
}
