package gate

import (
	"slices"
	"sync"
	"time"
)

// attempts counts wrong codes.
type attempts struct {
	mu     sync.Mutex
	last   uint64
	recent []attempt // at most MaxWrongCodes, oldest first
}

type attempt struct {
	id uint64
	at time.Time
}

// begin counts an attempt, if there may be another one.
func (a *attempts) begin(now time.Time) (id uint64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recent = slices.DeleteFunc(a.recent, func(old attempt) bool { return now.Sub(old.at) >= AttemptWindow })
	if len(a.recent) >= MaxWrongCodes {
		return 0, false
	}
	a.last++
	a.recent = append(a.recent, attempt{a.last, now})
	return a.last, true
}

// takeBack uncounts an attempt that was not wrong.
func (a *attempts) takeBack(id uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recent = slices.DeleteFunc(a.recent, func(old attempt) bool { return old.id == id })
}
