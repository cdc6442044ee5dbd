package lockout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/reply"
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
type Hook struct{ cfg HookConfig }

var _ Locker = (*Hook)(nil)

// NewHook checks cfg and reports all that is wrong with it. It calls nobody.
func NewHook(cfg HookConfig) (*Hook, error) {
	var problems []error
	if cfg.Client == nil {
		problems = append(problems, errors.New("lockout: hook: Client is missing"))
	} else if err := cfg.Client.CheckURL(cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("lockout: hook: URL: %w", err))
	}
	if _, err := webhook.Sign(cfg.Secrets, "test", time.Time{}, nil); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	cfg.Now = clockOr(cfg.Now)
	return &Hook{cfg}, nil
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
	now := h.cfg.Now()
	body, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      data      `json:"data"`
	}{"device." + string(kind), now.UTC(), data{o.Device, o.Person, o.Reasons}})
	if err != nil {
		return Receipt{}, notify.Permanent(fmt.Errorf("lockout: %w", err))
	}
	header, err := webhook.Sign(h.cfg.Secrets, hookID(kind, o), now, body)
	if err != nil {
		return Receipt{}, notify.Permanent(err)
	}
	header.Set("Content-Type", "application/json")
	response, err := h.cfg.Client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: h.cfg.URL, Header: header, Body: body})
	if err := reply.Judge("the webhook", response, err, now); err != nil {
		return Receipt{}, err
	}
	return Receipt{Did: h.Plan(kind, o)}, nil
}

// hookID tells the unlocking that takes a lock-out back from the lock-out itself:
// a receiver drops an id that it has seen.
func hookID(kind notify.Kind, o Order) string { return o.ID + "-" + string(kind) }
