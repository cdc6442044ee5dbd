package sqlite

import (
	"context"
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// SetSignalSubject implements [store.SignalWriter].
func (s *Store) SetSignalSubject(ctx context.Context, streamID, subject string, told bool) error {
	if err := store.CheckSignalSubject(subject); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, setSignalSubject(t, streamID, subject, told) })
	_, err = described(0, err, "subject of stream %.64q", streamID)
	return err
}

func setSignalSubject(t *tx, streamID, subject string, told bool) error {
	s, err := signalStream(t, "id", streamID)
	if err != nil {
		return err
	}
	receiver, err := signalReceiver(context.Background(), t, s.Receiver)
	if err != nil {
		return err
	}
	if told == receiver.Everybody {
		_, err := t.Exec("DELETE FROM signal_subjects WHERE stream_id = ? AND subject = ?", streamID, subject)
		return err
	}
	var full bool
	err = t.QueryRow("SELECT EXISTS (SELECT 1 FROM signal_subjects WHERE stream_id = ? LIMIT 1 OFFSET ?)", streamID, store.MaxSignalSubjects-1).Scan(&full)
	if err != nil {
		return err
	}
	if full {
		return fmt.Errorf("%w: the stream has %d subjects, as many as it may have", store.ErrConflict, store.MaxSignalSubjects)
	}
	_, err = t.Exec("INSERT INTO signal_subjects (stream_id, subject) VALUES (?, ?) ON CONFLICT DO NOTHING", streamID, subject)
	return err
}

// VerifySignalStream implements [store.SignalWriter].
func (s *Store) VerifySignalStream(ctx context.Context, v store.SignalVerification) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, verifySignalStream(t, v) })
	_, err = described(0, err, "verification of stream %.64q", v.StreamID)
	return err
}

func verifySignalStream(t *tx, v store.SignalVerification) error {
	s, err := signalStream(t, "id", v.StreamID)
	if err != nil {
		return err
	}
	if s.Status == store.SignalDisabled {
		return fmt.Errorf("%w: it is disabled", store.ErrConflict)
	}
	// A clock that was set back must not lock anybody out.
	if since := v.At.Sub(s.VerifiedAt); !s.VerifiedAt.IsZero() && since >= 0 && since < v.Interval {
		return store.ErrTooSoon
	}
	if _, err := t.Exec("UPDATE signal_streams SET verified_at = ? WHERE id = ?", micros(v.At), s.ID); err != nil {
		return err
	}
	return queueSignal(t, store.SignalStreamState{SignalStream: s}, v.Event, v.At)
}
