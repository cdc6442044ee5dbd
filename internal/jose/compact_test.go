package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

const (
	maxSize = 4096
	header  = `{"alg":"ES256","kid":"k","typ":"test+jwt"}`
)

var policy = jose.HeaderPolicy{Type: "test+jwt"}

func sign(t testing.TB, header, payload string) string {
	t.Helper()
	return credentialtest.MustSign(t, credentialtest.IssuerKey, header, payload)
}

func TestParseCompact_ReadsWhatSignWrote(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{`{"a":1}`, "", "not JSON", "\x00\xff"} {
		token, err := jose.ParseCompact(sign(t, header, payload), maxSize, policy)
		if err != nil {
			t.Fatal(err)
		}
		if token.Header.KeyID != "k" || token.Header.Chain != nil || string(token.Payload) != payload {
			t.Errorf("read %+v", token)
		}
		if err := token.Verify(credentialtest.IssuerKey.PublicKey()); err != nil {
			t.Error(err)
		}
		if err := token.Verify(credentialtest.OtherKey.PublicKey()); code.Of(err) != code.SignatureInvalid {
			t.Errorf("under another key: %v", err)
		}
	}
}

func TestParseCompact_BoundsTheSize(t *testing.T) {
	t.Parallel()
	text := sign(t, header, "{}")
	if _, err := jose.ParseCompact(text, len(text), policy); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	if _, err := jose.ParseCompact(text, len(text)-1, policy); code.Of(err) != code.TokenTooLarge {
		t.Errorf("one byte beyond: %v", err)
	}
}

func TestParseCompact_RefusesOtherNumbersOfSegments(t *testing.T) {
	t.Parallel()
	text := sign(t, header, "{}")
	for _, bad := range []string{"", ".", "..", "...", text + ".", text + ".x", "." + text, strings.Replace(text, ".", "", 1), strings.Replace(text, ".", "..", 1), text[:strings.LastIndexByte(text, '.')]} {
		want := code.TokenMalformed
		if bad == ".." {
			want = code.JSONInvalid // three empty segments: an empty header
		}
		if _, err := jose.ParseCompact(bad, maxSize, policy); code.Of(err) != want {
			t.Errorf("%q is %v", bad, err)
		}
	}
}

func TestParseCompact_AcceptsNothingUnderTheZeroPolicy(t *testing.T) {
	t.Parallel()
	for _, h := range []string{header, `{"alg":"ES256"}`, `{"alg":"ES256","typ":""}`} {
		if _, err := jose.ParseCompact(sign(t, h, "{}"), maxSize, jose.HeaderPolicy{}); code.Of(err) != code.TypMismatch {
			t.Errorf("%s is %v", h, err)
		}
	}
}

func TestParseCompact_TakesAChainOnlyWhereThePolicyDoes(t *testing.T) {
	t.Parallel()
	chained := jose.HeaderPolicy{Type: "test+jwt", AllowChain: true}
	with := func(n int) string {
		return `{"alg":"ES256","typ":"test+jwt","x5c":[` + strings.TrimSuffix(strings.Repeat(`"AAAA",`, n), ",") + `]}`
	}
	token, err := jose.ParseCompact(sign(t, with(jose.MaxCertificates), "{}"), maxSize, chained)
	if err != nil || len(token.Header.Chain) != jose.MaxCertificates || string(token.Header.Chain[0]) != "\x00\x00\x00" {
		t.Errorf("at the bound: %+v (%v)", token.Header, err)
	}
	for _, n := range []int{0, jose.MaxCertificates + 1} {
		if _, err := jose.ParseCompact(sign(t, with(n), "{}"), maxSize, chained); code.Of(err) != code.HeaderType {
			t.Errorf("%d certificates: %v", n, err)
		}
	}
	if _, err := jose.ParseCompact(sign(t, with(1), "{}"), maxSize, policy); code.Of(err) != code.HeaderForbidden {
		t.Errorf("where no chain is taken: %v", err)
	}
}

