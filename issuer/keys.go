package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const (
	// DefaultKeyWait is how long a key is published before it may sign. By then no
	// cache and no bundle that is still good is without it.
	DefaultKeyWait = 24 * time.Hour
	// KeySkew is how long a key is published after the last that it signed has
	// expired: verifiers' clocks may be behind.
	KeySkew = 5 * time.Minute
	// MaxPreparedKeys is how many keys for one purpose may wait at once: trust lists
	// hold so many, and no more than two are ever needed.
	MaxPreparedKeys = 4
	// MaxPublishedKeys is how many keys for one purpose are published at once: no
	// verifier takes more.
	MaxPublishedKeys = 64
	// MaxKeyReason is how many bytes the reason of a change may have.
	MaxKeyReason = 512
)

// KeyEnded is the reason of badges that are revoked together with their key.
const KeyEnded = "signing key withdrawn"

// Errors of changing keys.
var (
	// ErrNoSuccessor: the key is the one that signs, and no other was prepared.
	ErrNoSuccessor = errors.New("no key is prepared that could take over: prepare one first, or go on without a successor, and nothing is signed until one is active")
	// ErrNoPrivateKeys: the program was given no place to make keys in.
	ErrNoPrivateKeys = errors.New("this program has no place to make keys in")
	// ErrRootKey: customers pin the root key, so that it has no life of this kind.
	ErrRootKey = errors.New("customers pin the root key, it is not changed here")
	// ErrTooManyKeys: MaxPreparedKeys are prepared, or MaxPublishedKeys published.
	ErrTooManyKeys = errors.New("too many keys for this purpose are prepared or still needed; activate or retire one, or wait until badges have expired")
)

// KeyTooNewError says that a key was not published for long enough: verifiers that
// don't know it yet would deny what it signs.
type KeyTooNewError struct {
	ID    string
	Since time.Time
	From  time.Time // when it may be activated
}

// Error says from when on it may be.
func (e *KeyTooNewError) Error() string {
	return fmt.Sprintf("issuer: key %s was published at %s and may sign from %s on; verifiers that have not heard of it until then would deny what it signs",
		e.ID, e.Since.UTC().Format(time.RFC3339), e.From.UTC().Format(time.RFC3339))
}

// KeyRequest asks for a step in the life of a key.
type KeyRequest struct {
	ID     string
	By     string
	Reason string // kept for good: no names
	// Now activates a key that was not published for long enough.
	Now bool
	// WithoutSuccessor taints the key that signs although no other could take over.
	WithoutSuccessor bool
}

// KeyStatus is a key and what rests on it.
type KeyStatus struct {
	store.Key
	Live     int       // badges signed with it that are live; of keys for badges
	UsableAt time.Time // from when on it may be activated; zero for one that is not prepared
}

// KeyChanged says what a step in the life of a key came to.
type KeyChanged struct {
	Keys    []store.Key // as they are now: those that changed, the one that signs last
	Revoked int         // badges that ended with it
}

// Keys returns every key there ever was, the oldest first.
func (p *Program) Keys(ctx context.Context) ([]KeyStatus, error) {
	all, err := p.config.Store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]KeyStatus, len(all))
	for i, key := range all {
		list[i].Key = key
		if key.State == store.KeyPrepared {
			list[i].UsableAt = key.PreparedAt.Add(p.config.KeyWait)
		}
		if key.Purpose == store.ForBadges {
			use, err := p.config.Store.KeyUse(ctx, key.ID, p.config.Now())
			if err != nil {
				return nil, err
			}
			list[i].Live = use.Live
		}
	}
	return list, nil
}

// PrepareKey makes a key and publishes its public half. It signs nothing yet.
func (p *Program) PrepareKey(ctx context.Context, purpose store.KeyPurpose, reason, by string) (KeyStatus, error) {
	if err := p.mayPrepare(purpose, reason); err != nil {
		return KeyStatus{}, fmt.Errorf("issuer: %w", err)
	}
	public, err := p.config.Keys.MakeKey(purpose)
	if err != nil {
		return KeyStatus{}, fmt.Errorf("issuer: make a %s key: %w", purpose, err)
	}
	key, err := newKey(purpose, public)
	if err != nil {
		return KeyStatus{}, fmt.Errorf("issuer: make a %s key: %w", purpose, err)
	}
	key.PreparedAt, key.By, key.Reason, key.State = p.config.Now(), by, reason, store.KeyPrepared
	if err := p.config.Store.AddKey(ctx, key); err != nil {
		return KeyStatus{}, err
	}
	p.config.Logger.InfoContext(ctx, "key prepared", "kid", key.ID, "purpose", purpose, "by", by)
	return KeyStatus{Key: key, UsableAt: key.PreparedAt.Add(p.config.KeyWait)}, p.keys.read(ctx)
}

