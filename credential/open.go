package credential

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// MaxSize is the length, in bytes, of the longest presentation that is read.
const MaxSize = sdjwt.MaxSize

// KeyHint is what an unverified badge says about who signed it. It serves to
// choose among keys that are already trusted, and must never be used to fetch,
// derive or trust a key.
type KeyHint struct {
	Issuer string
	Type   string
	KeyID  string   // empty when the header has no kid
	Chain  [][]byte // x5c as DER, unverified; empty when the header has none
}

// KeySource knows the keys that badges may be signed with.
type KeySource interface {
	// BadgeKey returns the one key that a badge with this hint must be signed
	// with. It returns an *code.Error when there is none: claim_iss_untrusted,
	// vct_not_accepted, key_unknown, key_ambiguous, key_not_for_issuer,
	// key_retired or jose_header_forbidden. It is called concurrently.
	BadgeKey(hint KeyHint) (*ecdsa.PublicKey, error)
}

// Memory remembers which signed texts were found good, so that a badge that is
// shown again costs no second issuer signature check. It is called
// concurrently.
type Memory interface {
	Remembers(signed [sha256.Size]byte) bool
	Remember(signed [sha256.Size]byte)
}

// Opener opens badges and presentations. The zero Opener opens none. It is safe
// for concurrent use as long as its members are.
type Opener struct {
	Keys KeySource
	// Memory is optional. What is remembered is bound to the whole signed text
	// and to the key it was verified with, so a key that is no longer returned
	// by Keys is no longer good either.
	Memory Memory
}

// Badge is an opened badge: its issuer signature was verified and every
// disclosure is one that the issuer signed. It was not checked for anything
// else.
type Badge struct {
	Claims
	KeyID string // of the key that signed it; empty when the header has none
	// Audience names the verifiers that the badge is for, when its issuer has
	// limited it to some; nil when it is for everybody. Issuers here never do.
	Audience []string
}

// Presentation is an opened badge with what its holder sent along.
type Presentation struct {
	Badge
	bound    string // what sd_hash must be the hash of
	proof    string // the key-binding JWT, unverified; empty when there is none
	proofKey *ecdsa.PublicKey
	keyErr   error // why proofKey is nil
}

// Open opens a badge as an issuer hands it out: no key binding. Errors are
// *code.Error, and then the badge is nil.
func (o Opener) Open(text string) (*Badge, error) {
	p, err := o.open(text)
	if err != nil {
		return nil, err
	}
	if p.proof != "" {
		return nil, code.Refuse(code.TokenMalformed, "a presentation with key binding where a badge is due")
	}
	if p.keyErr != nil {
		return nil, p.keyErr
	}
	return &p.Badge, nil
}

// OpenPresentation opens what a holder shows, with or without a key-binding JWT.
// Whether one is required is for the caller to decide before looking; see
// [Presentation.CheckProof].
func (o Opener) OpenPresentation(text string) (*Presentation, error) {
	return o.open(text)
}

// open follows the order of a decision: size and shape, strict parse, trusted
// issuer and key, signature, disclosures, typed claims.
func (o Opener) open(text string) (*Presentation, error) {
	if o.Keys == nil {
		return nil, errors.New("credential: an Opener without Keys trusts nobody")
	}
	parts, err := sdjwt.Split(text)
	if err != nil {
		return nil, err
	}
	token, err := jose.ParseCompact(parts.JWT, MaxSize, jose.HeaderPolicy{Type: MediaType, AllowChain: true})
	if err != nil {
		return nil, err
	}
	signed, err := strictjson.Parse(token.Payload)
	if err != nil {
		return nil, err
	}
	key, err := o.key(token.Header, signed)
	if err != nil {
		return nil, err
	}
	if err := o.verify(parts.JWT, token, key); err != nil {
		return nil, err
	}
	disclosed, err := sdjwt.Process(signed, parts.Disclosures, alwaysDisclosed)
	if err != nil {
		return nil, err
	}
	p := &Presentation{bound: parts.Bound, proof: parts.KeyBinding}
	p.KeyID = token.Header.KeyID
	if p.Claims, err = readClaims(disclosed); err != nil {
		return nil, err
	}
	if p.Audience, err = readAudience(disclosed); err != nil {
		return nil, err
	}
	if p.HolderKey, p.keyErr = holderKey(disclosed); p.keyErr != nil {
		p.HolderKey = nil
	}
	p.proofKey = p.HolderKey
	return p, nil
}

func (o Opener) key(header jose.Header, signed strictjson.Value) (*ecdsa.PublicKey, error) {
	if signed.Kind != strictjson.Object {
		return nil, code.Refuse(code.ClaimType, "the payload is not an object")
	}
	issuer, err := requiredText(signed, nameIssuer)
	if err != nil {
		return nil, err
	}
	vct, err := requiredText(signed, nameType)
	if err != nil {
		return nil, err
	}
	key, err := o.Keys.BadgeKey(KeyHint{Issuer: issuer, Type: vct, KeyID: header.KeyID, Chain: header.Chain})
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, code.Refuse(code.KeyUnknown, "no key")
	}
	return key, nil
}

// verify checks the issuer's signature, or finds the very text under the very
// key remembered as good.
func (o Opener) verify(jwt string, token jose.Compact, key *ecdsa.PublicKey) error {
	if o.Memory == nil {
		return token.Verify(key)
	}
	raw, err := key.Bytes()
	if err != nil {
		return code.Refuse(code.KeyTypeMismatch, "not a P-256 public key")
	}
	// The key's encoding has a fixed length, so the two can't run into each other.
	id := sha256.Sum256(append(append(make([]byte, 0, 4096), raw...), jwt...))
	if o.Memory.Remembers(id) {
		return nil
	}
	if err := token.Verify(key); err != nil {
		return err
	}
	o.Memory.Remember(id)
	return nil
}

// CheckTime says whether the badge is valid at now, by its own times: nbf may be
// ahead of now by at most leeway, for a verifier whose clock is behind; exp has
// no leeway, and at the instant exp itself the badge is expired. A life longer
// than maxLife is refused.
func (b *Badge) CheckTime(now time.Time, leeway, maxLife time.Duration) error {
	if !now.Before(b.Expires) {
		return code.Refuse(code.BadgeExpired, "expired at %s", b.Expires.Format(time.RFC3339))
	}
	if b.NotBefore.After(now.Add(leeway)) {
		return code.Refuse(code.BadgeNotYetValid, "valid from %s", b.NotBefore.Format(time.RFC3339))
	}
	if b.IssuedAt.After(now.Add(leeway)) {
		return code.Refuse(code.BadgeNotYetValid, "issued at %s", b.IssuedAt.Format(time.RFC3339))
	}
	if life := b.Expires.Sub(b.IssuedAt); life > maxLife {
		return code.Refuse(code.BadgeLifetimeExceeded, "a life of %v, at most %v is taken", life, maxLife)
	}
	return nil
}
