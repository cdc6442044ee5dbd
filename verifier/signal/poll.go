package signal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// How [Receiver.Poll] asks.
const (
	MaxPolled    = 100             // tokens in one answer
	PollAgain    = time.Second     // after a poll that failed, doubled each time
	MaxPollAgain = 2 * time.Minute // what that grows to
)

// polling is what is sent with each poll: what became of the tokens before.
type polling struct {
	MaxEvents         int                `json:"maxEvents"`
	ReturnImmediately bool               `json:"returnImmediately"`
	Acknowledged      []string           `json:"ack,omitempty"`
	Refused           map[string]Refusal `json:"setErrs,omitempty"`
}

// Poll asks for tokens until ctx is done, and takes them. A token is acknowledged
// once it was taken; one that could not be is asked for again.
func (r *Receiver) Poll(ctx context.Context, t *Transmitter, stream Stream) error {
	if stream.Polled == "" {
		return errors.New("verifier/signal: this stream is pushed, not polled")
	}
	outcome, wait := polling{MaxEvents: MaxPolled}, PollAgain
	for ctx.Err() == nil {
		next, err := r.pollOnce(ctx, t, stream, outcome)
		if err == nil {
			outcome, wait = next, PollAgain
			continue
		}
		if ctx.Err() != nil {
			break
		}
		r.config.Logger.WarnContext(ctx, "signals not polled", "issuer", r.config.Issuer, "again_within", wait, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
		wait = min(2*wait, MaxPollAgain)
	}
	return ctx.Err()
}

// pollOnce tells what became of the tokens before, and takes the next. An error
// means that this has to be told again.
func (r *Receiver) pollOnce(ctx context.Context, t *Transmitter, stream Stream, before polling) (polling, error) {
	var answer struct {
		Sets map[string]string `json:"sets"`
	}
	if err := t.call(ctx, http.MethodPost, stream.Polled, before, &answer); err != nil {
		return before, fmt.Errorf("verifier/signal: poll: %w", err)
	}
	next := polling{MaxEvents: MaxPolled}
	for _, id := range slices.Sorted(maps.Keys(answer.Sets)) {
		var refusal *Refusal
		switch err := r.Take(ctx, answer.Sets[id]); {
		case err == nil:
			next.Acknowledged = append(next.Acknowledged, id)
		case errors.As(err, &refusal):
			r.config.Logger.WarnContext(ctx, "signal refused", "issuer", r.config.Issuer, "err", refusal.Err, "description", refusal.Description)
			if next.Refused == nil {
				next.Refused = make(map[string]Refusal)
			}
			next.Refused[id] = *refusal
		default:
			return next, fmt.Errorf("verifier/signal: poll: %w", err)
		}
	}
	return next, nil
}
