package verifier

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"net/url"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// chainKey verifies an x5c chain up to one of the issuer's anchors and returns
// the key of its first certificate. A revoked key is known by its own id, too:
// whoever has it can have a header name any other, or none.
func (i *trustedIssuer) chainKey(hint credential.KeyHint, now time.Time) (*ecdsa.PublicKey, error) {
	if err := i.checkRevoked(hint.KeyID); err != nil {
		return nil, err
	}
	key, err := verifyChain(hint, i.anchors, now)
	if err != nil || len(i.revoked) == 0 {
		return key, err
	}
	id, err := credential.KeyID(key)
	if err != nil {
		return nil, err
	}
	if err := i.checkRevoked(id); err != nil {
		return nil, err
	}
	return key, nil
}

func verifyChain(hint credential.KeyHint, anchors *x509.CertPool, now time.Time) (*ecdsa.PublicKey, error) {
	if len(hint.Chain) == 0 {
		return nil, code.Refuse(code.KeyUnknown, "no x5c, but this issuer's keys come by certificate")
	}
	var leaf *x509.Certificate
	between := x509.NewCertPool()
	for n, der := range hint.Chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, code.Refuse(code.HeaderType, "x5c holds something other than certificates")
		}
		if n == 0 {
			leaf = certificate
		} else {
			between.AddCert(certificate)
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:         anchors,
		Intermediates: between,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, code.Refuse(code.KeyUnknown, "the x5c chain does not lead to an anchor: %v", err)
	}
	// The chain only proves who the certificate was given to. Without this, any
	// certificate below the anchor could sign badges of any issuer below it.
	if !names(leaf, hint.Issuer) {
		return nil, code.Refuse(code.KeyNotForIssuer, "the certificate does not name %q", hint.Issuer)
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, code.Refuse(code.KeyTypeMismatch, "the certificate's key is not on P-256")
	}
	return key, nil
}

func names(leaf *x509.Certificate, issuer string) bool {
	for _, uri := range leaf.URIs {
		if uri.String() == issuer {
			return true
		}
	}
	u, err := url.Parse(issuer)
	// A DNS name stands for the whole host, so only for an issuer that is one.
	return err == nil && (u.Path == "" || u.Path == "/") && slices.Contains(leaf.DNSNames, u.Host)
}
