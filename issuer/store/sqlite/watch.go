package sqlite

import (
	"maps"
	"sync"
)

// watchers are who is told of changes of lists. The zero value has none.
type watchers struct {
	mu   sync.Mutex
	last int // number of the newest watcher
	told map[int]func()
}

// WatchLists implements [store.ListWatcher].
func (s *Store) WatchLists(told func()) (stop func()) { return s.writer.watchers.add(told) }

func (w *watchers) add(told func()) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// Replaced as a whole, so that tell needs no lock while it calls.
	all := maps.Clone(w.told)
	if all == nil {
		all = make(map[int]func())
	}
	w.last++
	number := w.last
	all[number] = told
	w.told = all
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		rest := maps.Clone(w.told)
		delete(rest, number)
		w.told = rest
	}
}

// tell calls everybody. It is called by the writer.
func (w *watchers) tell() {
	w.mu.Lock()
	all := w.told
	w.mu.Unlock()
	for _, told := range all {
		told()
	}
}
