package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// clockHold is how far the clock may go back before lists get earlier times of issue
// than they had. A verifier takes a list with an earlier time for an attack, and
// refuses it; one from a little ahead it takes (revocation.MaxClockBehind).
const clockHold = 20 * time.Second

// published is one list.
type published struct {
	id      int64
	current atomic.Pointer[signedList] // nil until there is one

	mu      sync.Mutex // held while the list is read, compressed and signed
	version uint64     // of entries; 0 while there are none
	entries *revocation.List
	encoder revocation.Encoder
	encoded revocation.Encoded
}

// signedList is a token with what it was made from.
type signedList struct {
	token ListToken
	keyID string
}

// refresh brings the entries up to a version, or a later one.
func (u *publisher) refresh(ctx context.Context, list *published, version uint64) error {
	if list.version == version {
		return nil
	}
	if list.version > 0 {
		err := u.readChanges(ctx, list)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return u.readAll(ctx, list)
}

func (u *publisher) readAll(ctx context.Context, list *published) error {
	statuses, err := u.program.config.Store.Statuses(ctx, list.id)
	if err != nil {
		return err
	}
	entries, err := revocation.ListOf(statuses.Packed)
	if err != nil {
		return err
	}
	return list.encode(entries, statuses.Version)
}

func (u *publisher) readChanges(ctx context.Context, list *published) error {
	changes, err := u.program.config.Store.Changes(ctx, list.id, list.version)
	if err != nil {
		return err
	}
	list.version = 0 // should anything fail from here on, all is read again
	for _, e := range changes.Entries {
		if err := list.entries.Set(uint64(e.Index), revocation.Status(e.Bits)); err != nil {
			return err
		}
	}
	return list.encode(list.entries, changes.Version)
}

func (l *published) encode(entries *revocation.List, version uint64) (err error) {
	l.entries, l.version = entries, 0
	if l.encoded, err = l.encoder.Encode(entries); err == nil {
		l.version = version
	}
	return err
}

// sign signs what is read and compressed, and tells everybody.
func (u *publisher) sign(list *published) error {
	config, signer := &u.program.config, u.signer()
	issued := config.Now().UTC().Truncate(time.Second)
	if held := list.current.Load(); held != nil {
		if ahead := held.token.IssuedAt.Sub(issued); ahead > 0 && ahead <= clockHold {
			issued = held.token.IssuedAt
		}
	}
	token := ListToken{
		ListID: list.id, URI: u.program.ListURI(list.id), Seq: list.version,
		IssuedAt: issued, Expires: issued.Add(config.ListLife),
		MaxAge: min(maxListCache, config.ListTTL/2), MaxStale: config.ListTTL,
	}
	var err error
	token.Text, err = signer.Sign(revocation.Token{
		URI: token.URI, IssuedAt: issued, Seq: token.Seq, Expires: token.Expires, TTL: config.ListTTL,
	}, list.encoded)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(token.Text))
	token.ETag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	list.current.Store(&signedList{token, signer.KeyID})
	u.health.signed.Add(1)
	u.tell(token)
	return nil
}
