package credentialtest

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// The issuer of the badges made here.
const (
	IssuerURL = "https://badge.vendor.example"
	BadgeType = IssuerURL + "/vct/cyber-badge/1"
	ListURI   = IssuerURL + "/status-lists/1"
	Nonce     = "bm9uY2Ugb2YgYSB0ZXN0IQ" // of proofs made by Present
)

// Now is the instant at which the badges made here are an hour old.
var Now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// Claims returns a badge's claims with every claim present, valid for the 23
// hours after [Now].
func Claims() credential.Claims {
	issued := Now.Add(-time.Hour)
	return credential.Claims{
		Issuer:           IssuerURL,
		Type:             BadgeType,
		Subject:          "k7Qm2dXbT0aVYw3hZr9u8A",
		IssuedAt:         issued,
		NotBefore:        issued,
		Expires:          issued.Add(24 * time.Hour),
		Access:           []credential.Access{credential.Onsite, credential.Remote},
		HolderKey:        HolderKey.PublicKey(),
		Status:           credential.StatusRef{URI: ListURI, Index: 413412},
		GivenName:        "Zoë",
		FamilyName:       "Rößler",
		Picture:          IssuerURL + "/pictures/Xw1r5mHqT9mJk2sPb7dU3A",
		PictureIntegrity: "sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
		EmployeeNumber:   "0700002",
		Organization:     "Vendor Services",
		Role:             "field-service-representative",
		Training: []credential.Training{
			{Course: "CB-101", Standard: "IEC 62443-2-4", ValidUntil: Now.Add(200 * 24 * time.Hour)},
			{Course: "CB-102", Standard: "ISO/IEC 27001", ValidUntil: Now.Add(150 * 24 * time.Hour)},
			{Course: "CB-201", Standard: "IEC 62443-2-4", ValidUntil: Now.Add(90 * 24 * time.Hour)},
		},
		Equipment: &credential.Equipment{Compliant: true, CheckedAt: Now.Add(-26 * time.Hour)},
	}
}

// IssuerConfig is the configuration of an issuer whose badges are the same in
// every run: the salts are derived from seed.
func IssuerConfig(seed string) credential.IssuerConfig {
	return credential.IssuerConfig{
		URL:   IssuerURL,
		Types: []string{BadgeType},
		Key:   IssuerKey,
		KeyID: IssuerKey.ID(),
		Rand:  &stream{seed: seed},
	}
}

// MustIssue signs claims as the test issuer.
func MustIssue(t testing.TB, claims credential.Claims) string {
	t.Helper()
	return MustIssueBy(t, IssuerConfig(t.Name()), claims)
}

// MustIssueBy signs claims as another issuer.
func MustIssueBy(t testing.TB, config credential.IssuerConfig, claims credential.Claims) string {
	t.Helper()
	issuer, err := credential.NewIssuer(config)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := issuer.Prepare(claims)
	if err != nil {
		t.Fatal(err)
	}
	badge, err := issuer.Sign(draft)
	if err != nil {
		t.Fatal(err)
	}
	return badge
}

// MustPresent binds a badge, all of it disclosed, to [HolderKey] for a gate at
// that instant.
func MustPresent(t testing.TB, badge string, at time.Time) string {
	t.Helper()
	return MustBind(t, badge, credential.Proof{Audience: credential.GateAudience, Nonce: Nonce, IssuedAt: at})
}

// MustBind binds a badge to [HolderKey] with that proof.
func MustBind(t testing.TB, badge string, proof credential.Proof) string {
	t.Helper()
	presentation, err := credential.Bind(badge, HolderKey, proof)
	if err != nil {
		t.Fatal(err)
	}
	return presentation
}

// Keys trusts [IssuerKey] for [IssuerURL] and [BadgeType], by its thumbprint and
// by credential.KeyID. It implements [credential.KeySource].
type Keys struct{}

// BadgeKey implements [credential.KeySource].
func (Keys) BadgeKey(hint credential.KeyHint) (*ecdsa.PublicKey, error) {
	switch {
	case hint.Issuer != IssuerURL:
		return nil, code.Refuse(code.IssuerUntrusted, "issuer %q", hint.Issuer)
	case hint.Type != BadgeType:
		return nil, code.Refuse(code.TypeNotAccepted, "type %q", hint.Type)
	case len(hint.Chain) > 0:
		return nil, code.Refuse(code.HeaderForbidden, "x5c, but this issuer's keys are pinned")
	case hint.KeyID != IssuerKey.ID() && hint.KeyID != IssuerKey.KeyID():
		return nil, code.Refuse(code.KeyUnknown, "kid %q", hint.KeyID)
	}
	return IssuerKey.PublicKey(), nil
}

// stream is an endless, repeatable source of bytes for salts.
type stream struct {
	seed    string
	counter uint64
}

func (s *stream) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		block := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.seed), s.counter))
		s.counter++
		n += copy(p[n:], block[:])
	}
	return n, nil
}
