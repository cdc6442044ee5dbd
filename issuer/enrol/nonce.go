package enrol

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// nonces makes nonces that need not be remembered to be known again: anybody may
// ask for one, so keeping them would let anybody fill the store.
//
//	8 bytes time in microseconds | 16 random bytes | 16 bytes HMAC-SHA-256
type nonces struct {
	key [sha256.Size]byte
}

const (
	nonceBody = 24
	nonceTag  = 16
)

// A nonce is good for one kind of proof.
const (
	keyProofNonce = "key proof"
	dpopNonce     = "dpop"
)

func (n *nonces) make(purpose string, now time.Time) string {
	var b [nonceBody + nonceTag]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMicro()))
	_, _ = rand.Read(b[8:nonceBody])
	copy(b[nonceBody:], n.tag(purpose, b[:nonceBody]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// check returns when the nonce ceases to be good, and whether it is good now.
func (n *nonces) check(purpose, text string, now time.Time) (until time.Time, good bool) {
	b, err := jose.DecodeSegment(text)
	if err != nil || len(b) != nonceBody+nonceTag || !hmac.Equal(b[nonceBody:], n.tag(purpose, b[:nonceBody])) {
		return time.Time{}, false
	}
	until = time.UnixMicro(int64(binary.BigEndian.Uint64(b))).Add(NonceLife)
	return until, now.Before(until)
}

func (n *nonces) tag(purpose string, body []byte) []byte {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write(body)
	return mac.Sum(nil)[:nonceTag]
}
