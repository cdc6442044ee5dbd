package enrol

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// The types of proof, as their typ.
const (
	keyProofType = "openid4vci-proof+jwt" // OpenID4VCI, appendix F.1
	dpopType     = "dpop+jwt"             // RFC 9449, section 4.2
)

// maxJTI bounds the id of a proof, in bytes.
const maxJTI = 256

// proof is a signed statement of whoever has the key that came with it.
type proof struct {
	key    *ecdsa.PublicKey
	keyID  string // RFC 7638
	claims strictjson.Value
}

// readProof checks what both types have in common: shape, header, signature and
// time. The error says what was wrong and is the sender's to read.
func readProof(text, typ string, now time.Time) (proof, error) {
	token, err := jose.ParseCompact(text, MaxProof, jose.HeaderPolicy{Type: typ, OwnKey: true})
	if err != nil {
		return proof{}, plain(err)
	}
	if err := token.Verify(token.Header.Key); err != nil {
		return proof{}, plain(err)
	}
	claims, err := strictjson.Parse(token.Payload)
	if err != nil {
		return proof{}, plain(err)
	}
	keyID, err := credential.Thumbprint(token.Header.Key)
	if err != nil {
		return proof{}, plain(err)
	}
	p := proof{token.Header.Key, keyID, claims}
	return p, p.checkTime(now)
}

func (p proof) checkTime(now time.Time) error {
	seconds, err := p.integer("iat")
	if err != nil {
		return err
	}
	issued := time.Unix(seconds, 0)
	if issued.Before(now.Add(-ProofBehind)) || issued.After(now.Add(ProofAhead)) {
		return fmt.Errorf("iat is %d, here it is %d", seconds, now.Unix())
	}
	if _, present := p.claims.Member("exp"); !present {
		return nil
	}
	seconds, err = p.integer("exp")
	if err == nil && !now.Before(time.Unix(seconds, 0)) {
		err = errors.New("it has expired")
	}
	return err
}

func (p proof) integer(name string) (int64, error) {
	v, _ := p.claims.Member(name)
	n, ok := v.Integer()
	if !ok {
		return 0, fmt.Errorf("%s is not a whole number", name)
	}
	return n, nil
}

// text is a claim that must be a string, empty if it is not there.
func (p proof) text(name string) (string, error) {
	v, present := p.claims.Member(name)
	if present && v.Kind != strictjson.String {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return v.Text, nil
}

// is compares a claim byte for byte.
func (p proof) is(name, want string) error {
	got, err := p.text(name)
	if err == nil && got != want {
		err = fmt.Errorf("%s is %.200q, not %q", name, got, want)
	}
	return err
}

// plain is the detail of a refusal without its code.
func plain(err error) error {
	var refused *code.Error
	if errors.As(err, &refused) && refused.Detail != "" {
		return errors.New(refused.Detail)
	}
	return err
}

// dpop is what a DPoP proof says, once it is found good but for its nonce and
// for having been used before.
type dpop struct {
	keyID string
	jti   string
	nonce string // empty if it has none
}

// readDPoP checks a proof for a POST to an address (RFC 9449, section 4.3). With
// an access token the proof must be for that token.
func readDPoP(headers []string, address, accessToken string, now time.Time) (dpop, error) {
	if len(headers) != 1 {
		return dpop{}, fmt.Errorf("there are %d DPoP headers, one is needed", len(headers))
	}
	p, err := readProof(headers[0], dpopType, now)
	if err != nil {
		return dpop{}, err
	}
	if err := errors.Join(p.is("htm", "POST"), p.sentTo(address)); err != nil {
		return dpop{}, err
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		if err := p.is("ath", base64.RawURLEncoding.EncodeToString(sum[:])); err != nil {
			return dpop{}, err
		}
	}
	d := dpop{keyID: p.keyID}
	if d.jti, err = p.text("jti"); err != nil {
		return dpop{}, err
	}
	if d.jti == "" || len(d.jti) > maxJTI {
		return dpop{}, fmt.Errorf("jti has %d bytes, it needs 1 to %d", len(d.jti), maxJTI)
	}
	d.nonce, err = p.text("nonce")
	return d, err
}

// sentTo compares htu with our own address, never with what a Host header made
// of it. A query and a fragment do not count (RFC 9449, section 4.3).
func (p proof) sentTo(address string) error {
	htu, err := p.text("htu")
	if err != nil {
		return err
	}
	if end := strings.IndexAny(htu, "?#"); end >= 0 {
		htu = htu[:end]
	}
	if htu != address {
		return fmt.Errorf("htu is %.200q, not %q", htu, address)
	}
	return nil
}

// keyProof shows that the phone has a key.
type keyProof struct {
	key   *ecdsa.PublicKey
	keyID string
	nonce string
}

// readKeyProof checks a proof of type jwt but for its nonce.
func readKeyProof(text, audience string, now time.Time) (keyProof, error) {
	p, err := readProof(text, keyProofType, now)
	if err != nil {
		return keyProof{}, err
	}
	if err := p.is("aud", audience); err != nil {
		return keyProof{}, err
	}
	nonce, err := p.text("nonce")
	if err == nil && nonce == "" {
		err = errors.New("nonce is missing; the nonce endpoint has one")
	}
	return keyProof{p.key, p.keyID, nonce}, err
}
