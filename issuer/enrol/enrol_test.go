package enrol

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

var now = credentialtest.Now

func TestNew_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	if want := "enrol: no Program: nobody could issue\nno Store: nothing could be kept"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestNonce_IsGoodForItsPurposeItsMakerAndItsTime(t *testing.T) {
	t.Parallel()
	mine, other := nonces{key: [32]byte{1}}, nonces{key: [32]byte{2}}
	text := mine.make(dpopNonce, now)
	if text == mine.make(dpopNonce, now) {
		t.Error("two nonces are the same")
	}
	for name, c := range map[string]struct {
		by      *nonces
		purpose string
		at      time.Time
		good    bool
	}{
		"at once":          {&mine, dpopNonce, now, true},
		"last instant":     {&mine, dpopNonce, now.Add(NonceLife - time.Microsecond), true},
		"too old":          {&mine, dpopNonce, now.Add(NonceLife), false},
		"other purpose":    {&mine, keyProofNonce, now, false},
		"after a restart":  {&other, dpopNonce, now, false},
		"a clock set back": {&mine, dpopNonce, now.Add(-time.Hour), true},
	} {
		until, good := c.by.check(c.purpose, text, c.at)
		if good != c.good || good && !until.Equal(now.Add(NonceLife)) {
			t.Errorf("%s: %v until %s", name, good, until)
		}
	}
}

func TestNonce_NoOtherTextIsGood(t *testing.T) {
	t.Parallel()
	n := nonces{key: [32]byte{1}}
	text := n.make(dpopNonce, now)
	for i := range len(text) {
		changed := []byte(text)
		changed[i] ^= 1
		if _, good := n.check(dpopNonce, string(changed), now); good {
			t.Errorf("byte %d changed", i)
		}
		if _, good := n.check(dpopNonce, text[:i], now); good {
			t.Errorf("cut at %d", i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if any := rapid.String().Draw(t, "text"); any != text {
			if _, good := n.check(dpopNonce, any, now); good {
				t.Fatalf("%q is good", any)
			}
		}
	})
}

func TestTxCode_IsDigitsAndEachIsAsLikely(t *testing.T) {
	t.Parallel()
	leading := 0
	for range 2000 {
		code, err := newTxCode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strconv.ParseUint(code, 10, 32); err != nil || len(code) != TxCodeLength {
			t.Fatalf("got %q", code)
		}
		if code[0] == '0' {
			leading++
		}
	}
	if leading < 100 || leading > 300 { // 200 on average, 13 the deviation
		t.Errorf("%d of 2000 begin with 0", leading)
	}
}

func TestSecret_HasOneSpelling(t *testing.T) {
	t.Parallel()
	secret := newSecret()
	if !isSecret(secret) || !isSecret(codeOf(secret)) || codeOf(secret) == secret {
		t.Errorf("got %q", secret)
	}
	for _, wrong := range []string{"", secret[1:], secret + "A", secret + "=", secret[:42] + "\n", secret[:42] + "B", strings.Repeat("+", 43)} {
		if isSecret(wrong) {
			t.Errorf("%q passes for a secret", wrong)
		}
	}
}

func TestHash_OfOneKindIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]bool{}
	for _, h := range [][32]byte{codeHash("x"), accessHash("x"), refreshHash("x"), nonceHash("x"), txCodeHash("x", ""), txCodeHash("", "x"), proofHash("x", ""), proofHash("", "x")} {
		if seen[h] {
			t.Error("two hashes are the same")
		}
		seen[h] = true
	}
}

// sent is a good DPoP proof for the token endpoint.
func sent(t testing.TB) string {
	t.Helper()
	jwk, err := credential.MarshalJWK(credentialtest.HolderKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return credentialtest.MustSign(t, credentialtest.HolderKey, `{"alg":"ES256","typ":"dpop+jwt","jwk":`+string(jwk)+`}`,
		`{"htm":"POST","htu":"https://badge.vendor.example/token","jti":"1","iat":`+strconv.FormatInt(now.Unix(), 10)+`}`)
}

const tokenAddress = "https://badge.vendor.example/token"

func TestReadDPoP_EveryChangedByteIsNoticed(t *testing.T) {
	t.Parallel()
	proof := sent(t)
	if got, err := readDPoP([]string{proof}, tokenAddress, "", now); err != nil || got.keyID != credentialtest.HolderKey.ID() || got.jti != "1" {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range len(proof) {
		changed := []byte(proof)
		changed[i] ^= 1
		if got, err := readDPoP([]string{string(changed)}, tokenAddress, "", now); err == nil || got != (dpop{}) {
			t.Errorf("byte %d changed: %+v", i, got)
		}
		if _, err := readDPoP([]string{proof[:i]}, tokenAddress, "", now); err == nil {
			t.Errorf("cut at %d", i)
		}
	}
}

func TestReadProof_OfTheBoundAndOneByteMore(t *testing.T) {
	t.Parallel()
	jwk, err := credential.MarshalJWK(credentialtest.HolderKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"ES256","typ":"` + keyProofType + `","jwk":` + string(jwk) + `}`
	payload := `{"aud":"https://badge.vendor.example","nonce":"n","iat":` + strconv.FormatInt(now.Unix(), 10) + `}`
	room := MaxProof - 86 - 2 - base64.RawURLEncoding.EncodedLen(len(header))
	size := room * 3 / 4
	for extra, taken := range map[int]bool{0: true, 1: false} {
		text := credentialtest.MustSign(t, credentialtest.HolderKey, header, payload+strings.Repeat(" ", size-len(payload)+extra))
		if len(text) > MaxProof == taken {
			t.Fatalf("%d bytes", len(text))
		}
		if _, err := readKeyProof(text, "https://badge.vendor.example", now); (err == nil) != taken {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

// FuzzReadRequest: what is accepted holds 1 to MaxBatch proofs, and what is
// refused is refused in the protocol's words.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{
		`{"credential_configuration_id":"cyber_badge","proofs":{"jwt":["a","b"]}}`,
		`{"credential_configuration_id":"cyber_badge_stock","proofs":{"jwt":["a"]}}`,
		`{"credential_configuration_id":"cyber_badge","proof":{"proof_type":"jwt","jwt":"a"}}`,
		`{"credential_identifier":"x"}`, `[]`, `{`, `{"credential_configuration_id":"cyber_badge","proofs":{"jwt":[]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := readRequest(body)
		if err == nil {
			if len(request.proofs) < 1 || len(request.proofs) > MaxBatch {
				t.Errorf("%d proofs", len(request.proofs))
			}
			return
		}
		if refused, ok := err.(*Error); !ok || refused.Code == "" || refused.Description == "" || request.proofs != nil {
			t.Errorf("%+v beside %v", request, err)
		}
	})
}

func BenchmarkReadDPoP(b *testing.B) {
	proof := []string{sent(b)}
	for b.Loop() {
		if _, err := readDPoP(proof, tokenAddress, "", now); err != nil {
			b.Fatal(err)
		}
	}
}
