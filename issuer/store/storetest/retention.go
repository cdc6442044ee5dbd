package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var retentionTests = []test{
	{"what is over is kept for as long as the retention says", purged},
	{"a retention has bounds", retentionBounds},
}

func purged(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	keep := store.Retention{Evidence: 48 * time.Hour, Messages: 72 * time.Hour, Enrolments: 96 * time.Hour, Tokens: 120 * time.Hour}
	// Three attempts: passed a month ago, completed two months ago, failed three.
	mustImport(t, s, store.Import{Training: Training(0)})
	superseded := now.AddDate(0, -1, 0)
	check(t, s.Queue(t.Context(), Message("person-000", "delivered")), nil)
	settle(t, s, notify.Mail, notify.Delivered)
	check(t, s.Queue(t.Context(), Message("person-000", "dead"), Message("person-000", "waiting")), nil)
	settle(t, s, notify.Mail, notify.Dead)
	e := mustEnrol(t, s, "first")
	mustIssue(t, s, e, "b", "phone")
	mustDeliver(t, s, e, "delivery", "b")
	mustInvite(t, s, "second") // ends the first, and itself an hour later
	k := token("k")
	check(t, s.AddToken(t.Context(), k), nil)

	purge := func(at time.Time, want store.PurgeResult) {
		t.Helper()
		got, err := s.Purge(t.Context(), store.PurgeRequest{Retention: keep, At: at, By: officer})
		check(t, err, nil)
		got.Spent = 0
		equal(t, fmt.Sprint("at ", at), got, want)
	}
	const second = time.Second
	before := last(t, s)
	purge(superseded.Add(keep.Evidence), store.PurgeResult{Training: 1}) // the failure, by the completion a month before
	purge(superseded.Add(keep.Evidence+second), store.PurgeResult{Training: 1})
	purge(now.Add(second+keep.Messages), store.PurgeResult{})
	purge(now.Add(second+keep.Messages+second), store.PurgeResult{Messages: 1})
	purge(now.Add(keep.Enrolments), store.PurgeResult{})
	purge(now.Add(keep.Enrolments+second), store.PurgeResult{Enrolments: 1})
	purge(now.Add(time.Hour+keep.Enrolments), store.PurgeResult{})
	purge(now.Add(time.Hour+keep.Enrolments+second), store.PurgeResult{Enrolments: 1})
	purge(k.ExpiresAt.Add(keep.Tokens), store.PurgeResult{})
	purge(k.ExpiresAt.Add(keep.Tokens+second), store.PurgeResult{Tokens: 1})
	purge(now.AddDate(50, 0, 0), store.PurgeResult{})
	equal(t, "events", len(events(t, s, before)), 6)

	training, _, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "training", len(training), 1)
	left, err := s.Messages(t.Context(), store.MessageQuery{Limit: 9})
	check(t, err, nil)
	equal(t, "messages", len(left), 2)
	check(t, s.Queue(t.Context(), Message("person-000", "delivered")), nil)
	again, err := s.Messages(t.Context(), store.MessageQuery{Limit: 9})
	check(t, err, nil)
	equal(t, "a key is queued once, ever", len(again), 2)
}

func retentionBounds(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for kind, set := range map[string]func(*store.Retention, time.Duration){
		"evidence":   func(r *store.Retention, d time.Duration) { r.Evidence = d },
		"messages":   func(r *store.Retention, d time.Duration) { r.Messages = d },
		"enrolments": func(r *store.Retention, d time.Duration) { r.Enrolments = d },
		"tokens":     func(r *store.Retention, d time.Duration) { r.Tokens = d },
	} {
		for span, want := range map[time.Duration]error{
			0: nil, store.MinRetention: nil, store.MaxRetention: nil,
			store.MinRetention - 1: store.ErrInvalid, store.MaxRetention + 1: store.ErrInvalid, -1: store.ErrInvalid,
		} {
			var r store.Retention
			set(&r, span)
			_, err := s.Purge(t.Context(), store.PurgeRequest{Retention: r, At: now, By: officer})
			t.Log(kind, span)
			check(t, err, want)
		}
	}
}
