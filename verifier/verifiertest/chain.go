package verifiertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// Anchor is the certificate, as DER, that the trust list names for
// [ChainIssuerURL].
func Anchor(t testing.TB) []byte {
	t.Helper()
	return sign(t, authority("anchor"), authority("anchor"), AnchorKey.Public(), AnchorKey)
}

// Chain returns the x5c of a badge of [ChainIssuerURL], as DER: a certificate of
// [ChainKey] and an intermediate one. Kind is "good" or says what is wrong with
// it: "wrong name", "no name", "expired", "early", "no intermediate",
// "other anchor", "P-384", "not a certificate". "by DNS name" is good, too.
func Chain(t testing.TB, kind string) [][]byte {
	t.Helper()
	between := credentialtest.NewKey("chain intermediate")
	intermediate := sign(t, authority("intermediate"), authority("anchor"), between.Public(), AnchorKey)
	leaf := certificate("leaf")
	leaf.URIs = []*url.URL{{Scheme: "https", Host: "badge.chain.example"}}
	public := ChainKey.Public()
	switch kind {
	case "good", "no intermediate", "other anchor":
	case "by DNS name":
		leaf.URIs, leaf.DNSNames = nil, []string{"badge.chain.example"}
	case "wrong name":
		leaf.URIs[0].Host = "badge.other.example"
	case "no name":
		leaf.URIs = nil
	case "expired":
		leaf.NotAfter = credentialtest.Now.Add(-time.Second)
	case "early":
		leaf.NotBefore = credentialtest.Now.Add(time.Second)
	case "P-384":
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		public = &key.PublicKey
	case "not a certificate":
		return [][]byte{[]byte("a certificate")}
	default:
		t.Fatalf("verifiertest: no chain of the kind %q", kind)
	}
	signer := between
	if kind == "other anchor" {
		signer = credentialtest.OtherKey
		intermediate = sign(t, authority("intermediate"), authority("intermediate"), signer.Public(), signer)
	}
	chain := [][]byte{sign(t, leaf, authority("intermediate"), public, signer), intermediate}
	if kind == "no intermediate" {
		return chain[:1]
	}
	return chain
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    credentialtest.Now.AddDate(-1, 0, 0),
		NotAfter:     credentialtest.Now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func authority(name string) *x509.Certificate {
	c := certificate(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	return c
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, signer credentialtest.Key) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
