package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// signalling turns changes into signals. The zero value says nothing to anybody.
type signalling struct {
	signaller atomic.Pointer[store.Signaller]
	watchers  watchers
}

// UseSignaller implements [store.SignalWriter].
func (s *Store) UseSignaller(signaller store.Signaller) {
	s.writer.signals.signaller.Store(&signaller)
}

// WatchSignals implements [store.SignalWatcher].
func (s *Store) WatchSignals(told func()) (stop func()) { return s.writer.signals.watchers.add(told) }

// signal queues what a change is to tell other systems, with the change.
func (t *tx) signal(c store.SignalChange) error {
	signaller := t.signals.signaller.Load()
	if signaller == nil {
		return nil
	}
	streams, err := queryAll(context.Background(), t, scanStreamFor,
		"SELECT "+streamColumns+", "+receiverColumns+streamsWithReceivers+" WHERE status <> 'disabled'")
	if err != nil || len(streams) == 0 {
		return err
	}
	for _, signal := range (*signaller)(c) {
		for _, stream := range streams {
			wanted, err := wants(t, stream, signal)
			if err != nil {
				return err
			}
			if !wanted {
				continue
			}
			if err := queueSignal(t, stream, signal, c.At); err != nil {
				return err
			}
		}
	}
	return nil
}

func wants(t *tx, s store.SignalStreamState, signal store.Signal) (bool, error) {
	if !slices.Contains(s.Delivered, signal.Type) {
		return false, nil
	}
	var unlike bool
	err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM signal_subjects WHERE stream_id = ? AND subject = ?)", s.ID, signal.Subject).Scan(&unlike)
	return s.For.Everybody != unlike, err
}

// queueSignal puts a signal on a stream, unless the same one waits there: without
// their badge, those of several badges of a person may be.
func queueSignal(t *tx, s store.SignalStreamState, signal store.Signal, at time.Time) error {
	event := signal.Event
	if s.For.Badges && len(signal.Badge) > 0 {
		event = maps.Clone(event)
		maps.Copy(event, signal.Badge)
	}
	text, err := json.Marshal(event)
	if err != nil {
		return err
	}
	if len(text) > store.MaxSignalEvent {
		return fmt.Errorf("%w: a signal has %d bytes, at most %d are sent", store.ErrInvalid, len(text), store.MaxSignalEvent)
	}
	same := sha256.Sum256([]byte(strings.Join([]string{signal.Type, signal.Subject, signal.Cause, string(text)}, "\x00")))
	_, err = t.Exec(`INSERT INTO signals (id, stream_id, type, subject, cause, event, same, queued_at, due_at, refusals, state, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'waiting', '') ON CONFLICT (stream_id, same) DO NOTHING`,
		rand.Text(), s.ID, signal.Type, signal.Subject, signal.Cause, string(text), same[:], micros(at), micros(at))
	if err != nil {
		return err
	}
	t.signalled = true
	return boundSignals(t, s.ID)
}

// boundSignals gives up the oldest of what waits for too long a row.
func boundSignals(t *tx, streamID string) error {
	given, err := sqlitefile.Affected(t.Exec(`DELETE FROM signals WHERE stream_id = ? AND state = 'waiting' AND number <= (
		SELECT number FROM signals WHERE stream_id = ? AND state = 'waiting' ORDER BY number DESC LIMIT 1 OFFSET ?)`,
		streamID, streamID, store.MaxSignalsWaiting))
	if err != nil || given == 0 {
		return err
	}
	return giveUp(t, streamID, given)
}

// giveUp counts signals that were deleted unsent.
func giveUp(t *tx, streamID string, n int) error {
	_, err := t.Exec("UPDATE signal_streams SET lost = lost + ? WHERE id = ?", n, streamID)
	return err
}

const signalColumns = "number, id, stream_id, type, subject, cause, event, queued_at, due_at, refusals, note"

func scanSignal(s scanner) (q store.QueuedSignal, err error) {
	var event string
	err = s.Scan(&q.Number, &q.ID, &q.StreamID, &q.Type, &q.Subject, &q.Cause, &event,
		instant{&q.QueuedAt}, instant{&q.DueAt}, &q.Refusals, &q.Note)
	q.Event = json.RawMessage(event)
	return q, err
}

// Signals implements [store.SignalReader].
func (r *Reader) Signals(ctx context.Context, streamID string, q store.SignalQuery) ([]store.QueuedSignal, error) {
	if err := store.CheckSignals(q.Limit); err != nil {
		return nil, err
	}
	due := q.Due.UnixMicro()
	if q.Due.IsZero() {
		due = math.MaxInt64
	}
	all, err := queryAll(ctx, r.reads, scanSignal, "SELECT "+signalColumns+` FROM signals
		WHERE stream_id = ? AND state = 'waiting' AND due_at <= ? AND (? = '' OR type = ?) ORDER BY number LIMIT ?`,
		streamID, due, q.Type, q.Type, q.Limit)
	return described(all, err, "signals of stream %.64q", streamID)
}

