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

// Config is what an endpoint needs.
type Config struct {
	URL string
	// Secrets sign each request: two of them while the receiver changes over.
	Secrets []webhook.Secret
	Client  *outbound.Client
	Now     func() time.Time
}

// Endpoint is one receiver of webhooks. It is safe for concurrent use.
type Endpoint struct{ cfg Config }

var _ notify.Carrier = (*Endpoint)(nil)

// New checks cfg and reports all that is wrong with it.
func New(cfg Config) (*Endpoint, error) {
	var problems []error
	if cfg.Client == nil {
		problems = append(problems, errors.New("webhook: Client is missing"))
	} else if err := cfg.Client.CheckURL(cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("webhook: URL: %w", err))
	}
	if _, err := webhook.Sign(cfg.Secrets, "test", time.Time{}, nil); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Endpoint{cfg}, nil
}

type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Person string `json:"person,omitempty"`
	notify.Body
}

// Carry implements [notify.Carrier].
func (e *Endpoint) Carry(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	body, err := json.Marshal(event{"program." + string(d.Message.Kind), d.Message.Created.UTC(), data{d.Message.Person, d.Body}})
	if err != nil {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("webhook: %w", err))
	}
	header, err := webhook.Sign(e.cfg.Secrets, d.Message.ID, e.cfg.Now(), body)
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	header.Set("Content-Type", "application/json")
	response, err := e.cfg.Client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: e.cfg.URL, Header: header, Body: body})
	if err := reply.Judge("the receiver", response, err, e.cfg.Now()); err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Note: fmt.Sprintf("the receiver took it with %d", response.Status)}, nil
}
