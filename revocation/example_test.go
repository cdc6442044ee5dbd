package revocation_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// onlyIssuer trusts one issuer with one key for its lists. A program that checks
// badges has this from verifier.Trust.
type onlyIssuer struct {
	url string
	key *ecdsa.PublicKey
}

func (o onlyIssuer) CheckListURI(issuer, uri string) error {
	if issuer != o.url || !strings.HasPrefix(uri, o.url+"/status-lists/") {
		return code.Refuse(code.StatusURINotAllowed, "%q of %q", uri, issuer)
	}
	return nil
}

func (o onlyIssuer) ListKey(_, keyID string) (*ecdsa.PublicKey, error) {
	if keyID != "lists-1" {
		return nil, code.Refuse(code.KeyUnknown, "kid %q", keyID)
	}
	return o.key, nil
}

func (o onlyIssuer) CheckListTime(_, _ string, _ time.Time) error { return nil } // its key has no end

// An issuer publishes that a badge is revoked; a verifier learns it.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	const issuer, uri = "https://badge.vendor.example", "https://badge.vendor.example/status-lists/1"

	// The issuer: a list of 1024 badges, of which number 17 is revoked.
	list, err := revocation.NewList(1024)
	if err != nil {
		log.Fatal(err)
	}
	if err := list.Set(17, revocation.Invalid); err != nil {
		log.Fatal(err)
	}
	encoded, err := list.Encode()
	if err != nil {
		log.Fatal(err)
	}
	signer := revocation.Signer{Key: key, KeyID: "lists-1"}
	now := time.Now()
	token, err := signer.Sign(revocation.Token{
		URI: uri, IssuedAt: now, Expires: now.Add(24 * time.Hour), TTL: time.Minute,
	}, encoded)
	if err != nil {
		log.Fatal(err)
	}

	// The verifier: the list comes from a file here, over HTTP with a Fetcher.
	checker, err := revocation.NewChecker(revocation.CheckerConfig{Trust: onlyIssuer{issuer, &key.PublicKey}})
	if err != nil {
		log.Fatal(err)
	}
	defer checker.Close()
	if err := checker.Load(issuer, uri, token); err != nil {
		log.Fatal(err)
	}
	for _, index := range []uint64{16, 17, 1024} {
		result, err := checker.Check(context.Background(), issuer, credential.StatusRef{URI: uri, Index: index})
		if err != nil {
			fmt.Println(index, "unknown:", code.Of(err))
			continue
		}
		fmt.Println(index, result.Status)
	}
	// Output:
	// 16 VALID
	// 17 INVALID
	// 1024 unknown: status_index_out_of_range
}
