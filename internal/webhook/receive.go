package webhook

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// MaxRemembered is how many ids a [Memory] keeps when nothing else is said.
const MaxRemembered = 100_000

// Replays remembers which requests were worked off. It is safe for concurrent
// use. One that is kept in the database holds across a restart and between
// several processes; [Memory] does neither.
type Replays interface {
	// Claim marks an id until the given instant and reports whether it was free.
	// Of any number of claims at one time exactly one is told true.
	Claim(ctx context.Context, id string, now, until time.Time) (bool, error)

	// Release frees an id again: what it stood for was not done.
	Release(ctx context.Context, id string) error
}

// Config is what a [Receiver] needs.
type Config struct {
	Secrets []Secret // of the one sender; several while it changes them
	Replays Replays
	Now     func() time.Time
}

// Receiver takes the webhooks of one sender. It is safe for concurrent use.
type Receiver struct{ cfg Config }

// NewReceiver checks cfg and reports all that is wrong with it.
func NewReceiver(cfg Config) (*Receiver, error) {
	var problems []error
	if err := checkSecrets(cfg.Secrets); err != nil {
		problems = append(problems, err)
	}
	if cfg.Replays == nil {
		problems = append(problems, errors.New("webhook: Replays is missing"))
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &Receiver{cfg}, nil
}

// Receive verifies a request and has it worked off by do, once.
//
// When do fails the id is free again, because the sender repeats what was not
// accepted, with the same id: remembering it would lose what it brought. When do
// succeeds, the id is remembered for as long as its signature could be shown
// again. [CodeReplayed] therefore means that the work is done, or is being done:
// a sender that repeats because our answer got lost may be told so with a status
// that ends its tries.
func (r *Receiver) Receive(ctx context.Context, header http.Header, body []byte, do func(context.Context, Verified) error) error {
	now := r.cfg.Now()
	verified, err := Verify(r.cfg.Secrets, header, body, now)
	if err != nil {
		return err
	}
	// Another second after the tolerance, because times are cut to seconds.
	free, err := r.cfg.Replays.Claim(ctx, verified.ID, now, verified.At.Add(Tolerance+time.Second))
	if err != nil {
		return err
	}
	if !free {
		return &Error{CodeReplayed, "a webhook with this id was taken before"}
	}
	done := false
	defer func() { // also when do panics
		if !done {
			_ = r.cfg.Replays.Release(context.WithoutCancel(ctx), verified.ID)
		}
	}()
	if err := do(ctx, verified); err != nil {
		return err
	}
	done = true
	return nil
}

// Memory remembers ids in this process. When it is full it refuses new ones with
// [CodeBusy] instead of forgetting old ones: a storm must not make room for a
// replay.
type Memory struct {
	max int

	mu  sync.Mutex
	ids map[string]time.Time // until when
}

var _ Replays = (*Memory)(nil)

// NewMemory returns a memory for at most max ids; zero means [MaxRemembered].
func NewMemory(max int) *Memory {
	if max <= 0 {
		max = MaxRemembered
	}
	return &Memory{max: max, ids: make(map[string]time.Time)}
}

// Claim implements [Replays].
func (m *Memory) Claim(_ context.Context, id string, now, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if kept, ok := m.ids[id]; ok && !now.After(kept) {
		return false, nil
	}
	if len(m.ids) >= m.max {
		m.forget(now)
	}
	if len(m.ids) >= m.max {
		return false, &Error{CodeBusy, "too many webhooks in a few minutes; send it again later"}
	}
	m.ids[id] = until
	return true, nil
}

func (m *Memory) forget(now time.Time) {
	for id, until := range m.ids {
		if now.After(until) {
			delete(m.ids, id)
		}
	}
}

// Release implements [Replays].
func (m *Memory) Release(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ids, id)
	return nil
}
