package revocation

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// TokenType is the typ header of a status list token; MediaType is what it is
// served as, exactly so.
const (
	TokenType = "statuslist+jwt"
	MediaType = "application/" + TokenType
)

// Bounds on a token, checked before the work they bound.
const (
	MaxTokenSize    = 4 << 20 // bytes of the compact token
	MaxInflatedSize = 4 << 20 // bytes of the list's entries
	MaxSeq          = strictjson.MaxInteger
)

// Token is a signed status list.
type Token struct {
	URI      string // sub: where it is published, which badges name
	IssuedAt time.Time
	// Seq orders the lists of one second: it rises with every change of an entry,
	// up to MaxSeq. Zero is left out of the token.
	Seq     uint64
	Expires time.Time     // must not be relied on from here on; zero when the token has no exp
	TTL     time.Duration // when a newer list may exist; zero when the token has no ttl
	List    *List
}

// compare orders two tokens of one list: below zero when t is the older.
func (t *Token) compare(other *Token) int {
	return cmp.Or(t.IssuedAt.Compare(other.IssuedAt), cmp.Compare(t.Seq, other.Seq))
}

type tokenPayload struct {
	Subject    string     `json:"sub"`
	IssuedAt   int64      `json:"iat"`
	Seq        uint64     `json:"seq,omitempty"`
	Expires    int64      `json:"exp"`
	TTL        int64      `json:"ttl"`
	StatusList statusList `json:"status_list"`
}

type statusList struct {
	Bits uint   `json:"bits"`
	List string `json:"lst"`
}

// Signer signs status list tokens.
type Signer struct {
	Key   crypto.Signer // P-256
	KeyID string
	Chain [][]byte // x5c, as DER; optional
}

// Sign makes the token of a list: t.List is not looked at, list is what is
// signed. Expires and a TTL of at least a second are required of what we issue,
// although the draft only recommends them.
func (s Signer) Sign(t Token, list Encoded) (string, error) {
	if t.URI == "" || list.text == "" || t.TTL < time.Second || !t.IssuedAt.Before(t.Expires) {
		return "", fmt.Errorf("revocation: a token needs a URI, an encoded list, a ttl of at least a second, and iat before exp")
	}
	if t.Seq > MaxSeq {
		return "", fmt.Errorf("revocation: seq %d is more than JSON readers tell apart, which is %d", t.Seq, uint64(MaxSeq))
	}
	header, err := jose.MarshalHeader(TokenType, jose.Header{KeyID: s.KeyID, Chain: s.Chain})
	if err != nil {
		return "", fmt.Errorf("revocation: %w", err)
	}
	body, err := json.Marshal(tokenPayload{
		Subject:    t.URI,
		IssuedAt:   t.IssuedAt.Unix(),
		Seq:        t.Seq,
		Expires:    t.Expires.Unix(),
		TTL:        int64(t.TTL / time.Second),
		StatusList: statusList{Bits: list.bits, List: list.text},
	})
	if err != nil {
		return "", fmt.Errorf("revocation: %w", err)
	}
	token, err := jose.Sign(s.Key, header, body)
	if err != nil {
		return "", fmt.Errorf("revocation: sign: %w", err)
	}
	if len(token) > MaxTokenSize {
		return "", code.Refuse(code.StatusTooLarge, "the token has %d bytes, at most %d are taken by a verifier", len(token), MaxTokenSize)
	}
	return token, nil
}

// KeyFor returns the key with which a list token with this key id must be
// signed, or an *code.Error. It is called before the signature is verified, so
// keyID is only good for choosing among trusted keys.
type KeyFor func(keyID string) (*ecdsa.PublicKey, error)

// Open verifies a token and inflates its list. uri is where it was to be found;
// the token's sub must be the same, byte for byte, or a list could stand in for
// another. Times are returned, not judged.
//
// Errors are *code.Error. A token that no trusted key signed, for whatever
// reason, is status_signature_invalid. The others are status_too_large,
// status_encoding, status_sub_mismatch, token_malformed, jose_typ_mismatch and
// the other jose_ codes, and the json_ and claim_ codes.
func Open(text, uri string, key KeyFor) (Token, error) {
	if len(text) > MaxTokenSize {
		return Token{}, code.Refuse(code.StatusTooLarge, "a token of %d bytes, at most %d are taken", len(text), MaxTokenSize)
	}
	if key == nil {
		return Token{}, code.Refuse(code.StatusSignatureInvalid, "no key to verify the list with")
	}
	compact, err := jose.ParseCompact(text, MaxTokenSize, jose.HeaderPolicy{Type: TokenType, AllowChain: true})
	if err != nil {
		return Token{}, unsigned(err)
	}
	public, err := key(compact.Header.KeyID)
	if err != nil {
		return Token{}, unsigned(err)
	}
	if err := compact.Verify(public); err != nil {
		return Token{}, unsigned(err)
	}
	claims, err := strictjson.Parse(compact.Payload)
	if err != nil {
		return Token{}, err
	}
	return readToken(claims, uri)
}

