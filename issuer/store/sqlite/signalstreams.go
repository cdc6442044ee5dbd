package sqlite

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const streamColumns = `s.id, s.receiver, s.description, s.endpoint, s.authorization, s.requested, s.delivered, s.status, s.reason,
	s.by_office, s.created_at, s.verified_at, s.failures, s.retry_at, s.trouble, s.taken_at, s.lost`

const streamsWithReceivers = " FROM signal_streams s JOIN signal_receivers r ON r.name = s.receiver"

// streamWords are the lists of a stream as their columns have them.
type streamWords struct{ requested, delivered string }

func streamFields(s *store.SignalStream, w *streamWords) []any {
	return []any{
		&s.ID, &s.Receiver, &s.Description, &s.Endpoint, &s.Authorization, &w.requested, &w.delivered, &s.Status, &s.Reason,
		&s.ByOffice, instant{&s.CreatedAt}, instant{&s.VerifiedAt}, &s.Failures, instant{&s.RetryAt}, &s.Trouble, instant{&s.TakenAt}, &s.Lost,
	}
}

func (w streamWords) fill(s *store.SignalStream) {
	s.Requested, s.Delivered = strings.Fields(w.requested), strings.Fields(w.delivered)
	if len(s.Authorization) == 0 {
		s.Authorization = nil
	}
}

func scanStream(from scanner) (s store.SignalStream, err error) {
	var w streamWords
	err = from.Scan(streamFields(&s, &w)...)
	w.fill(&s)
	return s, err
}

// scanStreamWith scans a stream, its receiver and what else there is.
func scanStreamWith(from scanner, more ...any) (s store.SignalStreamState, rest []any, err error) {
	var w streamWords
	var events string
	fields := append(streamFields(&s.SignalStream, &w), receiverFields(&s.For, &events)...)
	err = from.Scan(append(fields, more...)...)
	w.fill(&s.SignalStream)
	s.For.Events = strings.Fields(events)
	return s, more, err
}

func scanStreamFor(from scanner) (store.SignalStreamState, error) {
	s, _, err := scanStreamWith(from)
	return s, err
}

func scanStreamState(from scanner) (store.SignalStreamState, error) {
	var waiting, refused int
	var oldest time.Time
	s, _, err := scanStreamWith(from, &waiting, &refused, instant{&oldest})
	s.Waiting, s.Refused, s.Oldest = waiting, refused, oldest
	return s, err
}

// SignalStreams implements [store.SignalReader].
func (r *Reader) SignalStreams(ctx context.Context) ([]store.SignalStreamState, error) {
	all, err := queryAll(ctx, r.reads, scanStreamState, "SELECT "+streamColumns+", "+receiverColumns+`,
		(SELECT count(*) FROM signals q WHERE q.stream_id = s.id AND q.state = 'waiting'),
		(SELECT count(*) FROM signals q WHERE q.stream_id = s.id AND q.state = 'refused'),
		(SELECT q.queued_at FROM signals q WHERE q.stream_id = s.id AND q.state = 'waiting' ORDER BY q.number LIMIT 1)`+
		streamsWithReceivers+" ORDER BY s.receiver")
	return described(all, err, "streams of signals")
}

// SignalStream implements [store.SignalReader].
func (r *Reader) SignalStream(ctx context.Context, receiver string) (store.SignalStream, error) {
	s, err := queryOne(ctx, r.reads, scanStream, "SELECT "+streamColumns+" FROM signal_streams s WHERE receiver = ?", receiver)
	return described(s, err, "stream of receiver %.64q", receiver)
}

// signalStream finds a stream by its id or its receiver.
func signalStream(t *tx, column, value string) (store.SignalStream, error) {
	return queryOne(context.Background(), t, scanStream, "SELECT "+streamColumns+" FROM signal_streams s WHERE s."+column+" = ?", value)
}

// streamDetail is what an event tells of a stream: of where it leads the host alone,
// since the rest may be a secret.
type streamDetail struct {
	Receiver  string   `json:"receiver"`
	Method    string   `json:"method"`
	Host      string   `json:"host,omitempty"`
	Delivered []string `json:"delivered"`
}

func newStreamDetail(s store.SignalStream) streamDetail {
	d := streamDetail{Receiver: s.Receiver, Method: "poll", Delivered: s.Delivered}
	if s.Endpoint == "" {
		return d
	}
	d.Method = "push"
	if u, err := url.Parse(s.Endpoint); err == nil {
		d.Host = u.Host
	}
	return d
}

// AddSignalStream implements [store.SignalWriter].
func (s *Store) AddSignalStream(ctx context.Context, stream store.SignalStream) error {
	if err := stream.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, addSignalStream(t, stream) })
	_, err = described(0, err, "stream of receiver %.64q", stream.Receiver)
	return err
}

