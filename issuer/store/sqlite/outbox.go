package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const messageColumns = `number, id, key, person_id, kind, channel, role, created_at, due_at, attempts, confirmed_by, body,
	state, settled_at, sent_to, instead, note`

func scanMessage(s scanner) (m store.QueuedMessage, err error) {
	var body string
	err = s.Scan(&m.Number, &m.ID, &m.Key, &m.Person, &m.Kind, &m.Channel, &m.To, instant{&m.Created}, instant{&m.Due},
		&m.Attempts, &m.ConfirmedBy, &body, &m.State, instant{&m.Settled}, &m.SentTo, &m.Instead, &m.Note)
	m.Body = json.RawMessage(body)
	return m, err
}

// first are the messages of a channel that are first in their order. It is the
// end of a query whose argument is the channel.
const first = ` FROM messages m WHERE state = 'waiting' AND channel = ? AND (person_id = '' OR NOT EXISTS (
	SELECT 1 FROM messages o WHERE o.state = 'waiting' AND o.channel = m.channel
		AND o.person_id = m.person_id AND o.number < m.number))`

var _ notify.Outbox = (*Store)(nil)

// NextDue implements [notify.Outbox].
func (r *Reader) NextDue(ctx context.Context, channel notify.Channel) (time.Time, error) {
	var next time.Time
	err := r.reads.QueryRowContext(ctx, "SELECT min(ready_at)"+first, channel).Scan(instant{&next})
	return described(next, translate(err), "next message of channel %.64q", channel)
}

// Claim implements [notify.Outbox].
func (s *Store) Claim(ctx context.Context, channel notify.Channel, now time.Time, limit int, lease time.Duration) ([]notify.Message, error) {
	// Nearly always nothing is due: that is no reason to hold up the writer.
	if next, err := s.NextDue(ctx, channel); err != nil || next.IsZero() || next.After(now) {
		return nil, s.writer.orClosed(err)
	}
	claimed, err := change(ctx, s.writer, func(t *tx) ([]notify.Message, error) { return claim(t, channel, now, limit, lease) })
	return described(claimed, err, "claim messages of channel %.64q", channel)
}

func claim(t *tx, channel notify.Channel, now time.Time, limit int, lease time.Duration) ([]notify.Message, error) {
	ready, err := queryAll(context.Background(), t, scanMessage,
		"SELECT "+messageColumns+first+" AND ready_at <= ? ORDER BY due_at, number LIMIT ?", channel, now.UnixMicro(), limit)
	if err != nil {
		return nil, err
	}
	var claimed []notify.Message
	for _, m := range ready {
		m.Attempts++
		result, err := t.Exec("UPDATE messages SET attempts = ?, ready_at = ? WHERE number = ?", m.Attempts, now.Add(lease).UnixMicro(), m.Number)
		if err := exactlyOne(result, err); err != nil {
			return nil, err
		}
		claimed = append(claimed, m.Message)
	}
	return claimed, nil
}

// Finish implements [notify.Outbox].
func (s *Store) Finish(ctx context.Context, id string, o notify.Outcome) error {
	if err := store.CheckOutcome(o); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, finish(t, id, o) })
	_, err = described(0, err, "outcome of message %.64q", id)
	return err
}

// settled are the events of the states that a message ends in.
var settled = map[notify.State]store.EventKind{
	notify.Delivered: store.MessageDelivered, notify.Dropped: store.MessageDropped,
	notify.Dead: store.MessageDead, notify.HeldBack: store.MessageHeld,
}

func finish(t *tx, id string, o notify.Outcome) error {
	m, err := message(context.Background(), t, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || m.State != notify.Waiting || o.Attempt != m.Attempts && o.State != notify.Delivered {
		return err
	}
	if o.State == notify.Waiting {
		_, err := t.Exec("UPDATE messages SET due_at = ?, ready_at = ?, sent_to = ?, instead = ?, note = ? WHERE number = ?",
			micros(o.NextAt), micros(o.NextAt), o.To, o.Instead, o.Note, m.Number)
		return err
	}
	_, err = t.Exec("UPDATE messages SET state = ?, settled_at = ?, sent_to = ?, instead = ?, note = ? WHERE number = ?",
		o.State, micros(o.At), o.To, o.Instead, o.Note, m.Number)
	if err != nil {
		return err
	}
	if o.State == notify.Delivered {
		if err := keepLock(t, m.Message, o.At); err != nil {
			return err
		}
	}
	err = t.record(o.At, courier, settled[o.State], m.ID, struct {
		Person  string         `json:"person,omitempty"`
		Attempt int            `json:"attempt"`
		To      notify.Role    `json:"to,omitempty"`
		Instead notify.Instead `json:"instead,omitempty"`
	}{m.Person, o.Attempt, o.To, o.Instead})
	if err != nil {
		return err
	}
	_, err = queue(t, courier, o.At, o.Follow)
	return err
}

// courier is who made the changes that deliveries bring about, in events.
const courier = "courier"

// keepLock remembers which devices are locked.
func keepLock(t *tx, m notify.Message, at time.Time) error {
	if m.Kind != notify.Lock && m.Kind != notify.Unlock {
		return nil
	}
	body, err := m.Read()
	if err != nil || body.Device == nil {
		return err
	}
	if m.Kind == notify.Unlock {
		_, err = t.Exec("DELETE FROM locks WHERE source = ? AND source_id = ?", body.Device.Source, body.Device.ID)
		return err
	}
	_, err = t.Exec(`INSERT INTO locks (source, source_id, at) VALUES (?, ?, ?)
		ON CONFLICT (source, source_id) DO UPDATE SET at = excluded.at`, body.Device.Source, body.Device.ID, micros(at))
	return err
}

// Locked implements [store.MessageReader].
func (r *Reader) Locked(ctx context.Context, d notify.Device) (bool, error) {
	var locked bool
	err := r.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM locks WHERE source = ? AND source_id = ?)", d.Source, d.ID).Scan(&locked)
	return described(locked, translate(err), "lock of device %.64q", d.ID)
}

