// Package signed posts signed webhooks (Standard Webhooks, see internal/webhook)
// and says what the answer means for the message that they carry.
package signed

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

// Config is what a [Sender] needs.
type Config struct {
	URL     string
	Secrets []webhook.Secret
	Client  *outbound.Client
	Now     func() time.Time
}

// Sender sends to one receiver. It is safe for concurrent use.
type Sender struct {
	owner string
	cfg   Config
}

// New checks cfg and reports all that is wrong with it, with the owner in front.
func New(owner string, cfg Config) (*Sender, error) {
	var problems []error
	if err := cfg.Client.CheckField("URL", cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", owner, err))
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
	return &Sender{owner, cfg}, nil
}

// Now is the sender's time.
func (s *Sender) Now() time.Time { return s.cfg.Now() }

// Event is the body of a webhook.
type Event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// Send posts an event and returns the status, 2xx, with which it was taken. A
// receiver drops an id that it has seen. Errors are as notify.Carrier has them.
func (s *Sender) Send(ctx context.Context, id string, e Event) (status int, err error) {
	e.Timestamp = e.Timestamp.UTC()
	body, err := json.Marshal(e)
	if err != nil {
		return 0, notify.Permanent(fmt.Errorf("%s: %w", s.owner, err))
	}
	now := s.cfg.Now()
	header, err := webhook.Sign(s.cfg.Secrets, id, now, body)
	if err != nil {
		return 0, notify.Permanent(err)
	}
	header.Set("Content-Type", "application/json")
	response, err := s.cfg.Client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: s.cfg.URL, Header: header, Body: body})
	return response.Status, reply.Judge("the receiver", response, err, now)
}
