package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const receiverColumns = "r.name, r.audience, r.algorithm, r.subject_format, r.events, r.everybody, r.badges, r.actor, r.created_at"

// receiverFields are where a receiver's columns are scanned to; events are the words.
func receiverFields(r *store.SignalReceiver, events *string) []any {
	return []any{&r.Name, &r.Audience, &r.Algorithm, &r.SubjectFormat, events, &r.Everybody, &r.Badges, &r.By, instant{&r.CreatedAt}}
}

func scanReceiver(s scanner) (r store.SignalReceiver, err error) {
	var events string
	err = s.Scan(receiverFields(&r, &events)...)
	r.Events = strings.Fields(events)
	return r, err
}

// SignalReceivers implements [store.SignalReader].
func (r *Reader) SignalReceivers(ctx context.Context) ([]store.SignalReceiver, error) {
	all, err := queryAll(ctx, r.reads, scanReceiver, "SELECT "+receiverColumns+" FROM signal_receivers r ORDER BY name")
	return described(all, err, "receivers of signals")
}

// SignalReceiver implements [store.SignalReader].
func (r *Reader) SignalReceiver(ctx context.Context, name string) (store.SignalReceiver, error) {
	found, err := signalReceiver(ctx, r.reads, name)
	return described(found, err, "receiver %.64q", name)
}

func signalReceiver(ctx context.Context, q querier, name string) (store.SignalReceiver, error) {
	return queryOne(ctx, q, scanReceiver, "SELECT "+receiverColumns+" FROM signal_receivers r WHERE name = ?", name)
}

// AddSignalReceiver implements [store.SignalWriter].
func (s *Store) AddSignalReceiver(ctx context.Context, r store.SignalReceiver) error {
	if err := r.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, addSignalReceiver(t, r) })
	_, err = described(0, err, "receiver %.64q", r.Name)
	return err
}

func addSignalReceiver(t *tx, r store.SignalReceiver) error {
	var known int
	if err := t.QueryRow("SELECT count(*) FROM signal_receivers").Scan(&known); err != nil {
		return err
	}
	if known >= store.MaxSignalReceivers {
		return fmt.Errorf("%w: there are %d, as many as there may be", store.ErrConflict, known)
	}
	result, err := t.Exec(`INSERT INTO signal_receivers (name, audience, algorithm, subject_format, events, everybody, badges, actor, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`,
		r.Name, r.Audience, r.Algorithm, r.SubjectFormat, words(r.Events), r.Everybody, r.Badges, r.By, micros(r.CreatedAt))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, store.ErrAlreadyExists)
	}
	return t.record(r.CreatedAt, r.By, store.SignalReceiverAdded, r.Name, struct {
		Audience  string                `json:"audience"`
		Algorithm store.SignalAlgorithm `json:"algorithm"`
		Events    []string              `json:"events"`
		Everybody bool                  `json:"everybody"`
		Badges    bool                  `json:"badges"`
	}{r.Audience, r.Algorithm, r.Events, r.Everybody, r.Badges})
}

// RemoveSignalReceiver implements [store.SignalWriter].
func (s *Store) RemoveSignalReceiver(ctx context.Context, name, by string, at time.Time) error {
	if err := store.CheckBy(by); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, removeSignalReceiver(t, name, by, at) })
	_, err = described(0, err, "receiver %.64q", name)
	return err
}

func removeSignalReceiver(t *tx, name, by string, at time.Time) error {
	stream, err := signalStream(t, "receiver", name)
	if err == nil {
		err = removeSignalStream(t, stream, by, at)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	n, err := deleted(t, "DELETE FROM signal_receivers WHERE name = ?", name)
	if err != nil {
		return err
	}
	if n == 0 {
		return store.ErrNotFound
	}
	return t.record(at, by, store.SignalReceiverRemoved, name, struct{}{})
}