// Queue implements [store.MessageWriter].
func (s *Store) Queue(ctx context.Context, messages ...notify.Message) error {
	if err := store.CheckMessages(messages); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (int, error) { return queue(t, office, t.now, messages) })
	_, err = described(0, err, "queue messages")
	return err
}

// office is who queued messages that belong to no judgement, in events.
const office = "office"

// queue adds messages whose key is new, and returns how many that were. A message's
// id is made of its key: the same at every receiver, even out of a restored copy
// of the database.
func queue(t *tx, by string, at time.Time, messages []notify.Message) (queued int, err error) {
	for _, m := range messages {
		sum := sha256.Sum256([]byte(m.Key))
		result, err := t.Exec("INSERT INTO message_keys (hash) VALUES (?) ON CONFLICT (hash) DO NOTHING", sum[:])
		if err != nil {
			return queued, err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return queued, err
			}
			continue
		}
		m.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
		_, err = t.Exec(`INSERT INTO messages (id, key, person_id, kind, channel, role, created_at, due_at, ready_at, attempts,
				confirmed_by, body, state, sent_to, instead, note)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', ?, 'waiting', '', '', '')`,
			m.ID, m.Key, m.Person, m.Kind, m.Channel, m.To, micros(m.Created), micros(m.Due), micros(m.Due), string(m.Body))
		if err != nil {
			return queued, err
		}
		queued++
		err = t.record(at, by, store.MessageQueued, m.ID, struct {
			Person  string         `json:"person,omitempty"`
			Kind    notify.Kind    `json:"kind"`
			Channel notify.Channel `json:"channel"`
			To      notify.Role    `json:"to"`
		}{m.Person, m.Kind, m.Channel, m.To})
		if err != nil {
			return queued, err
		}
	}
	return queued, nil
}

// Message implements [store.MessageReader].
func (r *Reader) Message(ctx context.Context, id string) (store.QueuedMessage, error) {
	m, err := message(ctx, r.reads, id)
	return described(m, err, "message %.64q", id)
}

func message(ctx context.Context, q querier, id string) (store.QueuedMessage, error) {
	return queryOne(ctx, q, scanMessage, "SELECT "+messageColumns+" FROM messages WHERE id = ?", id)
}

// Messages implements [store.MessageReader].
func (r *Reader) Messages(ctx context.Context, q store.MessageQuery) ([]store.QueuedMessage, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	states, err := json.Marshal(q.States)
	if err != nil {
		return nil, err
	}
	page, err := queryAll(ctx, r.reads, scanMessage, "SELECT "+messageColumns+` FROM messages
		WHERE number > ? AND (? = '' OR person_id = ?) AND (? = 0 OR ? LIKE '%"' || state || '"%') ORDER BY number LIMIT ?`,
		q.After, q.Person, q.Person, len(q.States), string(states), q.Limit)
	return described(page, err, "messages")
}

// Resend implements [store.MessageWriter].
func (s *Store) Resend(ctx context.Context, id, by string, at time.Time) (store.QueuedMessage, error) {
	if err := store.CheckBy(by); err != nil {
		return store.QueuedMessage{}, err
	}
	m, err := change(ctx, s.writer, func(t *tx) (store.QueuedMessage, error) { return resend(t, id, by, at) })
	return described(m, err, "send message %.64q again", id)
}

func resend(t *tx, id, by string, at time.Time) (store.QueuedMessage, error) {
	m, err := message(context.Background(), t, id)
	if err != nil {
		return m, err
	}
	was := m.State
	if was != notify.Dead && was != notify.HeldBack {
		return m, fmt.Errorf("%w: it is %s, only what is dead or held is sent again", store.ErrConflict, was)
	}
	if was == notify.HeldBack {
		m.ConfirmedBy = by
	}
	m.State, m.Settled, m.Due = notify.Waiting, time.Time{}, kept(at)
	_, err = t.Exec("UPDATE messages SET state = 'waiting', settled_at = NULL, due_at = ?, ready_at = ?, confirmed_by = ? WHERE number = ?",
		micros(m.Due), micros(m.Due), m.ConfirmedBy, m.Number)
	if err != nil {
		return m, err
	}
	return m, t.record(at, by, store.MessageResent, m.ID, struct {
		Person string       `json:"person,omitempty"`
		Was    notify.State `json:"was"`
	}{m.Person, was})
}
