package credentialtest

import (
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
)

// MustSign signs header and payload as they are, however wrong they may be: the
// way to make a token that carries a good signature over bad content.
func MustSign(t testing.TB, key Key, header, payload string) string {
	t.Helper()
	token, err := jose.Sign(key, []byte(header), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Header is the protected header that the test issuer writes.
func Header() string {
	return `{"alg":"ES256","kid":"` + IssuerKey.ID() + `","typ":"dc+sd-jwt"}`
}

// Parts takes a badge or presentation apart: the decoded header and payload of
// the issuer-signed JWT, the disclosures as they stand and the key-binding JWT.
func Parts(t testing.TB, text string) (header, payload string, disclosures []string, proof string) {
	t.Helper()
	parts, err := sdjwt.Split(text)
	if err != nil {
		t.Fatal(err)
	}
	segments := strings.Split(parts.JWT, ".")
	return mustDecode(t, segments[0]), mustDecode(t, segments[1]), parts.Disclosures, parts.KeyBinding
}

func mustDecode(t testing.TB, segment string) string {
	t.Helper()
	decoded, err := jose.DecodeSegment(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(decoded)
}

// Join is the opposite of [Parts] for an issuer-signed JWT that is signed again.
func Join(jwt string, disclosures []string, proof string) string {
	return strings.Join(append([]string{jwt}, disclosures...), "~") + "~" + proof
}

// Disclosure encodes the JSON text of a disclosure.
func Disclosure(json string) string { return jose.Encoding.EncodeToString([]byte(json)) }

// Digest is what stands in _sd for an encoded disclosure.
func Digest(disclosure string) string { return sdjwt.Digest(disclosure) }

// HashOf is the sd_hash of a presentation up to and including its last '~'.
func HashOf(t testing.TB, text string) string {
	t.Helper()
	parts, err := sdjwt.Split(text)
	if err != nil {
		t.Fatal(err)
	}
	return sdjwt.Digest(parts.Bound)
}

// MustSignText appends a signature to a signing input of any spelling.
func MustSignText(t testing.TB, key Key, signingInput string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(signingInput))
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		t.Fatal(err)
	}
	var raw [64]byte
	parts.R.FillBytes(raw[:32])
	parts.S.FillBytes(raw[32:])
	return signingInput + "." + jose.Encoding.EncodeToString(raw[:])
}

// ProofHeader is the protected header that an honest holder writes.
const ProofHeader = `{"alg":"ES256","typ":"kb+jwt"}`

// ProofPayload is what an honest holder signs for a gate over bound, the text up
// to and including the last '~'.
func ProofPayload(bound string, at time.Time) string {
	return fmt.Sprintf(`{"iat":%d,"aud":%q,"nonce":%q,"sd_hash":%q}`,
		at.Unix(), credential.GateAudience, Nonce, sdjwt.Digest(bound))
}
