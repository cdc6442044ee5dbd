package notifytest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Outbox is a [notify.Outbox] in memory. It is safe for concurrent use.
type Outbox struct {
	mu   sync.Mutex
	rows []*row // in the order in which they were queued
}

type row struct {
	message  notify.Message
	leased   time.Time // not before
	settled  bool
	outcomes []notify.Outcome
}

var _ notify.Outbox = (*Outbox)(nil)

// Queue adds messages, except those whose key was queued before. Messages without
// an id are given one.
func (o *Outbox) Queue(_ context.Context, messages ...notify.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue(messages)
	return nil
}

func (o *Outbox) queue(messages []notify.Message) {
	for _, m := range messages {
		if slices.ContainsFunc(o.rows, func(r *row) bool { return r.message.Key == m.Key }) {
			continue
		}
		if m.ID == "" {
			m.ID = fmt.Sprintf("m%d", len(o.rows)+1)
		}
		o.rows = append(o.rows, &row{message: m})
	}
}

// Claim implements [notify.Outbox].
func (o *Outbox) Claim(_ context.Context, channel notify.Channel, now time.Time, limit int, lease time.Duration) ([]notify.Message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ready := o.heads(channel)
	ready = slices.DeleteFunc(ready, func(r *row) bool { return r.due().After(now) })
	slices.SortStableFunc(ready, func(a, b *row) int { return a.message.Due.Compare(b.message.Due) })
	var claimed []notify.Message
	for _, r := range ready[:min(limit, len(ready))] {
		r.message.Attempts++
		r.leased = now.Add(lease)
		claimed = append(claimed, r.message)
	}
	return claimed, nil
}

// heads returns what is first in its order.
func (o *Outbox) heads(channel notify.Channel) []*row {
	var heads []*row
	seen := make(map[string]bool)
	for _, r := range o.rows {
		if r.settled || r.message.Channel != channel || seen[r.message.Person] {
			continue
		}
		seen[r.message.Person] = r.message.Person != ""
		heads = append(heads, r)
	}
	return heads
}

func (r *row) due() time.Time {
	if r.leased.After(r.message.Due) {
		return r.leased
	}
	return r.message.Due
}

// Finish implements [notify.Outbox].
func (o *Outbox) Finish(_ context.Context, id string, outcome notify.Outcome) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.rows {
		if r.message.ID != id || r.settled || outcome.Attempt != r.message.Attempts && outcome.State != notify.Delivered {
			continue
		}
		r.outcomes = append(r.outcomes, outcome)
		r.settled = outcome.State != notify.Waiting
		r.leased, r.message.Due = time.Time{}, outcome.NextAt
		o.queue(outcome.Follow)
	}
	return nil
}

// NextDue implements [notify.Outbox].
func (o *Outbox) NextDue(_ context.Context, channel notify.Channel) (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var next time.Time
	for _, r := range o.heads(channel) {
		if next.IsZero() || r.due().Before(next) {
			next = r.due()
		}
	}
	return next, nil
}

// Outcomes returns what became of each attempt at the message with this key.
func (o *Outbox) Outcomes(key string) []notify.Outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.rows {
		if r.message.Key == key {
			return slices.Clone(r.outcomes)
		}
	}
	return nil
}

// Keys returns the keys of all messages in the order in which they were queued.
func (o *Outbox) Keys() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var keys []string
	for _, r := range o.rows {
		keys = append(keys, r.message.Key)
	}
	return keys
}

// Resend has a settled message delivered again, as an officer would; by confirms
// one that was held.
func (o *Outbox) Resend(key, by string, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.rows {
		if r.message.Key == key {
			r.settled, r.message.Due, r.message.ConfirmedBy = false, at, by
		}
	}
}