func (p *Program) mayPrepare(purpose store.KeyPurpose, reason string) error {
	switch {
	case len(reason) > MaxKeyReason:
		return fmt.Errorf("%w: the reason has %d bytes, at most %d are kept", store.ErrInvalid, len(reason), MaxKeyReason)
	case purpose == store.ForRoot:
		return ErrRootKey
	case !slices.Contains(store.KeyPurposes(), purpose):
		return fmt.Errorf("%w: %.64q is no purpose of a key", store.ErrInvalid, purpose)
	case p.config.Keys == nil:
		return ErrNoPrivateKeys
	case len(p.keys.of(purpose, store.KeyPrepared)) >= MaxPreparedKeys, len(p.keys.published(purpose)) >= MaxPublishedKeys:
		return ErrTooManyKeys
	}
	return nil
}

// ActivateKey has a prepared key sign from now on, and retires the one before it.
// The error is a *[KeyTooNewError] for one that was not published for
// Config.KeyWait, unless the request says Now, or nothing signs for the purpose.
func (p *Program) ActivateKey(ctx context.Context, r KeyRequest) (KeyChanged, error) {
	key, err := p.key(ctx, r, r.Now)
	if err != nil {
		return KeyChanged{}, err
	}
	now := p.config.Now()
	from := key.PreparedAt.Add(p.config.KeyWait)
	early := now.Before(from) && len(p.keys.of(key.Purpose, store.KeyActive)) > 0
	if key.State == store.KeyPrepared && early && !r.Now {
		return KeyChanged{}, &KeyTooNewError{ID: key.ID, Since: key.PreparedAt, From: from}
	}
	if key.State == store.KeyPrepared {
		if err := p.keys.try(key); err != nil {
			return KeyChanged{}, fmt.Errorf("issuer: %w", err)
		}
	}
	return p.changeKey(ctx, store.KeyChange{ID: r.ID, To: store.KeyActive, Early: early, Reason: r.Reason, By: r.By, At: now})
}

// RetireKey gives a prepared key up. The key that signs is retired by activating
// another.
func (p *Program) RetireKey(ctx context.Context, r KeyRequest) (KeyChanged, error) {
	if _, err := p.key(ctx, r, false); err != nil {
		return KeyChanged{}, err
	}
	return p.changeKey(ctx, store.KeyChange{ID: r.ID, To: store.KeyRetired, Reason: r.Reason, By: r.By, At: p.config.Now()})
}

// TaintKey stops a key at once that somebody else may have. If it is the one that
// signs, the prepared key that is the longest published takes over; the error is
// [ErrNoSuccessor] when there is none, unless the request goes without. The badges
// that it signed are revoked, and phones get others when they renew. The office is
// told.
func (p *Program) TaintKey(ctx context.Context, r KeyRequest) (KeyChanged, error) {
	key, err := p.key(ctx, r, true)
	if err != nil {
		return KeyChanged{}, err
	}
	change := store.KeyChange{ID: r.ID, To: store.KeyTainted, Reason: r.Reason, By: r.By, At: p.config.Now()}
	if key.State == store.KeyActive {
		change.Successor = p.successor(ctx, key.Purpose)
		if change.Successor == "" && !r.WithoutSuccessor {
			return KeyChanged{}, fmt.Errorf("issuer: %w", ErrNoSuccessor)
		}
	}
	done, err := p.endKey(ctx, change)
	if len(done.Keys) > 0 {
		err = errors.Join(err, p.tellOfKey(ctx, key.ID, change.At))
	}
	return done, err
}

// tellOfKey tells the office that a key was stopped, which one person can do alone.
func (p *Program) tellOfKey(ctx context.Context, keyID string, at time.Time) error {
	body, err := notify.Body{At: at}.JSON()
	if err != nil {
		return err
	}
	var messages []notify.Message
	for _, channel := range channelsOf(p.config.Tell, notify.KeyStopped) {
		messages = append(messages, notify.Message{
			Key: fmt.Sprintf("%s/%s/%s", notify.KeyStopped, keyID, channel), Kind: notify.KeyStopped,
			Channel: channel, To: notify.ToOffice, Created: at, Due: at, Body: body,
		})
	}
	if len(messages) == 0 {
		return nil
	}
	if err := p.config.Store.Queue(context.WithoutCancel(ctx), messages...); err != nil {
		return err
	}
	p.config.Queued()
	return nil
}

// successor is the key that takes over when the one that signs can't be used any
// more; empty if none can.
func (p *Program) successor(ctx context.Context, purpose store.KeyPurpose) string {
	for _, key := range p.keys.of(purpose, store.KeyPrepared) {
		err := p.keys.try(key)
		if err == nil {
			return key.ID
		}
		p.config.Logger.ErrorContext(ctx, "a prepared key can't sign", "kid", key.ID, "error", err)
	}
	return ""
}

