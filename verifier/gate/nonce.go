package gate

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// nonces makes nonces that need not be remembered to be known again, and
// remembers those that were used.
//
//	8 bytes time in microseconds | 16 random bytes | 16 bytes HMAC-SHA-256
type nonces struct {
	key [sha256.Size]byte

	mu    sync.Mutex
	spent map[string]time.Time // and when it may be forgotten
}

const (
	nonceBody = 24
	nonceTag  = 16
)

func (n *nonces) make(now time.Time) string {
	var b [nonceBody + nonceTag]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMicro()))
	_, _ = rand.Read(b[8:nonceBody])
	copy(b[nonceBody:], n.tag(b[:nonceBody]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// spend uses a nonce up.
func (n *nonces) spend(text string, now time.Time) error {
	b, err := jose.DecodeSegment(text)
	if err != nil || len(b) != nonceBody+nonceTag || !hmac.Equal(b[nonceBody:], n.tag(b[:nonceBody])) {
		return errors.New("the nonce is not one of this service since its start")
	}
	until := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).Add(NonceLife)
	if !now.Before(until) {
		return errors.New("the nonce has expired")
	}
	return n.remember(text, until, now)
}

// remember fails on what it remembers already. When it is full it fails, too: to
// forget a nonce early would let it be used twice.
func (n *nonces) remember(text string, until, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, used := n.spent[text]; used {
		return errors.New("the nonce was used before")
	}
	if len(n.spent) >= MaxNonces {
		n.forget(now)
	}
	if len(n.spent) >= MaxNonces {
		return errors.New("too many sessions are being opened: wait for a minute")
	}
	if n.spent == nil {
		n.spent = make(map[string]time.Time)
	}
	n.spent[text] = until
	return nil
}

// forget needs n.mu.
func (n *nonces) forget(now time.Time) {
	for text, until := range n.spent {
		if !now.Before(until) {
			delete(n.spent, text)
		}
	}
}

func (n *nonces) tag(body []byte) []byte {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write([]byte("gate session"))
	mac.Write([]byte{0})
	mac.Write(body)
	return mac.Sum(nil)[:nonceTag]
}