// RefusedSignals implements [store.SignalReader].
func (r *Reader) RefusedSignals(ctx context.Context, streamID string, limit int) ([]store.QueuedSignal, error) {
	if err := store.CheckSignals(limit); err != nil {
		return nil, err
	}
	all, err := queryAll(ctx, r.reads, scanSignal, "SELECT "+signalColumns+` FROM signals
		WHERE stream_id = ? AND state = 'refused' ORDER BY number DESC LIMIT ?`, streamID, limit)
	return described(all, err, "refused signals of stream %.64q", streamID)
}

// SettleSignals implements [store.SignalWriter].
func (s *Store) SettleSignals(ctx context.Context, streamID string, at time.Time, outcomes []store.SignalOutcome) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, settleSignals(t, streamID, at, outcomes) })
	_, err = described(0, err, "outcomes on stream %.64q", streamID)
	return err
}

func settleSignals(t *tx, streamID string, at time.Time, outcomes []store.SignalOutcome) error {
	taken := 0
	for _, o := range outcomes {
		if o.Taken {
			n, err := sqlitefile.Affected(t.Exec("DELETE FROM signals WHERE id = ? AND stream_id = ?", o.ID, streamID))
			if err != nil {
				return err
			}
			taken += n
			continue
		}
		if err := refuseSignal(t, streamID, o); err != nil {
			return err
		}
	}
	if taken == 0 {
		return nil
	}
	_, err := t.Exec("UPDATE signal_streams SET taken_at = ?, failures = 0, retry_at = NULL, trouble = '' WHERE id = ?", micros(at), streamID)
	return err
}

func refuseSignal(t *tx, streamID string, o store.SignalOutcome) error {
	if !o.DueAt.IsZero() {
		_, err := t.Exec("UPDATE signals SET refusals = refusals + 1, due_at = ?, note = ? WHERE id = ? AND stream_id = ? AND state = 'waiting'",
			micros(o.DueAt), o.Note, o.ID, streamID)
		return err
	}
	_, err := t.Exec("UPDATE signals SET refusals = refusals + 1, state = 'refused', note = ? WHERE id = ? AND stream_id = ? AND state = 'waiting'",
		o.Note, o.ID, streamID)
	if err != nil {
		return err
	}
	dropped, err := sqlitefile.Affected(t.Exec(`DELETE FROM signals WHERE stream_id = ? AND state = 'refused' AND number <= (
		SELECT number FROM signals WHERE stream_id = ? AND state = 'refused' ORDER BY number DESC LIMIT 1 OFFSET ?)`,
		streamID, streamID, store.MaxSignalsRefused))
	if err != nil || dropped == 0 {
		return err
	}
	return giveUp(t, streamID, dropped)
}

// RetrySignalStream implements [store.SignalWriter].
func (s *Store) RetrySignalStream(ctx context.Context, streamID string, r store.SignalRetry) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		_, err := t.Exec("UPDATE signal_streams SET failures = ?, retry_at = ?, trouble = ? WHERE id = ?", r.Failures, micros(r.At), r.Trouble, streamID)
		return struct{}{}, err
	})
	_, err = described(0, err, "retry of stream %.64q", streamID)
	return err
}

// RequeueSignals implements [store.SignalWriter].
func (s *Store) RequeueSignals(ctx context.Context, streamID, by string, at time.Time) (int, error) {
	if err := store.CheckBy(by); err != nil {
		return 0, err
	}
	n, err := change(ctx, s.writer, func(t *tx) (int, error) {
		stream, err := signalStream(t, "id", streamID)
		if err != nil {
			return 0, err
		}
		n, err := sqlitefile.Affected(t.Exec(`UPDATE signals SET state = 'waiting', refusals = 0, due_at = ?
			WHERE stream_id = ? AND state = 'refused'`, micros(at), streamID))
		if err != nil || n == 0 {
			return 0, err
		}
		t.signalled = true
		return n, t.record(at, by, store.SignalsRequeued, streamID, struct {
			Receiver string `json:"receiver"`
			Signals  int    `json:"signals"`
		}{stream.Receiver, n})
	})
	return described(n, err, "refused signals of stream %.64q", streamID)
}

// ExpireSignals implements [store.SignalWriter].
func (s *Store) ExpireSignals(ctx context.Context, before time.Time) (int, error) {
	// Nearly always there is none: that is no reason to hold up the writer.
	old := "state = 'waiting' AND queued_at < ?"
	ids, err := queryAll(ctx, s.reads, scanText, "SELECT DISTINCT stream_id FROM signals WHERE "+old, before.UnixMicro())
	if err != nil || len(ids) == 0 {
		return described(0, err, "expired signals")
	}
	n, err := change(ctx, s.writer, func(t *tx) (total int, err error) {
		for _, id := range ids {
			n, err := sqlitefile.Affected(t.Exec("DELETE FROM signals WHERE stream_id = ? AND "+old, id, before.UnixMicro()))
			if err != nil {
				return total, err
			}
			total += n
			if err := giveUp(t, id, n); err != nil {
				return total, err
			}
		}
		return total, nil
	})
	return described(n, err, "expired signals")
}
