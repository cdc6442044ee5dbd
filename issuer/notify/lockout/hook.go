package lockout

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/signed"
)

// HookConfig is what a [Hook] needs.
type HookConfig struct {
	URL     string
	Secrets []webhook.Secret
	Client  *outbound.Client
	Now     func() time.Time
}

// Hook leaves locking to another system, by a signed webhook:
//
//	{"type":"device.lock","timestamp":"…","data":{"device":{"source":"jamf","id":"…"},
//	  "person":"…","reasons":[…]}}
//
// Its status 2xx means that the other system has taken it on. It is safe for
// concurrent use.
type Hook struct{ sender *signed.Sender }

var _ Locker = (*Hook)(nil)

// NewHook checks cfg and reports all that is wrong with it. It calls nobody.
func NewHook(cfg HookConfig) (*Hook, error) {
	sender, err := signed.New("lockout: hook", signed.Config(cfg))
	if err != nil {
		return nil, err
	}
	return &Hook{sender}, nil
}

// Lock implements [Locker].
func (h *Hook) Lock(ctx context.Context, o Order) (Receipt, error) {
	return h.send(ctx, notify.Lock, o)
}

// Unlock implements [Locker].
func (h *Hook) Unlock(ctx context.Context, o Order) (Receipt, error) {
	return h.send(ctx, notify.Unlock, o)
}

// Plan implements [Locker].
func (h *Hook) Plan(kind notify.Kind, _ Order) []string {
	return []string{"have the webhook " + string(kind) + " the device"}
}

func (h *Hook) send(ctx context.Context, kind notify.Kind, o Order) (Receipt, error) {
	type data struct {
		Device  notify.Device   `json:"device"`
		Person  string          `json:"person,omitempty"`
		Reasons []notify.Reason `json:"reasons,omitempty"`
	}
	event := signed.Event{Type: "device." + string(kind), Timestamp: h.sender.Now(), Data: data{o.Device, o.Person, o.Reasons}}
	if _, err := h.sender.Send(ctx, hookID(kind, o), event); err != nil {
		return Receipt{}, err
	}
	return Receipt{Did: h.Plan(kind, o)}, nil
}

// hookID tells the unlocking that takes a lock-out back from the lock-out itself:
// a receiver drops an id that it has seen.
func hookID(kind notify.Kind, o Order) string { return o.ID + "-" + string(kind) }