// unsigned gives the many ways of not being signed by a trusted key one code:
// the codes for the badge's own signature would be read as a verdict on it.
func unsigned(err error) error {
	switch code.Of(err) {
	case code.AlgNotAllowed, code.SignatureMissing, code.SignatureInvalid, code.IssuerUntrusted,
		code.KeyUnknown, code.KeyAmbiguous, code.KeyNotForIssuer, code.KeyTypeMismatch, code.KeyRetired, code.KeyRevoked:
		return code.Refuse(code.StatusSignatureInvalid, "the list is not signed by a key trusted for it: %v", err)
	}
	return err
}

func readToken(claims strictjson.Value, uri string) (Token, error) {
	sub, present := claims.Member("sub")
	if !present || sub.Kind != strictjson.String {
		return Token{}, code.Refuse(code.ClaimMissing, "the list has no sub")
	}
	if sub.Text != uri {
		return Token{}, code.Refuse(code.StatusSubMismatch, "a list for %q, not for %q", sub.Text, uri)
	}
	t := Token{URI: uri}
	issued, ok := integer(claims, "iat")
	if !ok || issued <= 0 {
		return Token{}, code.Refuse(code.ClaimMissing, "the list has no iat")
	}
	t.IssuedAt = time.Unix(issued, 0).UTC()
	if _, present := claims.Member("seq"); present {
		seq, ok := integer(claims, "seq")
		if !ok || seq < 0 {
			return Token{}, code.Refuse(code.ClaimType, "seq is not an integer of 0 to %d", uint64(MaxSeq))
		}
		t.Seq = uint64(seq)
	}
	if _, present := claims.Member("exp"); present {
		expires, ok := integer(claims, "exp")
		if !ok || expires <= issued {
			return Token{}, code.Refuse(code.ClaimTimeInvalid, "exp is not a time after iat")
		}
		t.Expires = time.Unix(expires, 0).UTC()
	}
	if _, present := claims.Member("ttl"); present {
		ttl, ok := integer(claims, "ttl")
		if !ok || ttl <= 0 {
			return Token{}, code.Refuse(code.ClaimType, "ttl is not a positive number of seconds")
		}
		t.TTL = time.Duration(min(ttl, maxTTLSeconds)) * time.Second
	}
	var err error
	if t.List, err = readList(claims); err != nil {
		return Token{}, err
	}
	return t, nil
}

// maxTTLSeconds keeps a ttl from overflowing a time.Duration.
const maxTTLSeconds = 10 * 365 * 24 * 60 * 60

func integer(claims strictjson.Value, name string) (int64, bool) {
	m, _ := claims.Member(name)
	return m.Integer()
}

func readList(claims strictjson.Value) (*List, error) {
	v, present := claims.Member("status_list")
	if !present {
		return nil, code.Refuse(code.ClaimMissing, "no status_list")
	}
	bits, ok := integer(v, "bits")
	if !ok || bits != 1 && bits != 2 && bits != 4 && bits != 8 {
		return nil, code.Refuse(code.StatusEncoding, "bits is not 1, 2, 4 or 8")
	}
	lst, _ := v.Member("lst")
	compressed, err := jose.DecodeSegment(lst.Text)
	if err != nil || lst.Kind != strictjson.String {
		return nil, code.Refuse(code.StatusEncoding, "lst is not base64url")
	}
	entries, err := inflate(compressed)
	if err != nil {
		return nil, err
	}
	return &List{layout: layoutOf(uint(bits)), entries: entries}, nil
}

// inflate undoes ZLIB (RFC 1950) and nothing else: one stream, no preset
// dictionary, nothing behind it, and no more than MaxInflatedSize out of it.
func inflate(compressed []byte) ([]byte, error) {
	source := bytes.NewReader(compressed)
	r, err := zlib.NewReader(source)
	if err != nil {
		return nil, code.Refuse(code.StatusEncoding, "lst is not a ZLIB stream")
	}
	entries, err := io.ReadAll(io.LimitReader(r, MaxInflatedSize+1))
	if len(entries) > MaxInflatedSize {
		return nil, code.Refuse(code.StatusTooLarge, "the list inflates to more than %d bytes", MaxInflatedSize)
	}
	if err != nil {
		return nil, code.Refuse(code.StatusEncoding, "the ZLIB stream is damaged")
	}
	if source.Len() != 0 {
		return nil, code.Refuse(code.StatusEncoding, "data behind the ZLIB stream")
	}
	if len(entries) == 0 {
		return nil, code.Refuse(code.StatusEncoding, "an empty list")
	}
	return entries, nil
}
