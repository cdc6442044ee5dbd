package main

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Bounds of [Nonces].
const (
	NonceLife = 2 * time.Minute
	MaxNonces = 1 << 16 // some ten megabytes
)

// Nonces hands out nonces, each of which is good once and for [NonceLife]. It is
// safe for concurrent use.
//
// Whoever can reach the server can ask for nonces, so there is a bound on how
// many are remembered: over it the oldest is forgotten and its holder has to ask
// again. A flood can keep people out that way, but lets nobody in. Limit the rate
// of the address in front.
//
// It is this process's memory. Several processes behind one address share a
// store in its place, in which taking a nonce and forgetting it is one step
// (GETDEL in Redis, DELETE … RETURNING in SQL).
type Nonces struct {
	now func() time.Time

	mu     sync.Mutex
	issued *simplelru.LRU[string, time.Time] // until when; oldest first
}

// NewNonces remembers as many nonces as that.
func NewNonces(limit int, now func() time.Time) (*Nonces, error) {
	issued, err := simplelru.NewLRU[string, time.Time](limit, nil)
	if err != nil {
		return nil, err
	}
	return &Nonces{now: now, issued: issued}, nil
}

// New returns a nonce of 130 random bits.
func (n *Nonces) New() string {
	nonce := rand.Text()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.issued.Add(nonce, n.now().Add(NonceLife))
	return nonce
}

// Take uses a nonce up and reports whether it was good.
func (n *Nonces) Take(nonce string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	until, known := n.issued.Peek(nonce)
	n.issued.Remove(nonce)
	return known && n.now().Before(until)
}
