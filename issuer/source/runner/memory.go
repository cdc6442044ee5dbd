package runner

import (
	"context"
	"sync"

	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// Memory keeps cursors in this process: every start reads everything from the
// beginning. It is safe for concurrent use. The zero value is empty.
type Memory struct {
	mu      sync.Mutex
	cursors map[string]string
}

var _ source.Cursors = (*Memory)(nil)

// Get implements [source.Cursors].
func (m *Memory) Get(_ context.Context, name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[name], nil
}

// Set implements [source.Cursors].
func (m *Memory) Set(_ context.Context, name, cursor string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cursors == nil {
		m.cursors = map[string]string{}
	}
	m.cursors[name] = cursor
	return nil
}
