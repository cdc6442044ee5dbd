package signal

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Bounds of polling.
const (
	MaxPoll = 100 // SETs in one answer, and what a poll has that does not say
	// MaxWait is how long a poll is answered after, when nothing comes: less than what
	// proxies on the way allow.
	MaxWait = 20 * time.Second

	maxAcks  = 1000 // in one call
	maxPolls = 2    // that wait on one stream; more are answered at once
)

// PollAnswer is what a poll brings (RFC 8936, section 2.3).
type PollAnswer struct {
	Sets map[string]string `json:"sets"`
	// More says that there are more. Some receivers take it for another SET, so that
	// it is left out when there are not.
	More bool `json:"moreAvailable,omitempty"`
}

// poll is the body of a poll (RFC 8936, section 2.2).
type poll struct {
	most      int
	immediate bool
	outcomes  []store.SignalOutcome
}

// Poll acknowledges what came and brings what waits (RFC 8936, section 2). When
// nothing does it waits, unless the call does not want that, up to [MaxWait]; wait is
// called before, and its error ends the call.
func (d *Desk) Poll(ctx context.Context, receiver, id string, body []byte, wait func() error) (PollAnswer, error) {
	r, s, err := d.stream(ctx, receiver, id)
	if err != nil {
		return PollAnswer{}, err
	}
	if s.Endpoint != "" {
		return PollAnswer{}, refuse(NotThere, "This stream is pushed. Change its delivery to %s to poll it.", Poll)
	}
	p, err := readPoll(body)
	if err != nil {
		return PollAnswer{}, err
	}
	if len(p.outcomes) > 0 {
		if err := d.cfg.Store.SettleSignals(ctx, s.ID, d.cfg.Now(), p.outcomes); err != nil {
			return PollAnswer{}, err
		}
	}
	answer, changed, err := d.collect(ctx, s, r, p.most)
	if err != nil || p.immediate || p.most == 0 || len(answer.Sets) > 0 || !d.beginWait(s.ID) {
		return answer, err
	}
	defer d.endWait(s.ID)
	if err := wait(); err != nil {
		return PollAnswer{}, err
	}
	over := d.cfg.After(MaxWait)
	for len(answer.Sets) == 0 {
		select {
		case <-changed:
		case <-over:
			return answer, nil
		case <-d.ending:
			return answer, nil
		case <-ctx.Done():
			return answer, ctx.Err()
		}
		// The stream may have been changed or deleted.
		if r, s, err = d.stream(ctx, receiver, id); err != nil {
			return PollAnswer{}, err
		}
		if answer, changed, err = d.collect(ctx, s, r, p.most); err != nil {
			return PollAnswer{}, err
		}
	}
	return answer, nil
}

// EndPolls has polls that wait answered, and no more wait. Call it when shutting down
// begins.
func (d *Desk) EndPolls() { d.end.Do(func() { close(d.ending) }) }

func (d *Desk) beginWait(streamID string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.polls[streamID] >= maxPolls {
		return false
	}
	d.polls[streamID]++
	return true
}

func (d *Desk) endWait(streamID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.polls[streamID]--; d.polls[streamID] == 0 {
		delete(d.polls, streamID)
	}
}

// collect signs what waits. changed is closed when there may be more.
func (d *Desk) collect(ctx context.Context, s store.SignalStream, r store.SignalReceiver, most int) (_ PollAnswer, changed <-chan struct{}, err error) {
	changed = d.next()
	answer := PollAnswer{Sets: map[string]string{}}
	waiting, err := d.cfg.Store.Signals(ctx, s.ID, sendable(s, store.SignalQuery{Limit: MaxPoll + 1}))
	if err != nil {
		return answer, changed, err
	}
	answer.More = len(waiting) > most
	for _, q := range waiting[:min(most, len(waiting))] {
		if answer.Sets[q.ID], err = d.token(s, r, q); err != nil {
			return PollAnswer{}, changed, err
		}
	}
	return answer, changed, nil
}

// sendable restricts a query to what may go over a stream: while it does not flow, only
// that it does not.
func sendable(s store.SignalStream, q store.SignalQuery) store.SignalQuery {
	if s.Status != store.SignalEnabled {
		q.Type = StreamUpdated
	}
	return q
}

func readPoll(body []byte) (poll, error) {
	c, err := readCall(body)
	if err != nil {
		return poll{}, err
	}
	p := poll{most: MaxPoll}
	// max_events is what some receivers in the field write.
	for _, name := range []string{"max_events", "maxEvents"} {
		m, given := c.value.Member(name)
		if !given {
			continue
		}
		n, whole := m.Integer()
		if !whole || n < 0 {
			return p, invalid("%s is not a whole number from 0 on", name)
		}
		p.most = int(min(n, MaxPoll))
	}
	if p.immediate, err = c.flag("returnImmediately"); err != nil {
		return p, err
	}
	acks, _, err := c.texts("ack", maxAcks, store.MaxText)
	if err != nil {
		return p, err
	}
	for _, id := range acks {
		p.outcomes = append(p.outcomes, store.SignalOutcome{ID: id, Taken: true})
	}
	return p, c.errors(&p)
}

// errors reads what the receiver could not take. It will not take it the next time
// either: somebody has to look.
func (c call) errors(p *poll) error {
	m, given := c.value.Member("setErrs")
	if !given {
		return nil
	}
	if m.Kind != strictjson.Object || len(m.Members) > maxAcks {
		return invalid("setErrs is not an object of at most %d members", maxAcks)
	}
	for _, member := range m.Members {
		p.outcomes = append(p.outcomes, store.SignalOutcome{ID: member.Name, Note: problemOf(member.Value)})
	}
	return nil
}
