package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// TrainingPages reads the answers of a record store to one or several queries,
// as [Training] reads a file. It is for one goroutine.
type TrainingPages struct {
	pages
	*trainingReader
}

// NewTrainingPages reports what is wrong with the configuration.
func NewTrainingPages(config Config) (*TrainingPages, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("source: training: %w", err)
	}
	p := newTrainingPages(config)
	p.paged = true
	return p, nil
}

func newTrainingPages(config Config) *TrainingPages {
	t := newTrainingReader(config)
	return &TrainingPages{trainingReader: t, pages: pages{
		name: "training", member: "statements", format: "xAPI statements as a record store answers a query",
		next: "more", each: t.take,
	}}
}

// Query begins another query, whose answers may hold what those of another did,
// in an order of their own.
func (p *TrainingPages) Query() {
	p.pages.Query()
	p.stored, p.disorder = time.Time{}, 0
}

// Statements reads the body of a push, as learning systems send it to a record
// store (xAPI 1.0.3, Communication 2.1.2): one statement, or an array of them.
// Otherwise it is as [Training].
func Statements(r io.Reader, config Config) (Result[evidence.Training], error) {
	if err := config.validate(); err != nil {
		return Result[evidence.Training]{}, fmt.Errorf("source: training: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err == nil && len(text) > MaxFileSize {
		err = errTooLarge
	}
	t := newTrainingReader(config)
	if err == nil {
		err = bare(text, t.take)
	}
	if err != nil {
		return Result[evidence.Training]{}, fmt.Errorf("source: training: %w", err)
	}
	return t.Result(), nil
}

// bare reads an array of records, or one record, that is in no object.
func bare(text []byte, take func(record)) error {
	start := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	lines := newLineReader(bytes.NewReader(text))
	w := &walker{collection: &collection{each: take}, lines: lines, decoder: json.NewDecoder(lines)}
	var err error
	switch {
	case bytes.HasPrefix(start, []byte("[")):
		err = w.array()
	case bytes.HasPrefix(start, []byte("{")):
		err = w.record()
	case len(start) == 0:
		err = errors.New("the body is empty: send one statement, or an array of them")
	default:
		err = errors.New("this is neither an object nor an array: send one statement, or an array of them")
	}
	if err == nil {
		err = w.end()
	}
	if err != nil {
		return w.explain(err)
	}
	return nil
}
