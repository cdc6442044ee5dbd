package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// ListToken is a signed status list, ready to be served.
type ListToken struct {
	Text     string
	ETag     string // strong, quoted
	IssuedAt time.Time
	MaxAge   time.Duration // how long it may be served from a cache
	Fresh    bool          // signed for this call, not taken from memory
}

// ListURIs returns the addresses of all status lists.
func (p *Program) ListURIs(ctx context.Context) ([]string, error) {
	lists, err := p.config.Store.Lists(ctx)
	if err != nil {
		return nil, err
	}
	uris := make([]string, len(lists))
	for i, l := range lists {
		uris[i] = p.ListURI(l.ID)
	}
	return uris, nil
}

// publisher signs status lists. It compresses a list when an entry has changed
// and signs it anew when its time is getting old; in between it hands out the
// token it has.
type publisher struct {
	program *Program
	signer  revocation.Signer

	mu    sync.Mutex
	lists map[int64]*published
}

type published struct {
	mu      sync.Mutex
	version uint64
	encoded revocation.Encoded
	token   ListToken // zero until there is one
}

func newPublisher(p *Program, signer revocation.Signer) *publisher {
	return &publisher{program: p, signer: signer, lists: make(map[int64]*published)}
}

// ListToken returns the status list as it is in the database now, or
// store.ErrNotFound. The time in it is never older than half its ttl.
func (p *Program) ListToken(ctx context.Context, listID int64) (ListToken, error) {
	return p.lists.token(ctx, listID)
}

func (u *publisher) token(ctx context.Context, listID int64) (ListToken, error) {
	version, err := u.version(ctx, listID)
	if err != nil {
		return ListToken{}, err
	}
	list := u.list(listID)
	list.mu.Lock()
	defer list.mu.Unlock()
	changed := list.token.Text == "" || list.version != version
	if changed {
		if err := u.encode(ctx, listID, list); err != nil {
			return ListToken{}, err
		}
	}
	now := u.program.config.Now()
	age := now.Sub(list.token.IssuedAt)
	if changed || age < 0 || age >= u.program.config.ListTTL/2 {
		if err := u.sign(listID, list, now); err != nil {
			return ListToken{}, err
		}
		fresh := list.token
		fresh.Fresh = true
		return fresh, nil
	}
	return list.token, nil
}

func (u *publisher) version(ctx context.Context, listID int64) (uint64, error) {
	lists, err := u.program.config.Store.Lists(ctx)
	if err != nil {
		return 0, err
	}
	for _, l := range lists {
		if l.ID == listID {
			return l.Version, nil
		}
	}
	return 0, fmt.Errorf("issuer: no status list %d: %w", listID, store.ErrNotFound)
}

func (u *publisher) list(listID int64) *published {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := u.lists[listID]
	if list == nil {
		list = &published{}
		u.lists[listID] = list
	}
	return list
}

func (u *publisher) encode(ctx context.Context, listID int64, list *published) error {
	statuses, err := u.program.config.Store.Statuses(ctx, listID)
	if err != nil {
		return err
	}
	entries, err := revocation.ListOf(statuses.Packed)
	if err != nil {
		return err
	}
	encoded, err := entries.Encode()
	if err != nil {
		return err
	}
	list.encoded, list.version = encoded, statuses.Version
	return nil
}

func (u *publisher) sign(listID int64, list *published, now time.Time) error {
	config := &u.program.config
	issued := now.UTC().Truncate(time.Second)
	text, err := u.signer.Sign(revocation.Token{
		URI:      u.program.ListURI(listID),
		IssuedAt: issued,
		Expires:  issued.Add(config.ListLife),
		TTL:      config.ListTTL,
	}, list.encoded)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	list.token = ListToken{
		Text:     text,
		ETag:     `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`,
		IssuedAt: issued,
		MaxAge:   config.ListTTL / 2,
	}
	return nil
}