// RevokeKey has verifiers refuse all that a key signed: it is named as revoked in
// the trust list. Badges that it signed are revoked, too. The key that signs has to
// be tainted first.
func (p *Program) RevokeKey(ctx context.Context, r KeyRequest) (KeyChanged, error) {
	if _, err := p.key(ctx, r, true); err != nil {
		return KeyChanged{}, err
	}
	return p.endKey(ctx, store.KeyChange{ID: r.ID, To: store.KeyRevoked, Reason: r.Reason, By: r.By, At: p.config.Now()})
}

// key returns the key that a request may change, as the store has it now. What is
// done in an emergency is done for a reason.
func (p *Program) key(ctx context.Context, r KeyRequest, emergency bool) (store.Key, error) {
	if len(r.Reason) > MaxKeyReason || emergency && strings.TrimSpace(r.Reason) == "" {
		return store.Key{}, fmt.Errorf("issuer: %w: say why in 1 to %d bytes, without names of people", store.ErrInvalid, MaxKeyReason)
	}
	if err := p.keys.read(ctx); err != nil {
		p.config.Logger.ErrorContext(ctx, "keys", "error", err)
	}
	for _, key := range p.keys.now.Load().all {
		if key.ID != r.ID {
			continue
		}
		if key.Purpose == store.ForRoot {
			return store.Key{}, fmt.Errorf("issuer: %w", ErrRootKey)
		}
		return key, nil
	}
	return store.Key{}, fmt.Errorf("issuer: key %.64q: %w", r.ID, store.ErrNotFound)
}

func (p *Program) changeKey(ctx context.Context, c store.KeyChange) (KeyChanged, error) {
	changed, err := p.config.Store.ChangeKey(ctx, c)
	if err != nil {
		return KeyChanged{}, err
	}
	for _, key := range changed {
		p.config.Logger.WarnContext(ctx, "key changed", "kid", key.ID, "purpose", key.Purpose, "state", key.State, "by", c.By)
	}
	return KeyChanged{Keys: changed}, p.keys.read(ctx)
}

// endKey changes a key and ends what it signed.
func (p *Program) endKey(ctx context.Context, c store.KeyChange) (KeyChanged, error) {
	// What is stopped stays stopped, also when who asked for it goes away.
	ctx = context.WithoutCancel(ctx)
	done, err := p.changeKey(ctx, c)
	if err != nil {
		return done, err
	}
	done.Revoked, err = p.endBadges(ctx, c.ID, c.By)
	return done, err
}

func (p *Program) endBadges(ctx context.Context, keyID, by string) (revoked int, err error) {
	for {
		n, err := p.config.Store.RevokeBadgesOfKey(ctx, store.KeyRevocation{KeyID: keyID, Reason: KeyEnded, By: by, At: p.config.Now()})
		revoked += n
		if err != nil || n < store.MaxKeyBadges {
			return revoked, err
		}
	}
}

// KeepKeys takes up what another process changed, ends badges of keys that were
// stopped where that was interrupted, and drops retired keys of which everything
// has expired. Advance calls it.
func (p *Program) KeepKeys(ctx context.Context) error {
	problems := []error{p.keys.read(ctx)}
	now := p.config.Now()
	for _, key := range p.keys.now.Load().all {
		switch key.State {
		case store.KeyTainted, store.KeyRevoked:
			// Nothing that it signed is good for longer than that.
			if key.Purpose == store.ForBadges && now.Sub(key.EndedAt()) <= credential.MaxLifetime {
				_, err := p.endBadges(ctx, key.ID, Scheduler)
				problems = append(problems, err)
			}
		case store.KeyRetired:
			problems = append(problems, p.dropIfOver(ctx, key, now))
		}
	}
	return errors.Join(problems...)
}

// dropIfOver drops a retired key if nothing that it signed is good any more.
func (p *Program) dropIfOver(ctx context.Context, key store.Key, now time.Time) error {
	over := now.Sub(key.RetiredAt) > p.config.ListLife+KeySkew
	if key.Purpose == store.ForBadges {
		use, err := p.config.Store.KeyUse(ctx, key.ID, now.Add(-KeySkew))
		if err != nil {
			return err
		}
		// What was on its way when the key was retired has come to its end by then.
		over = use.Live == 0 && now.Sub(key.RetiredAt) > KeySkew
	}
	if !over {
		return nil
	}
	_, err := p.changeKey(ctx, store.KeyChange{ID: key.ID, To: store.KeyRemoved, Reason: "everything that it signed has expired", By: Scheduler, At: now})
	return err
}
