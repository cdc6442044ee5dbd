package eventstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Source is where the events of one reader come from. It is used by one goroutine.
type Source interface {
	// Next returns the events that wait, each as [Frame] writes it, and what to wait
	// for when there are none; ok is false when some are lost.
	Next() (frames [][]byte, more <-chan struct{}, ok bool)
}

// Reader is who reads a stream.
type Reader struct {
	Who      string // whose streams count together
	Greeting []byte // frames that come first; may be empty
	Source   Source
	// Still is asked at each heartbeat; once it says no the stream ends. nil: always.
	Still func(context.Context) bool
}

// Parting is why a stream ends.
type Parting struct {
	Reason string `json:"reason"`
}

// The reasons of partings.
const (
	Stopping = "stopping" // the service is
	Again    = "again"    // it lasted long enough; come again at once
	Replaced = "replaced" // by a newer stream of the same reader
	Over     = "over"     // Still said no
	TooSlow  = "too_slow" // and events are lost
)

// Frame writes an event; an empty id is left out. data is written as JSON, in which
// there are no line breaks; it panics when that can't be done.
func Frame(name, id string, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, text)
	return b.Bytes()
}

// Announce sets the headers of a stream: nothing on the way keeps, joins or
// compresses what is to arrive at once. [Desk.Serve] calls it.
func Announce(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
}

// Serve answers with a stream until the reader is gone, the desk ends, or the
// reader's time is over. It fails only before anything was written, with one of this
// package's errors or that of a connection that takes no deadlines.
func (d *Desk) Serve(w http.ResponseWriter, r *http.Request, reader Reader) error {
	s := &stream{desk: d, reader: reader, w: w, controller: http.NewResponseController(w), replaced: make(chan struct{})}
	if err := d.enter(s); err != nil {
		return err
	}
	defer d.leave(s)
	// The server's own deadlines are for answers that end.
	if s.controller.SetReadDeadline(time.Time{}) != nil || s.extend() != nil {
		return errNoTimeForMore
	}
	Announce(w)
	s.run(r.Context())
	return nil
}

// stream is one answer.
type stream struct {
	desk       *Desk
	reader     Reader
	w          http.ResponseWriter
	controller *http.ResponseController
	replaced   chan struct{} // closed by the desk
}

// extend gives the next write its time. HTTP/2 ends a stream at its deadline even if
// nothing is being written, so the heartbeat's time is added. The time is the
// machine's: a deadline is no business of anybody else's clock.
func (s *stream) extend() error {
	return s.controller.SetWriteDeadline(time.Now().Add(s.desk.config.Heartbeat + s.desk.config.WriteTime))
}

func (s *stream) send(frame []byte) bool {
	if s.extend() != nil {
		return false
	}
	if _, err := s.w.Write(frame); err != nil {
		return false
	}
	return s.controller.Flush() == nil
}

func (s *stream) part(reason string) { s.send(Frame("bye", "", Parting{reason})) }

func (s *stream) run(ctx context.Context) {
	times := s.desk.config
	if !s.send(append(fmt.Appendf(nil, "retry: %d\n", ComeAgain.Milliseconds()), s.reader.Greeting...)) {
		return
	}
	beat := time.NewTicker(times.Heartbeat)
	defer beat.Stop()
	life := time.NewTimer(times.Life*4/5 + rand.N(times.Life*2/5+1))
	defer life.Stop()
	for {
		more, ok := s.catchUp()
		if !ok {
			return
		}
		select {
		case <-more:
		case <-beat.C:
			if s.reader.Still != nil && !s.reader.Still(ctx) {
				s.part(Over)
				return
			}
			if !s.send([]byte(": still here\n\n")) {
				return
			}
		case <-life.C:
			s.part(Again)
			return
		case <-s.replaced:
			s.part(Replaced)
			return
		case <-s.desk.ending:
			s.part(Stopping)
			return
		case <-ctx.Done():
			return
		}
	}
}

// catchUp sends what there is, and returns what to wait for. A reader who never
// catches up notices an end all the same.
func (s *stream) catchUp() (more <-chan struct{}, ok bool) {
	for {
		frames, more, ok := s.reader.Source.Next()
		if !ok {
			s.desk.dropped.Add(1)
			s.send(Frame("dropped", "", Parting{TooSlow}))
			return nil, false
		}
		if len(frames) == 0 {
			return more, true
		}
		for _, frame := range frames {
			if !s.send(frame) {
				return nil, false
			}
			s.desk.sent.Add(1)
		}
	}
}
