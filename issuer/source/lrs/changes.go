package lrs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
)

// errOrder is a store that answers in an order of its own.
var errOrder = errors.New("the record store does not heed ascending=true: what is new can't be told; nothing was taken in")

// Changes implements [source.Feed].
func (s *Store) Changes(ctx context.Context, from string) (source.Changes, error) {
	pages, err := source.NewTrainingPages(source.Config{Source: s.cfg.Name, HomePage: s.cfg.HomePage})
	if err != nil {
		return source.Changes{}, err
	}
	at := readCursor(from)
	next := cursor{}
	more := false
	for _, verb := range verbs() {
		reached, err := s.query(ctx, pages, verb, at[verb])
		if err != nil {
			return source.Changes{}, fmt.Errorf("lrs: %w", err)
		}
		next[verb] = reached
		more = more || reached.More != ""
	}
	return source.Changes{Training: pages.Result(), Next: next.String(), More: more}, nil
}

// query reads what is new of one verb.
func (s *Store) query(ctx context.Context, pages *source.TrainingPages, verb string, from place) (place, error) {
	reached, err := s.walk(ctx, pages, verb, from)
	// The address of a page is good for a day at least, and may be so no longer
	// (xAPI 1.0.3, Communication 2.1.3).
	if status := call.Status(err); from.More != "" && status >= 400 && status < 500 && status != 401 && status != 403 {
		from.More = ""
		return s.walk(ctx, pages, verb, from)
	}
	return reached, err
}

func (s *Store) walk(ctx context.Context, pages *source.TrainingPages, verb string, from place) (place, error) {
	ceiling := s.cfg.Now()
	address := s.first(verb, from)
	visited := map[string]bool{}
	pages.Query()
	for range PagesPerCall {
		var err error
		if address, err = s.caller.Follow(address); err != nil {
			return place{}, err
		}
		if visited[address] {
			return place{}, source.ErrRepeats
		}
		visited[address] = true
		response, err := s.caller.Get(ctx, address)
		if err != nil {
			return place{}, err
		}
		page, err := pages.Read(bytes.NewReader(response.Body))
		if err != nil {
			return place{}, err
		}
		if page.Repeats() {
			return place{}, source.ErrRepeats
		}
		last, disorder := pages.Stored()
		if disorder > Overlap {
			return place{}, errOrder
		}
		ceiling = consistent(response, ceiling)
		from = from.reach(last, ceiling, page.Next)
		if page.Next == "" {
			return from, nil
		}
		address = page.Next
	}
	return from, nil
}

// first is the address to begin with.
func (s *Store) first(verb string, from place) string {
	if from.More != "" {
		return from.More
	}
	query := url.Values{"verb": {verb}, "ascending": {"true"}}
	if !from.Stored.IsZero() {
		query.Set("since", from.Stored.Add(-Overlap).UTC().Format(time.RFC3339Nano))
	}
	return s.cfg.URL + "/statements?" + query.Encode()
}

// reach moves on to the last statement seen, but not past the ceiling, and never
// back.
func (p place) reach(last, ceiling time.Time, more string) place {
	if last.After(ceiling) {
		last = ceiling
	}
	if last.After(p.Stored) {
		p.Stored = last
	}
	p.More = more
	return p
}

// consistent is the earlier of the ceiling and the time up to which the store has
// everything (xAPI 1.0.3, Communication 2.1.3).
func consistent(response outbound.Response, ceiling time.Time) time.Time {
	through, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(response.Header.Get("X-Experience-API-Consistent-Through")))
	if err == nil && through.Before(ceiling) {
		return through
	}
	return ceiling
}
