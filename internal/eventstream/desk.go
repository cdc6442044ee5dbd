package eventstream

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The usual times and bounds of a [Desk].
const (
	Heartbeat = 15 * time.Second // how often something is sent when nothing happens
	WriteTime = 10 * time.Second // how long one write may take
	// Life is after how long a reader is asked to come again, give or take a fifth: a
	// peer that vanished is not kept for ever, and readers spread over the machines
	// there are.
	Life      = 30 * time.Minute
	ComeAgain = 2 * time.Second // how long a browser waits before it does

	Streams          = 4096 // at once; each holds a connection and a goroutine
	StreamsPerReader = 256
	MaxStreams       = 1 << 16
)

// Why nobody is admitted.
var (
	ErrEnding        = errors.New("eventstream: the service is stopping")
	ErrTooMany       = errors.New("eventstream: there are as many streams as there may be")
	ErrTooManyOfOne  = errors.New("eventstream: this reader has as many streams as one may have")
	errNoTimeForMore = errors.New("eventstream: the connection takes no deadlines")
)

// Config configures a [Desk]. A time or bound of zero is the usual one.
type Config struct {
	Streams          int
	StreamsPerReader int
	// Replace ends the oldest stream of a reader who has as many as may be, instead
	// of refusing the new one: it is for readers who are known, of whom the old ones
	// are most likely connections that broke.
	Replace bool

	Heartbeat, WriteTime, Life time.Duration
}

// Desk serves streams. It is safe for concurrent use.
type Desk struct {
	config Config
	ending chan struct{} // closed by End
	end    sync.Once

	sent, dropped atomic.Uint64

	mu      sync.Mutex
	streams int
	readers map[string][]*stream // the oldest first
}

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Desk, error) {
	var problems []error
	for _, n := range []struct {
		name  string
		field *int
		usual int
	}{{"Streams", &config.Streams, Streams}, {"StreamsPerReader", &config.StreamsPerReader, StreamsPerReader}} {
		if *n.field == 0 {
			*n.field = n.usual
		}
		if *n.field < 1 || *n.field > MaxStreams {
			problems = append(problems, fmt.Errorf("eventstream: %s is %d; it must be from 1 to %d", n.name, *n.field, MaxStreams))
		}
	}
	for _, d := range []struct {
		name  string
		field *time.Duration
		usual time.Duration
	}{{"Heartbeat", &config.Heartbeat, Heartbeat}, {"WriteTime", &config.WriteTime, WriteTime}, {"Life", &config.Life, Life}} {
		if *d.field == 0 {
			*d.field = d.usual
		}
		if *d.field < 0 {
			problems = append(problems, fmt.Errorf("eventstream: %s is negative (%v)", d.name, *d.field))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &Desk{config: config, ending: make(chan struct{}), readers: make(map[string][]*stream)}, nil
}

// End has all streams say goodbye and end, and new ones refused: a server that shuts
// down waits for answers that end by themselves. It does not block.
func (d *Desk) End() { d.end.Do(func() { close(d.ending) }) }

// Open is how many streams there are.
func (d *Desk) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.streams
}

// Sent is how many events were sent, greetings aside.
func (d *Desk) Sent() uint64 { return d.sent.Load() }

// Dropped is how many streams ended because their reader was too slow.
func (d *Desk) Dropped() uint64 { return d.dropped.Load() }

// enter admits a stream of a reader.
func (d *Desk) enter(s *stream) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.ending:
		return ErrEnding
	default:
	}
	own := d.readers[s.reader.Who]
	isFull := len(own) >= d.config.StreamsPerReader
	if isFull && !d.config.Replace {
		return ErrTooManyOfOne
	}
	if d.streams >= d.config.Streams && !isFull {
		return ErrTooMany
	}
	if isFull {
		close(own[0].replaced)
		d.remove(own[0])
	}
	d.streams++
	d.readers[s.reader.Who] = append(d.readers[s.reader.Who], s)
	return nil
}

func (d *Desk) leave(s *stream) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remove(s)
}

// remove forgets a stream, once. The caller holds d.mu.
func (d *Desk) remove(s *stream) {
	own := d.readers[s.reader.Who]
	for i, each := range own {
		if each != s {
			continue
		}
		d.streams--
		// A copy: nobody else's slice is moved.
		if own = append(own[:i:i], own[i+1:]...); len(own) == 0 {
			delete(d.readers, s.reader.Who)
		} else {
			d.readers[s.reader.Who] = own
		}
		return
	}
}
