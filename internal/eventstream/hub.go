package eventstream

import (
	"bytes"
	"slices"
	"sync"
)

// MaxWaiting is how many events wait for one reader at the most.
const MaxWaiting = 256

// Hub hands events to the readers of topics. It is safe for concurrent use; the zero
// value has no readers.
type Hub struct {
	mu     sync.Mutex
	topics map[string][]*Mailbox
}

// Join begins a reader of a topic: what is told from now on waits in the mailbox.
// It is to be left.
func (h *Hub) Join(topic string) *Mailbox {
	m := &Mailbox{topic: topic, more: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics == nil {
		h.topics = make(map[string][]*Mailbox)
	}
	h.topics[topic] = append(h.topics[topic], m)
	return m
}

// Leave ends a reader.
func (h *Hub) Leave(m *Mailbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.topics[m.topic] = slices.DeleteFunc(h.topics[m.topic], func(other *Mailbox) bool { return other == m })
	if len(h.topics[m.topic]) == 0 {
		delete(h.topics, m.topic)
	}
}

// Tell puts an event before the readers of a topic. It does not block.
func (h *Hub) Tell(topic string, frame []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.topics[topic] {
		m.put(frame)
	}
}

// TellAll puts an event before all readers. It does not block.
func (h *Hub) TellAll(frame []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, readers := range h.topics {
		for _, m := range readers {
			m.put(frame)
		}
	}
}

// Mailbox is what waits for one reader.
type Mailbox struct {
	topic string

	mu     sync.Mutex
	frames [][]byte
	lost   bool
	more   chan struct{} // closed, and replaced, when something waits
}

var _ Source = (*Mailbox)(nil)

// put leaves out what waits already: that something has changed is no more to know
// when it is said twice.
func (m *Mailbox) put(frame []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.frames, func(waiting []byte) bool { return bytes.Equal(waiting, frame) }) {
		return
	}
	if len(m.frames) == MaxWaiting {
		m.lost = true
	} else {
		m.frames = append(m.frames, frame)
	}
	close(m.more)
	m.more = make(chan struct{})
}

// Next implements [Source].
func (m *Mailbox) Next() (frames [][]byte, more <-chan struct{}, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost {
		return nil, nil, false
	}
	frames, m.frames = m.frames, nil
	return frames, m.more, true
}
