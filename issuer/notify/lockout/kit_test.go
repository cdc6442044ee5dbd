package lockout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func order(id string) Order {
	return Order{ID: "m-1", Person: "person-1", Device: notify.Device{Source: "graph", ID: id}, OS: "Windows"}
}

func isPermanent(err error) bool {
	var permanent *notify.PermanentError
	return errors.As(err, &permanent)
}

// program is a Program that a test sets.
type program struct {
	due     bool
	locked  map[string]bool
	devices map[string]evidence.Device
	down    error
}

func newProgram() *program {
	return &program{due: true, locked: map[string]bool{}, devices: map[string]evidence.Device{
		"win-1": {PersonID: "person-1", OS: "Windows"}, "mac-1": {PersonID: "person-1", OS: "macOS"}, "win-2": {PersonID: "person-2", OS: "Windows"},
	}}
}

func (p *program) LockDue(context.Context, string) (bool, error) { return p.due, p.down }

func (p *program) LockedHere(_ context.Context, d notify.Device) (bool, error) {
	return p.locked[d.ID], p.down
}

func (p *program) Device(_ context.Context, d notify.Device) (evidence.Device, error) {
	device, ok := p.devices[d.ID]
	if !ok {
		return evidence.Device{}, notify.ErrUnknown
	}
	return device, nil
}

// ledger is a Locker that only writes down what it is asked for.
type ledger struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (l *ledger) note(what string, o Order) (Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, what+" "+o.Device.ID)
	return Receipt{Did: []string{what}}, l.err
}

func (l *ledger) Lock(_ context.Context, o Order) (Receipt, error) { return l.note("lock", o) }

func (l *ledger) Unlock(_ context.Context, o Order) (Receipt, error) { return l.note("unlock", o) }

func (l *ledger) Plan(kind notify.Kind, _ Order) []string { return []string{string(kind) + " it"} }

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// letterbox is a carrier that counts.
type letterbox struct {
	mu    sync.Mutex
	kinds []notify.Kind
}

func (l *letterbox) Carry(_ context.Context, d notify.Delivery) (notify.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kinds = append(l.kinds, d.Message.Kind)
	return notify.Receipt{}, nil
}

func (l *letterbox) count(kind notify.Kind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, k := range l.kinds {
		if k == kind {
			n++
		}
	}
	return n
}
