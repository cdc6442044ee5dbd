package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/reply"
	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
)

// MaxPayload is how large a payload may be, in bytes: what a Workflow takes is
// 28 KB. Slack's own bounds are smaller and kept block by block.
const MaxPayload = 28 << 10

// Config is what a room needs.
type Config struct {
	URL      string // where to post; it is a secret
	Language string // the room's, BCP 47; empty means English
	Client   *outbound.Client
	Letters  *letter.Writer
	Now      func() time.Time
}

// Room is a chat room. It is safe for concurrent use.
type Room struct {
	cfg     Config
	name    string
	payload func(letter.Letter) any
}

var _ notify.Carrier = (*Room)(nil)

// NewTeams returns a room in Microsoft Teams.
func NewTeams(cfg Config) (*Room, error) { return open(cfg, "Teams", card) }

// NewSlack returns a room in Slack.
func NewSlack(cfg Config) (*Room, error) { return open(cfg, "Slack", blocks) }

func open(cfg Config, name string, payload func(letter.Letter) any) (*Room, error) {
	var problems []error
	if err := cfg.Client.CheckField(name+" URL", cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("chat: %w", err))
	}
	if cfg.Letters == nil {
		problems = append(problems, errors.New("chat: Letters is missing"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Room{cfg, name, payload}, nil
}

// Carry implements [notify.Carrier].
func (r *Room) Carry(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	l, err := r.cfg.Letters.Write(d, r.cfg.Language)
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	body, err := json.Marshal(r.payload(l))
	if err != nil {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("chat: %w", err))
	}
	if len(body) > MaxPayload {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("chat: the message has %d bytes; it may have %d", len(body), MaxPayload))
	}
	response, err := r.cfg.Client.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: r.cfg.URL, Header: http.Header{"Content-Type": {"application/json"}}, Body: body,
	})
	if err := reply.Judge(r.name, response, err, r.cfg.Now()); err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Note: fmt.Sprintf("%s took it with %d", r.name, response.Status)}, nil
}

// lines are a letter's paragraphs between its subject and its link. A greeting
// and the lines for mail are out of place in a room.
func lines(l letter.Letter) []string {
	all := []string{l.What}
	for _, reason := range l.Reasons {
		all = append(all, "• "+reason)
	}
	all = append(all, l.Next)
	if l.Instead != "" {
		all = append(all, l.Instead)
	}
	return all
}

// shorten cuts a text to at most size characters.
func shorten(s string, size int) string {
	runes := []rune(s)
	if len(runes) <= size {
		return s
	}
	return string(runes[:size-1]) + "…"
}
