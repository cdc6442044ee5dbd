package credential

import (
	"crypto"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// ProofMediaType is the typ header of a key-binding JWT (RFC 9901, section 4.3).
const ProofMediaType = "kb+jwt"

// GateAudience is the aud of proofs made for a gate, where no verifier can say
// who it is before the code is shown.
const GateAudience = "urn:cyberbadge:gate"

// MaxNonce is the longest nonce, in characters.
const MaxNonce = 128

// Disclose returns a badge without the disclosures of claims that are not
// named. Names that the badge has no disclosure for are not an error: a person
// without a picture shows none. The badge's own text is the holder's, so no
// signature is checked. A key-binding JWT is refused: it commits to what it was
// made for.
func Disclose(badge string, names ...string) (string, error) {
	parts, err := sdjwt.Split(badge)
	if err != nil {
		return "", err
	}
	if parts.KeyBinding != "" {
		return "", code.Refuse(code.TokenMalformed, "a presentation is bound to what it discloses; disclose from the badge")
	}
	kept := []string{parts.JWT}
	for _, text := range parts.Disclosures {
		d, err := sdjwt.ParseDisclosure(text)
		if err != nil {
			return "", err
		}
		if slices.Contains(names, d.Name) {
			kept = append(kept, text)
		}
	}
	return strings.Join(append(kept, ""), "~"), nil
}

// Proof is what a key-binding JWT says.
type Proof struct {
	Audience string
	Nonce    string
	IssuedAt time.Time
}

// Bind appends a key-binding JWT to a badge that discloses what the holder
// wants to show. At a gate the audience is [GateAudience] and the nonce random;
// where the verifier sends a nonce it is that one.
func Bind(badge string, holder crypto.Signer, proof Proof) (string, error) {
	parts, err := sdjwt.Split(badge)
	if err != nil {
		return "", err
	}
	if parts.KeyBinding != "" {
		return "", code.Refuse(code.TokenMalformed, "the badge is bound already")
	}
	if proof.Audience == "" || proof.Nonce == "" || len(proof.Nonce) > MaxNonce {
		return "", fmt.Errorf("credential: a proof needs an audience and a nonce of 1 to %d characters", MaxNonce)
	}
	header, err := jose.MarshalHeader(ProofMediaType, jose.Header{})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(struct {
		IssuedAt int64  `json:"iat"`
		Audience string `json:"aud"`
		Nonce    string `json:"nonce"`
		Hash     string `json:"sd_hash"`
	}{proof.IssuedAt.Unix(), proof.Audience, proof.Nonce, sdjwt.Digest(parts.Bound)})
	if err != nil {
		return "", err
	}
	jwt, err := jose.Sign(holder, header, body)
	if err != nil {
		return "", fmt.Errorf("credential: bind: %w", err)
	}
	if n := len(parts.Bound) + len(jwt); n > MaxSize {
		return "", code.Refuse(code.TokenTooLarge, "a presentation of %d bytes, at most %d are taken; disclose less", n, MaxSize)
	}
	return parts.Bound + jwt, nil
}

// ProofRules are what a verifier expects of a proof. The zero value accepts none.
type ProofRules struct {
	Audiences []string // acceptable values of aud; at least one
	Nonce     string   // the nonce that was sent; empty when none could be sent
	Now       time.Time
	MaxAge    time.Duration // how far iat may be behind Now
	MaxAhead  time.Duration // how far iat may be ahead of Now
}

// CheckProof verifies that the holder of the badge's key made this presentation,
// for one of these audiences, just now (RFC 9901, section 7.3). It does not know
// whether the proof was used before: the caller keeps [Proof.Nonce] for as long
// as the proof would be accepted again.
func (p *Presentation) CheckProof(rules ProofRules) (Proof, error) {
	if p.proof == "" {
		return Proof{}, code.Refuse(code.ProofMissing, "no key-binding JWT")
	}
	if p.keyErr != nil {
		return Proof{}, p.keyErr
	}
	token, err := jose.ParseCompact(p.proof, MaxSize, jose.HeaderPolicy{Type: ProofMediaType})
	if err != nil {
		return Proof{}, err
	}
	if err := token.Verify(p.proofKey); err != nil {
		return Proof{}, code.Refuse(code.ProofSignatureInvalid, "not signed by the holder's key")
	}
	claims, err := strictjson.Parse(token.Payload)
	if err != nil {
		return Proof{}, err
	}
	proof, hash, err := readProof(claims)
	if err != nil {
		return Proof{}, err
	}
	if err := rules.check(proof, claims); err != nil {
		return Proof{}, err
	}
	if hash != jose.Encoding.EncodeToString(p.hash[:]) {
		return Proof{}, code.Refuse(code.ProofHash, "the proof was made for other disclosures or another badge")
	}
	return proof, nil
}

func readProof(v strictjson.Value) (Proof, string, error) {
	r := &reader{from: v}
	proof := Proof{
		IssuedAt: read(r, requiredTime, nameIssuedAt),
		Audience: read(r, requiredText, nameAudience),
		Nonce:    read(r, requiredText, "nonce"),
	}
	hash := read(r, requiredText, "sd_hash")
	if r.err == nil && len(proof.Nonce) > MaxNonce {
		r.err = code.Refuse(code.ClaimType, "a nonce of %d characters, at most %d are taken", len(proof.Nonce), MaxNonce)
	}
	return proof, hash, r.err
}

func (rules ProofRules) check(proof Proof, claims strictjson.Value) error {
	if !slices.Contains(rules.Audiences, proof.Audience) {
		return code.Refuse(code.ProofAudience, "made for %q", proof.Audience)
	}
	if rules.Nonce != "" && proof.Nonce != rules.Nonce {
		return code.Refuse(code.ProofNonce, "another nonce than the one sent")
	}
	age := rules.Now.Sub(proof.IssuedAt)
	if age > rules.MaxAge || age < -rules.MaxAhead {
		return code.Refuse(code.ProofTime, "made %v before now; from %v before to %v after is taken", age, rules.MaxAge, rules.MaxAhead)
	}
	expires, err := optionalTime(claims, nameExpires)
	if err != nil {
		return err
	}
	notBefore, err := optionalTime(claims, nameNotBefore)
	if err != nil {
		return err
	}
	if !expires.IsZero() && !rules.Now.Before(expires) || notBefore.After(rules.Now.Add(rules.MaxAhead)) {
		return code.Refuse(code.ProofTime, "the proof's own exp or nbf excludes now")
	}
	return nil
}

// HasProof reports whether a key-binding JWT came along. It must not decide
// whether one is required.
func (p *Presentation) HasProof() bool { return p.proof != "" }
