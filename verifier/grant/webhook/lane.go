package webhook

import (
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
)

// lane is what waits for one receiver.
type lane struct {
	sender   *Sender
	number   int // of the receiver, for the log: a URL may hold a secret
	receiver Receiver

	mu      sync.Mutex
	waiting queue
	busy    int           // under way
	more    chan struct{} // closed, and replaced, when something is added
}

// message is an ending on its way.
type message struct {
	decision string
	body     []byte
	attempts int // so far
	due      time.Time
}

// event is the body of a webhook.
type event struct {
	Type      string       `json:"type"`
	Timestamp time.Time    `json:"timestamp"`
	Data      grant.Ending `json:"data"`
}

func (l *lane) add(e grant.Ending) {
	body, err := json.Marshal(event{Type, e.EndedAt.UTC(), e})
	if err != nil {
		l.sender.config.Logger.Error("webhook of an ended grant not written", "decision", e.Decision, "error", err)
		return
	}
	l.mu.Lock()
	isFull := len(l.waiting)+l.busy >= MaxWaiting
	if !isFull {
		l.put(message{decision: e.Decision, body: body, due: l.sender.config.Now()})
	}
	l.mu.Unlock()
	if isFull {
		l.sender.note(Dropped)
		l.sender.config.Logger.Error("webhook of an ended grant dropped: too many wait", "receiver", l.number, "decision", e.Decision, "waiting", MaxWaiting)
	}
}

// put needs l.mu.
func (l *lane) put(m message) {
	heap.Push(&l.waiting, m)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *lane) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) + l.busy
}

// work delivers one message after the other until ctx is done.
func (l *lane) work(ctx context.Context) {
	for {
		m, ok := l.next(ctx)
		if !ok {
			return
		}
		l.deliver(ctx, m)
	}
}

// next waits for a message that is due.
func (l *lane) next(ctx context.Context) (message, bool) {
	for ctx.Err() == nil {
		l.mu.Lock()
		more, wait := l.more, time.Duration(0)
		if len(l.waiting) > 0 {
			// Nothing waits longer than MaxWait, however the clock was set meanwhile.
			wait = l.waiting[0].due.Sub(l.sender.config.Now())
			if wait <= 0 || wait > MaxWait {
				m := heap.Pop(&l.waiting).(message)
				l.busy++
				l.mu.Unlock()
				return m, true
			}
		}
		l.mu.Unlock()
		var due <-chan time.Time // never, while nothing waits
		if wait > 0 {
			due = l.sender.config.After(wait)
		}
		select {
		case <-more:
		case <-due:
		case <-ctx.Done():
		}
	}
	return message{}, false
}

// deliver makes one attempt. One that is under way at the end has StopWithin.
func (l *lane) deliver(ctx context.Context, m message) {
	within, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-l.sender.config.After(StopWithin):
			cancel()
		case <-within.Done():
		}
	})()
	m.attempts++
	asked, err := l.send(within, m)
	outcome := Delivered
	switch {
	case err != nil && m.attempts >= MaxAttempts:
		outcome = GaveUp
		l.sender.config.Logger.Error("webhook of an ended grant given up", "receiver", l.number, "decision", m.decision, "attempts", m.attempts, "error", err)
	case err != nil:
		outcome = Failed
		l.sender.config.Logger.Warn("webhook of an ended grant not taken", "receiver", l.number, "decision", m.decision, "attempt", m.attempts, "error", err)
	}
	l.mu.Lock()
	l.busy--
	if outcome == Failed {
		m.due = l.sender.config.Now().Add(max(l.sender.config.wait(m.attempts), min(asked, MaxWait)))
		l.put(m)
	}
	l.mu.Unlock()
	l.sender.note(outcome)
}

// send posts a message. Any answer but 2xx is an error; asked is how long the
// receiver wants to be left alone.
func (l *lane) send(ctx context.Context, m message) (asked time.Duration, err error) {
	now := l.sender.config.Now()
	header, err := webhook.Sign(l.receiver.Secrets, "ended_"+m.decision, now, m.body)
	if err != nil {
		return 0, err
	}
	header.Set("Content-Type", "application/json")
	answer, err := l.sender.config.Client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: l.receiver.URL, Header: header, Body: m.body})
	if err != nil {
		return 0, err
	}
	if answer.Status/100 == 2 {
		return 0, nil
	}
	asked, _ = answer.RetryAfter(now)
	return asked, fmt.Errorf("the receiver answered %d", answer.Status)
}

// wait is the time before the attempt after so many: it doubles, and is never all of
// it, so that receivers that were down are not called by everybody at once.
func (c *Config) wait(attempts int) time.Duration {
	full := min(FirstWait<<(attempts-1), MaxWait)
	return full/2 + time.Duration(c.Chance()*float64(full/2))
}

// abandon says what is lost at the end.
func (l *lane) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.waiting {
		l.sender.note(Lost)
		l.sender.config.Logger.Error("webhook of an ended grant lost: the program ends", "receiver", l.number, "decision", m.decision, "attempts", m.attempts)
	}
	l.waiting = nil
}

// queue is a heap by when messages are due.
type queue []message

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(m any)        { *q = append(*q, m.(message)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	m := (*q)[last]
	(*q)[last] = message{}
	*q = (*q)[:last]
	return m
}