func addSignalStream(t *tx, s store.SignalStream) error {
	if _, err := signalReceiver(context.Background(), t, s.Receiver); err != nil {
		return err
	}
	result, err := t.Exec(`INSERT INTO signal_streams (id, receiver, description, endpoint, authorization, requested, delivered, status,
			reason, by_office, created_at, failures, trouble, lost)
		VALUES (?, ?, ?, ?, ?, ?, ?, 'enabled', '', 0, ?, 0, '', 0) ON CONFLICT DO NOTHING`,
		s.ID, s.Receiver, s.Description, s.Endpoint, blob(s.Authorization), words(s.Requested), words(s.Delivered), micros(s.CreatedAt))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, store.ErrAlreadyExists)
	}
	t.signalled = true
	return t.record(s.CreatedAt, "receiver:"+s.Receiver, store.SignalStreamAdded, s.ID, newStreamDetail(s))
}

// blob is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// ConfigureSignalStream implements [store.SignalWriter].
func (s *Store) ConfigureSignalStream(ctx context.Context, stream store.SignalStream) error {
	if err := stream.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, configureSignalStream(t, stream) })
	_, err = described(0, err, "stream %.64q", stream.ID)
	return err
}

func configureSignalStream(t *tx, s store.SignalStream) error {
	before, err := signalStream(t, "id", s.ID)
	if err != nil {
		return err
	}
	_, err = t.Exec(`UPDATE signal_streams SET description = ?, endpoint = ?, authorization = ?, requested = ?, delivered = ?,
		failures = 0, retry_at = NULL, trouble = '' WHERE id = ?`,
		s.Description, s.Endpoint, blob(s.Authorization), words(s.Requested), words(s.Delivered), s.ID)
	if err != nil {
		return err
	}
	for _, dropped := range before.Delivered {
		if slices.Contains(s.Delivered, dropped) {
			continue
		}
		if _, err := t.Exec("DELETE FROM signals WHERE stream_id = ? AND type = ?", s.ID, dropped); err != nil {
			return err
		}
	}
	t.signalled = true
	return t.record(t.now, "receiver:"+before.Receiver, store.SignalStreamConfigured, s.ID, newStreamDetail(s))
}

// SetSignalStatus implements [store.SignalWriter].
func (s *Store) SetSignalStatus(ctx context.Context, c store.SignalStatusChange) (store.SignalStream, error) {
	if err := c.Validate(); err != nil {
		return store.SignalStream{}, err
	}
	stream, err := change(ctx, s.writer, func(t *tx) (store.SignalStream, error) { return setSignalStatus(t, c) })
	return described(stream, err, "status of stream %.64q", c.StreamID)
}

func setSignalStatus(t *tx, c store.SignalStatusChange) (store.SignalStream, error) {
	s, err := signalStream(t, "id", c.StreamID)
	if err != nil {
		return s, err
	}
	if s.ByOffice && !c.Office && c.To != s.Status {
		return s, store.ErrHeld
	}
	// What the office has set stays the office's.
	byOffice := s.ByOffice
	if c.Office {
		byOffice = c.To != store.SignalEnabled
	}
	if s.Status == c.To && s.Reason == c.Reason && s.ByOffice == byOffice {
		return s, nil
	}
	from := s.Status
	s.Status, s.Reason, s.ByOffice = c.To, c.Reason, byOffice
	if _, err = t.Exec("UPDATE signal_streams SET status = ?, reason = ?, by_office = ? WHERE id = ?", s.Status, s.Reason, s.ByOffice, s.ID); err != nil {
		return s, err
	}
	given := 0
	if s.Status == store.SignalDisabled {
		if given, err = deleted(t, "DELETE FROM signals WHERE stream_id = ?", s.ID); err != nil {
			return s, err
		}
		if err := giveUp(t, s.ID, given); err != nil {
			return s, err
		}
		s.Lost += int64(given)
	}
	t.signalled = true
	if c.Office && from != s.Status {
		if err := queueSignal(t, store.SignalStreamState{SignalStream: s}, c.Told, c.At); err != nil {
			return s, err
		}
	}
	return s, t.record(c.At, c.By, store.SignalStreamStatus, s.ID, struct {
		Receiver string             `json:"receiver"`
		From     store.SignalStatus `json:"from"`
		To       store.SignalStatus `json:"to"`
		GivenUp  int                `json:"given_up,omitempty"`
	}{s.Receiver, from, s.Status, given})
}

// RemoveSignalStream implements [store.SignalWriter].
func (s *Store) RemoveSignalStream(ctx context.Context, streamID, by string, at time.Time) error {
	if err := store.CheckBy(by); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		stream, err := signalStream(t, "id", streamID)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, removeSignalStream(t, stream, by, at)
	})
	_, err = described(0, err, "stream %.64q", streamID)
	return err
}

func removeSignalStream(t *tx, s store.SignalStream, by string, at time.Time) error {
	given, err := deleted(t, "DELETE FROM signals WHERE stream_id = ?", s.ID)
	if err != nil {
		return err
	}
	for _, query := range []string{"DELETE FROM signal_subjects WHERE stream_id = ?", "DELETE FROM signal_streams WHERE id = ?"} {
		if _, err := t.Exec(query, s.ID); err != nil {
			return err
		}
	}
	t.signalled = true
	return t.record(at, by, store.SignalStreamRemoved, s.ID, struct {
		Receiver string `json:"receiver"`
		GivenUp  int    `json:"given_up,omitempty"`
	}{s.Receiver, given})
}
