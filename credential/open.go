package credential

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"slices"
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

// Memory keeps badges that were opened, so that one that is shown again costs
// neither its issuer's signature nor its parsing again. It is called
// concurrently, and may forget whatever it likes.
type Memory interface {
	Recall(text [sha256.Size]byte) (*Opened, bool)
	Remember(text [sha256.Size]byte, opened *Opened)
}

// Opened is a badge that was opened, as a [Memory] keeps it. It never changes.
type Opened struct {
	hint   KeyHint
	key    *ecdsa.PublicKey // under which its signature was good
	badge  Badge
	keyErr error // why the badge has no holder key
}

// Opener opens badges and presentations. The zero Opener opens none. It is safe
// for concurrent use as long as its members are.
type Opener struct {
	Keys KeySource
	// Memory is optional. What it keeps is bound to the whole text, disclosures
	// included, and to the key with which it was verified: Keys is asked each
	// time, so what it no longer returns is no longer good.
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
	hash     [sha256.Size]byte // of badge and disclosures: what sd_hash must be
	proof    string            // the key-binding JWT, unverified; empty when there is none
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

func (o Opener) open(text string) (*Presentation, error) {
	if o.Keys == nil {
		return nil, errors.New("credential: an Opener without Keys trusts nobody")
	}
	parts, err := sdjwt.Split(text)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(parts.Bound))
	opened, err := o.openOnce(parts, hash)
	if err != nil {
		return nil, err
	}
	return &Presentation{
		Badge:    opened.badge.clone(),
		hash:     hash,
		proof:    parts.KeyBinding,
		proofKey: opened.badge.HolderKey,
		keyErr:   opened.keyErr,
	}, nil
}

// openOnce opens the badge of a presentation, or recalls it: the same text under
// the same key means the same.
func (o Opener) openOnce(parts sdjwt.Parts, hash [sha256.Size]byte) (*Opened, error) {
	if o.Memory == nil {
		return o.openBadge(parts)
	}
	if known, ok := o.Memory.Recall(hash); ok {
		key, err := o.key(known.hint)
		if err != nil {
			return nil, err
		}
		if key.Equal(known.key) {
			return known, nil
		}
	}
	opened, err := o.openBadge(parts)
	if err != nil {
		return nil, err
	}
	o.Memory.Remember(hash, opened)
	return opened, nil
}

// openBadge follows the order of a decision: strict parse, trusted issuer and
// key, signature, disclosures, typed claims.
func (o Opener) openBadge(parts sdjwt.Parts) (*Opened, error) {
	token, err := jose.ParseCompact(parts.JWT, MaxSize, jose.HeaderPolicy{Type: MediaType, AllowChain: true})
	if err != nil {
		return nil, err
	}
	signed, err := strictjson.Parse(token.Payload)
	if err != nil {
		return nil, err
	}
	opened := &Opened{}
	if opened.hint, err = hintOf(token.Header, signed); err != nil {
		return nil, err
	}
	if opened.key, err = o.key(opened.hint); err != nil {
		return nil, err
	}
	if err := token.Verify(opened.key); err != nil {
		return nil, err
	}
	disclosed, err := sdjwt.Process(signed, parts.Disclosures, alwaysDisclosed)
	if err != nil {
		return nil, err
	}
	badge := &opened.badge
	badge.KeyID = token.Header.KeyID
	if badge.Claims, err = readClaims(disclosed); err != nil {
		return nil, err
	}
	if badge.Audience, err = readAudience(disclosed); err != nil {
		return nil, err
	}
	if badge.HolderKey, opened.keyErr = holderKey(disclosed); opened.keyErr != nil {
		badge.HolderKey = nil
	}
	return opened, nil
}

func hintOf(header jose.Header, signed strictjson.Value) (KeyHint, error) {
	if signed.Kind != strictjson.Object {
		return KeyHint{}, code.Refuse(code.ClaimType, "the payload is not an object")
	}
	issuer, err := requiredText(signed, nameIssuer)
	if err != nil {
		return KeyHint{}, err
	}
	vct, err := requiredText(signed, nameType)
	if err != nil {
		return KeyHint{}, err
	}
	return KeyHint{Issuer: issuer, Type: vct, KeyID: header.KeyID, Chain: header.Chain}, nil
}

func (o Opener) key(hint KeyHint) (*ecdsa.PublicKey, error) {
	key, err := o.Keys.BadgeKey(hint)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, code.Refuse(code.KeyUnknown, "no key")
	}
	return key, nil
}

// clone shares nothing that a caller could change with what is remembered.
func (b *Badge) clone() Badge {
	c := *b
	c.Access = slices.Clone(b.Access)
	c.Audience = slices.Clone(b.Audience)
	c.Training = slices.Clone(b.Training)
	if b.Equipment != nil {
		equipment := *b.Equipment
		c.Equipment = &equipment
	}
	if b.HolderKey != nil {
		key := *b.HolderKey
		c.HolderKey = &key
	}
	return c
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
