package signal

import (
	"context"
	"errors"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// maxState is how long the state of a verification may be, in bytes.
const maxState = 1024

// Status is whether a stream flows (SSF, section 8.1.2).
type Status struct {
	ID     string             `json:"stream_id"`
	Status store.SignalStatus `json:"status"`
	Reason string             `json:"reason,omitempty"`
}

// Status returns the status of a receiver's stream.
func (d *Desk) Status(ctx context.Context, receiver, id string) (Status, error) {
	_, s, err := d.stream(ctx, receiver, id)
	if err != nil {
		return Status{}, err
	}
	return Status{s.ID, s.Status, s.Reason}, nil
}

// SetStatus has a stream flow, wait or end. What the office stopped, its receiver does
// not set going: the error is [Forbidden].
func (d *Desk) SetStatus(ctx context.Context, receiver string, body []byte) (Status, error) {
	call, err := readCall(body)
	if err != nil {
		return Status{}, err
	}
	to, _, err := call.text("status", store.MaxText)
	if err != nil {
		return Status{}, err
	}
	known := []store.SignalStatus{store.SignalEnabled, store.SignalPaused, store.SignalDisabled}
	if !slices.Contains(known, store.SignalStatus(to)) {
		return Status{}, invalid("status is one of %s", known)
	}
	reason, _, err := call.text("reason", store.MaxText)
	if err != nil {
		return Status{}, err
	}
	_, s, err := d.named(ctx, receiver, call)
	if err != nil {
		return Status{}, err
	}
	s, err = d.cfg.Store.SetSignalStatus(ctx, store.SignalStatusChange{
		StreamID: s.ID, To: store.SignalStatus(to), Reason: reason, By: actor(receiver), At: d.cfg.Now(),
	})
	if errors.Is(err, store.ErrHeld) {
		return Status{}, refuse(Forbidden, "The program office has stopped this stream. Ask it to go on.")
	}
	if err != nil {
		return Status{}, gone(err)
	}
	return Status{s.ID, s.Status, s.Reason}, nil
}

// Verify sends an event of which the receiver knows that it must come (SSF, section
// 8.1.4.2).
func (d *Desk) Verify(ctx context.Context, receiver string, body []byte) error {
	call, err := readCall(body)
	if err != nil {
		return err
	}
	state, given, err := call.text("state", maxState)
	if err != nil {
		return err
	}
	_, s, err := d.named(ctx, receiver, call)
	if err != nil {
		return err
	}
	err = d.cfg.Store.VerifySignalStream(ctx, store.SignalVerification{
		StreamID: s.ID, Event: verification(state, given), Interval: VerificationInterval, At: d.cfg.Now(),
	})
	switch {
	case errors.Is(err, store.ErrTooSoon):
		return refuse(TooSoon, "A verification may be asked for every %s.", VerificationInterval)
	case errors.Is(err, store.ErrConflict):
		return invalid("the stream is disabled, nothing goes over it: enable it first")
	}
	return gone(err)
}
