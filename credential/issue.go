package credential

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
)

// TimeGranularity is what a badge's times are rounded down to, so that badges
// issued together can't be linked by them (RFC 9901, section 10.1).
const TimeGranularity = 5 * time.Minute

// saltSize is 128 bits, as RFC 9901, section 9.3 recommends.
const saltSize = 16

// IssuerConfig configures an [Issuer].
type IssuerConfig struct {
	// URL is the issuer's identifier, the iss claim: an HTTPS URL without query
	// or fragment. Plain HTTP is accepted for loopback hosts only.
	URL string
	// Types are the credential types (vct) that the issuer may sign.
	Types []string
	// Key signs. It must hold a P-256 key.
	Key crypto.Signer
	// KeyID names the key in the header and in the issuer's key set.
	KeyID string
	// Chain, when not empty, is put into the header as x5c: DER certificates
	// from the signer's to the last below the trust anchor, as wallets ask for
	// (HAIP). Such a badge is too long for a gate code of ordinary size.
	Chain [][]byte
	// Rand is the source of salts; crypto/rand when nil. Salts that can be
	// guessed disclose what they hide: anything else MUST NOT be used outside
	// of tests and published examples.
	Rand io.Reader
}

// Issuer signs badges. It is safe for concurrent use.
type Issuer struct {
	config IssuerConfig
	public *ecdsa.PublicKey
	header []byte
}

// NewIssuer checks the configuration and reports everything that is wrong with
// it at once.
func NewIssuer(config IssuerConfig) (*Issuer, error) {
	var problems []error
	if err := checkIssuerURL(config.URL); err != nil {
		problems = append(problems, fmt.Errorf("issuer URL: %w", err))
	}
	if len(config.Types) == 0 {
		problems = append(problems, errors.New("no credential type: an issuer needs at least one"))
	}
	for _, vct := range config.Types {
		if err := checkIssuerURL(vct); err != nil {
			problems = append(problems, fmt.Errorf("credential type: %w", err))
		}
	}
	if config.KeyID == "" {
		problems = append(problems, errors.New("no key id: verifiers find the key by it"))
	}
	config.Types = slices.Clone(config.Types)
	i := &Issuer{config: config}
	if config.Key == nil {
		problems = append(problems, errors.New("no signing key"))
	} else if i.public, _ = config.Key.Public().(*ecdsa.PublicKey); i.public == nil {
		problems = append(problems, errors.New("the signing key is not an ECDSA key; make a P-256 one"))
	} else if _, err := jose.NewJWK(i.public); err != nil {
		problems = append(problems, fmt.Errorf("signing key: %w", err))
	}
	var err error
	i.header, err = jose.MarshalHeader(MediaType, jose.Header{KeyID: config.KeyID, Chain: config.Chain})
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("credential: issuer: %w", err)
	}
	if i.config.Rand == nil {
		i.config.Rand = rand.Reader
	}
	return i, nil
}

// Draft is a checked badge that is not signed yet. It belongs to the issuer
// that prepared it and can be signed once.
type Draft struct {
	issuer atomic.Pointer[Issuer] // nil once signed
	claims Claims
}

// Claims returns what will be signed, times already rounded.
func (d *Draft) Claims() Claims { return normalized(d.claims) }

// Prepare checks claims and returns them as a draft: nothing else can be signed.
// Issuer is filled in when empty and must be this issuer otherwise; the times are
// rounded down to [TimeGranularity]. Errors are *code.Error with the code
// claim_missing, claim_value_invalid, claim_time_invalid,
// badge_lifetime_exceeded, vct_not_accepted or key_type_mismatch.
func (i *Issuer) Prepare(claims Claims) (*Draft, error) {
	if claims.Issuer == "" {
		claims.Issuer = i.config.URL
	}
	if claims.Issuer != i.config.URL {
		return nil, code.Refuse(code.ClaimValueInvalid, "iss is %q, this issuer is %q", claims.Issuer, i.config.URL)
	}
	if !slices.Contains(i.config.Types, claims.Type) {
		return nil, code.Refuse(code.TypeNotAccepted, "this issuer does not sign the type %q", claims.Type)
	}
	claims = normalized(claims)
	if err := checkClaims(&claims); err != nil {
		return nil, err
	}
	d := &Draft{claims: claims}
	d.issuer.Store(i)
	return d, nil
}

