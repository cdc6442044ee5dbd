// Package eventstreamtest listens to event streams in tests.
package eventstreamtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Patience is after how long a test that waits has failed.
const Patience = 30 * time.Second

// Event is one event as a reader gets it; the zero Event is a comment, which keeps
// the connection alive.
type Event struct{ ID, Name, Data string }

// Listener reads a stream. It is for one goroutine.
type Listener struct {
	Header http.Header
	body   io.ReadCloser
	lines  *bufio.Reader
	end    context.CancelFunc
}

// StatusError is an answer that is no stream.
type StatusError struct {
	Status int
	Body   string
}

// Error implements the error interface.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Body) }

// Dial begins to read on a connection of its own. Any answer but a stream is a
// [*StatusError].
func Dial(ctx context.Context, request *http.Request) (*Listener, error) {
	ctx, end := context.WithCancel(ctx)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request.WithContext(ctx))
	if err != nil {
		end()
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(response.Body)
		end()
		return nil, errors.Join(&StatusError{response.StatusCode, string(text)}, err, response.Body.Close())
	}
	return &Listener{Header: response.Header, body: response.Body, lines: bufio.NewReader(response.Body), end: end}, nil
}

// Listen begins to read, until the test ends.
func Listen(t testing.TB, request *http.Request) *Listener {
	t.Helper()
	l, err := Dial(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// Close hangs up.
func (l *Listener) Close() {
	l.end()
	_ = l.body.Close()
}

// Read returns the next event or comment, and io.EOF at the proper end of the stream.
func (l *Listener) Read() (Event, error) {
	var e Event
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			return Event{}, err
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "\n" && e.Name != "":
			return e, nil
		case field == "" && value != "":
			return Event{}, nil
		case field == "id":
			e.ID = value
		case field == "event":
			e.Name = value
		case field == "data":
			e.Data = value
		}
	}
}

// Next returns the next event or comment.
func (l *Listener) Next(t testing.TB) Event {
	t.Helper()
	// Hanging up is what ends a read that would never.
	alarm := time.AfterFunc(Patience, l.Close)
	defer alarm.Stop()
	e, err := l.Read()
	if err != nil {
		t.Fatalf("no event: %v", err)
	}
	return e
}

// Expect checks what the next event is, comments aside.
func (l *Listener) Expect(t testing.TB, name, data string) {
	t.Helper()
	e := l.Next(t)
	for e == (Event{}) {
		e = l.Next(t)
	}
	if e.Name != name || e.Data != data {
		t.Fatalf("%s %s, want %s %s", e.Name, e.Data, name, data)
	}
}

// ExpectEnd checks that the stream ends properly, with nothing before but comments.
func (l *Listener) ExpectEnd(t testing.TB) {
	t.Helper()
	alarm := time.AfterFunc(Patience, l.Close)
	defer alarm.Stop()
	for {
		e, err := l.Read()
		if err == io.EOF {
			return
		}
		if err != nil || e != (Event{}) {
			t.Fatalf("%v %v, want the end of the stream", e, err)
		}
	}
}
