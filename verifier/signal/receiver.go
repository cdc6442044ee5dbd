package signal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// MaxRemembered is how many tokens a [Receiver] knows again. One that comes again
// after so many others is worked off again, which changes nothing.
const MaxRemembered = 1 << 14

// Target is what signals act on: a [verifier.Verifier].
type Target interface {
	Deny(issuer, uri string, index uint64, status revocation.Status, at time.Time) error
	RefreshList(issuer, uri string) error
	Lists() []verifier.List
}

// Config configures a [Receiver]. Issuer, Audience, Keys and Target are required.
type Config struct {
	Issuer   string   // the issuer's URL, as the trust list has it: iss of its tokens
	Audience []string // what this receiver is called; one of them must be in aud
	Keys     Keys
	Target   Target
	// Heard is told of each event once it was taken, for what else may follow from
	// it: a session-revoked may end logins of the subject elsewhere. It MUST return
	// soon.
	Heard  func(Event)
	Now    func() time.Time
	Logger *slog.Logger // discards when nil
}

// Receiver takes the security event tokens of one issuer. It is safe for
// concurrent use.
type Receiver struct {
	config Config
	seen   *lru.Cache[string, struct{}]
}

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Receiver, error) {
	var problems []error
	if config.Issuer == "" {
		problems = append(problems, errors.New("no Issuer: nobody's signals would count"))
	}
	if len(config.Audience) == 0 {
		problems = append(problems, errors.New("no Audience: signals for others would be taken"))
	}
	if config.Keys == nil {
		problems = append(problems, errors.New("no Keys: anybody's signals would count"))
	}
	if config.Target == nil {
		problems = append(problems, errors.New("no Target: signals would do nothing"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("verifier/signal: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	seen, err := lru.New[string, struct{}](MaxRemembered)
	return &Receiver{config, seen}, err
}

// Take opens a token and does what it says. One that was taken before is nothing
// new and no error (RFC 8935, section 2). What is wrong with the token is a
// *[Refusal]; any other error may pass, and the token should come again.
func (r *Receiver) Take(ctx context.Context, token string) error {
	event, err := r.open(ctx, token)
	if err != nil {
		return err
	}
	if _, again := r.seen.Get(event.ID); again {
		return nil
	}
	if err := r.act(event); err != nil {
		return err
	}
	r.seen.Add(event.ID, struct{}{})
	r.config.Logger.InfoContext(ctx, "signal taken", "issuer", r.config.Issuer, "jti", event.ID, "kind", string(event.Kind), "change", event.ChangeType)
	if r.config.Heard != nil {
		r.config.Heard(event)
	}
	return nil
}

// act denies the badge that was revoked or suspended, and otherwise looks at the
// lists: what an event leaves open, they say.
func (r *Receiver) act(e Event) error {
	switch {
	case e.Kind == Verification || e.Kind == StreamUpdated:
		return nil
	case e.Denied != revocation.Valid:
		return r.deny(e)
	case e.Badge.URI != "":
		return r.refresh(e.Badge.URI)
	}
	for _, list := range r.config.Target.Lists() {
		if list.Issuer != r.config.Issuer {
			continue
		}
		if err := r.refresh(list.URI); err != nil {
			return err
		}
	}
	return nil
}

func (r *Receiver) deny(e Event) error {
	err := r.config.Target.Deny(r.config.Issuer, e.Badge.URI, e.Badge.Index, e.Denied, e.At)
	if errors.Is(err, revocation.ErrTooManyDenials) {
		return nil // the list was asked for instead
	}
	if err != nil {
		return refuse(InvalidRequest, "badge: %v", err)
	}
	return nil
}

func (r *Receiver) refresh(uri string) error {
	if err := r.config.Target.RefreshList(r.config.Issuer, uri); err != nil {
		return refuse(InvalidRequest, "badge: %v", err)
	}
	return nil
}