func TestParseCompact_BoundsTheKeyID(t *testing.T) {
	t.Parallel()
	with := func(n int) string {
		return `{"alg":"ES256","kid":"` + strings.Repeat("k", n) + `","typ":"test+jwt"}`
	}
	if _, err := jose.ParseCompact(sign(t, with(jose.MaxKeyID), "{}"), maxSize, policy); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	for _, n := range []int{0, jose.MaxKeyID + 1} {
		if _, err := jose.ParseCompact(sign(t, with(n), "{}"), maxSize, policy); code.Of(err) != code.HeaderType {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

func TestVerify_TakesKeysOnP256Only(t *testing.T) {
	t.Parallel()
	token, err := jose.ParseCompact(sign(t, header, "{}"), maxSize, policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(nil); code.Of(err) != code.KeyTypeMismatch {
		t.Errorf("no key: %v", err)
	}
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Verify(&key.PublicKey); code.Of(err) != code.KeyTypeMismatch {
			t.Errorf("%s: %v", curve.Params().Name, err)
		}
		if _, err := jose.Sign(key, []byte(header), nil); code.Of(err) != code.KeyTypeMismatch {
			t.Errorf("signing with %s: %v", curve.Params().Name, err)
		}
	}
}

func TestSign_RefusesOtherKeys(t *testing.T) {
	t.Parallel()
	if text, err := jose.Sign(nil, []byte(header), nil); err == nil || text != "" {
		t.Errorf("without a key: %q", text)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := jose.Sign(key, []byte(header), nil); code.Of(err) != code.KeyTypeMismatch || text != "" {
		t.Errorf("with Ed25519: %q, %v", text, err)
	}
}

// faulty is a key store that returns something other than a signature.
type faulty struct {
	crypto.Signer
	signature []byte
	err       error
}

func (f faulty) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return f.signature, f.err }

func TestSign_RefusesWhatAFaultyKeyStoreReturns(t *testing.T) {
	t.Parallel()
	der := func(r, s *big.Int) []byte {
		text, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	one, wide := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 256)
	for name, signature := range map[string][]byte{
		"nothing": nil, "no ASN.1": []byte("signature"), "raw r and s": make([]byte, 64), "r of 257 bits": der(wide, one), "s of 257 bits": der(one, wide), "r huge": der(new(big.Int).Lsh(wide, 4096), one),
		"r zero": der(new(big.Int), one), "s negative": der(one, big.NewInt(-1)), "data behind": append(der(one, one), 0),
	} {
		if text, err := jose.Sign(faulty{Signer: credentialtest.IssuerKey, signature: signature}, []byte(header), nil); err == nil || text != "" {
			t.Errorf("%s: %q", name, text)
		}
	}
	broken := errors.New("token removed")
	if text, err := jose.Sign(faulty{Signer: credentialtest.IssuerKey, err: broken}, []byte(header), nil); !errors.Is(err, broken) || text != "" {
		t.Errorf("a failing key store: %q, %v", text, err)
	}
}

func TestSign_WorksWithAnOrdinaryPrivateKey(t *testing.T) {
	t.Parallel()
	text, err := jose.Sign(credentialtest.IssuerKey.Private(), []byte(header), []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.ParseCompact(text, maxSize, policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(credentialtest.IssuerKey.PublicKey()); err != nil {
		t.Error(err)
	}
}

func TestMarshalHeader_WritesOnlyWhatParseCompactReads(t *testing.T) {
	t.Parallel()
	text, err := jose.MarshalHeader("test+jwt", jose.Header{KeyID: strings.Repeat("k", jose.MaxKeyID)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jose.ParseCompact(sign(t, string(text), "{}"), maxSize, policy); err != nil {
		t.Error(err)
	}
	certificates := make([][]byte, jose.MaxCertificates+1)
	for name, h := range map[string]jose.Header{
		"long key id": {KeyID: strings.Repeat("k", jose.MaxKeyID+1)}, "space": {KeyID: "a b"}, "not ASCII": {KeyID: "ä"}, "control character": {KeyID: "a\n"}, "many certificates": {Chain: certificates},
	} {
		if text, err := jose.MarshalHeader("test+jwt", h); err == nil || text != nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	if text, err := jose.MarshalHeader("a", jose.Header{}); err != nil || string(text) != `{"alg":"ES256","typ":"a"}` {
		t.Errorf("empty header: %s, %v", text, err)
	}
	if text, err := jose.MarshalHeader(`a","x":"y`, jose.Header{KeyID: `k","alg":"none`}); err != nil || string(text) != `{"alg":"ES256","kid":"k\",\"alg\":\"none","typ":"a\",\"x\":\"y"}` {
		t.Errorf("names smuggled in by values: %s, %v", text, err)
	}
}