// normalized rounds the times, drops what is finer than the format holds and
// copies what the caller could still change. No training is nil, as it is in an
// opened badge.
func normalized(c Claims) Claims {
	c.IssuedAt, c.NotBefore, c.Expires = roundDown(c.IssuedAt), roundDown(c.NotBefore), roundDown(c.Expires)
	c.Access = slices.Clone(c.Access)
	c.Training = slices.Clone(c.Training)
	if len(c.Training) == 0 {
		c.Training = nil
	}
	for n := range c.Training {
		c.Training[n].ValidUntil = c.Training[n].ValidUntil.UTC().Truncate(time.Second)
	}
	if c.Equipment != nil {
		c.Equipment = &Equipment{c.Equipment.Compliant, c.Equipment.CheckedAt.UTC().Truncate(time.Second)}
	}
	if c.HolderKey != nil {
		key := *c.HolderKey
		c.HolderKey = &key
	}
	return c
}

// Sign signs a draft and returns the badge with every disclosure. The result is
// opened again and compared with the draft before it is returned, so a fault in
// a key store or in memory yields an error and not a badge that says something
// else.
func (i *Issuer) Sign(d *Draft) (string, error) {
	if d == nil || !d.issuer.CompareAndSwap(i, nil) {
		return "", errors.New("credential: the draft was not prepared by this issuer, or is signed already")
	}
	badge, err := i.sign(&d.claims)
	if err != nil {
		return "", fmt.Errorf("credential: sign: %w", err)
	}
	opened, err := Opener{Keys: ownKey{i.public}}.Open(badge)
	if err != nil {
		return "", fmt.Errorf("credential: the badge just signed does not open: %w", err)
	}
	if !reflect.DeepEqual(opened.Claims, d.claims) {
		return "", errors.New("credential: the badge just signed says something else than its draft")
	}
	return badge, nil
}

func (i *Issuer) sign(c *Claims) (string, error) {
	disclosures, digests, err := i.disclosures(c)
	if err != nil {
		return "", err
	}
	signed, err := newPayload(c, digests)
	if err != nil {
		return "", err
	}
	body, err := marshal(signed)
	if err != nil {
		return "", err
	}
	jwt, err := jose.Sign(i.config.Key, i.header, body)
	if err != nil {
		return "", err
	}
	badge := jwt + "~" + strings.Join(append(disclosures, ""), "~")
	if len(badge) > MaxBadge {
		return "", code.Refuse(code.TokenTooLarge, "the badge has %d bytes, at most %d can be presented", len(badge), MaxBadge)
	}
	return badge, nil
}

// disclosures returns the disclosures and, sorted so that their order says
// nothing, their digests.
func (i *Issuer) disclosures(c *Claims) (disclosures, digests []string, err error) {
	used := make(map[[saltSize]byte]bool)
	for _, v := range disclosable(c) {
		var salt [saltSize]byte
		if _, err := io.ReadFull(i.config.Rand, salt[:]); err != nil {
			return nil, nil, fmt.Errorf("salt: %w", err)
		}
		if used[salt] {
			return nil, nil, errors.New("the source of salts repeats itself: what it hides can be guessed")
		}
		used[salt] = true
		text, err := marshal([]any{jose.Encoding.EncodeToString(salt[:]), v.name, v.value})
		if err != nil {
			return nil, nil, err
		}
		disclosure := jose.Encoding.EncodeToString(text)
		disclosures = append(disclosures, disclosure)
		digests = append(digests, sdjwt.Digest(disclosure))
	}
	slices.Sort(digests)
	return disclosures, digests, nil
}

// ownKey is the key source with which an issuer opens what it just signed.
type ownKey struct{ key *ecdsa.PublicKey }

func (k ownKey) BadgeKey(KeyHint) (*ecdsa.PublicKey, error) { return k.key, nil }
