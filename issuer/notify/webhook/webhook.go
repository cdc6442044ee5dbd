// Package webhook carries messages to other systems as signed webhooks (Standard
// Webhooks, see internal/webhook), one carrier for each endpoint:
//
//	{"type":"program.lapse","timestamp":"2026-11-23T08:00:00Z","data":{
//	  "person":"04e0f8f5-…","at":"…","lock_at":"…",
//	  "reasons":[{"kind":"training-expired","subject":"CB-101","at":"…"}]}}
//
// The data is the message's own body beside the person's id: no names and no
// addresses leave this way. The webhook-id is the message's and stays the same
// when it is sent again, so that a receiver can tell.
package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/signed"
)

// Config is what an endpoint needs.
type Config struct {
	URL string
	// Secrets sign each request: two of them while the receiver changes over.
	Secrets []webhook.Secret
	Client  *outbound.Client
	Now     func() time.Time
}

// Endpoint is one receiver of webhooks. It is safe for concurrent use.
type Endpoint struct{ sender *signed.Sender }

var _ notify.Carrier = (*Endpoint)(nil)

// New checks cfg and reports all that is wrong with it.
func New(cfg Config) (*Endpoint, error) {
	sender, err := signed.New("webhook", signed.Config(cfg))
	if err != nil {
		return nil, err
	}
	return &Endpoint{sender}, nil
}

type data struct {
	Person string `json:"person,omitempty"`
	notify.Body
}

// Carry implements [notify.Carrier].
func (e *Endpoint) Carry(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	status, err := e.sender.Send(ctx, d.Message.ID, signed.Event{
		Type: "program." + string(d.Message.Kind), Timestamp: d.Message.Created, Data: data{d.Message.Person, d.Body},
	})
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Note: fmt.Sprintf("the receiver took it with %d", status)}, nil
}
