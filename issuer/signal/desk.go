package signal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// minSecret is how many bytes a secret has at least.
const minSecret = 32

// Store keeps receivers, streams and what waits on them. A store.Store is one.
type Store interface {
	store.SignalReader
	store.SignalWriter
	store.SignalWatcher
}

// Config is what a [Desk] needs. The fields up to Client are required.
type Config struct {
	// Issuer is the issuer's URL, without a slash at its end.
	Issuer string
	Store  Store
	Keys   Keys
	// Secret encrypts what receivers entrust to us, at least 32 bytes. It has to stay
	// the same.
	Secret []byte
	// Client pushes.
	Client *outbound.Client

	// RSA are the keys for RS256; nil where no receiver needs it.
	RSA RSAKeys

	Now    func() time.Time
	After  func(time.Duration) <-chan time.Time // as time.After
	Chance func() float64                       // in [0,1), for the jitter
	Logger *slog.Logger
}

// Desk is the transmitter. It is safe for concurrent use.
type Desk struct {
	cfg    Config
	sealer sealer
	stop   func() // watching the store

	ending chan struct{} // closed: no poll waits any more
	end    sync.Once

	mu      sync.Mutex
	changed chan struct{}  // closed at the next change
	polls   map[string]int // that wait, by stream
}

// New checks cfg and reports all that is wrong with it. Close the desk when done.
func New(cfg Config) (*Desk, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	sealer, err := newSealer(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("signal: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.After == nil {
		cfg.After = time.After
	}
	if cfg.Chance == nil {
		cfg.Chance = rand.Float64
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Desk{cfg: cfg, sealer: sealer, ending: make(chan struct{}), changed: make(chan struct{}), polls: make(map[string]int)}
	d.stop = cfg.Store.WatchSignals(d.tell)
	return d, nil
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("signal: "+format, args...))
		}
	}
	u, err := url.Parse(c.Issuer)
	refuse(err != nil || u.Host == "" || strings.HasSuffix(c.Issuer, "/"), "Issuer %q is not a URL without a slash at its end", c.Issuer)
	refuse(c.Store == nil, "Store is missing")
	refuse(c.Keys == nil, "Keys is missing")
	refuse(c.Client == nil, "Client is missing")
	refuse(len(c.Secret) < minSecret, "Secret has %d bytes, at least %d are needed", len(c.Secret), minSecret)
	return errors.Join(problems...)
}

// Close stops watching the store.
func (d *Desk) Close() { d.stop() }

// tell wakes everybody who waits for a change. The store's writer calls it.
func (d *Desk) tell() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.changed)
	d.changed = make(chan struct{})
}

// next is closed at the next change. Ask before looking into the store.
func (d *Desk) next() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// receiver is who calls; somebody without a registration may do nothing.
func (d *Desk) receiver(ctx context.Context, name string) (store.SignalReceiver, error) {
	r, err := d.cfg.Store.SignalReceiver(ctx, name)
	if name == "" || errors.Is(err, store.ErrNotFound) {
		return r, refuse(Forbidden, "The token is not a receiver's. The program office registers receivers and hands out their tokens.")
	}
	return r, err
}

// stream is a receiver's stream, if it has that id.
func (d *Desk) stream(ctx context.Context, receiver, id string) (store.SignalReceiver, store.SignalStream, error) {
	r, err := d.receiver(ctx, receiver)
	if err != nil {
		return r, store.SignalStream{}, err
	}
	s, err := d.cfg.Store.SignalStream(ctx, r.Name)
	if errors.Is(err, store.ErrNotFound) || err == nil && s.ID != id {
		return r, s, noStream()
	}
	return r, s, err
}

// named is the stream that a call names in its body.
func (d *Desk) named(ctx context.Context, receiver string, c call) (store.SignalReceiver, store.SignalStream, error) {
	id, given, err := c.text("stream_id", store.MaxText)
	if err != nil {
		return store.SignalReceiver{}, store.SignalStream{}, err
	}
	if !given {
		return store.SignalReceiver{}, store.SignalStream{}, invalid("stream_id is missing")
	}
	return d.stream(ctx, receiver, id)
}

// gone turns the store's word for a stream that was deleted meanwhile into ours.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return noStream()
	}
	return err
}
