package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// shelf keeps what was received.
type shelf struct {
	mu       sync.Mutex
	training map[evidence.Origin]evidence.Training
	devices  map[evidence.Origin]evidence.Device
	imports  []store.Import
	fails    error // of Receive
}

func newShelf() *shelf {
	return &shelf{training: map[evidence.Origin]evidence.Training{}, devices: map[evidence.Origin]evidence.Device{}}
}

func (s *shelf) Receive(_ context.Context, im store.Import) (store.ImportResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := im.Validate(); err != nil {
		return store.ImportResult{}, err
	}
	if s.fails != nil && !im.Confirmed {
		return store.ImportResult{}, s.fails
	}
	s.imports = append(s.imports, im)
	for _, r := range im.Training {
		s.training[r.Origin] = r
	}
	for _, d := range im.Devices {
		s.devices[d.Origin] = d
	}
	before := len(s.devices)
	for _, o := range im.WithdrawnTraining {
		delete(s.training, o)
	}
	for _, o := range im.WithdrawnDevices {
		delete(s.devices, o)
	}
	return store.ImportResult{
		Training: store.ImportCount{Changed: len(im.Training)},
		Devices:  store.ImportCount{Changed: len(im.Devices), Removed: before - len(s.devices)},
	}, nil
}

func (s *shelf) DeviceIDs(_ context.Context, name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for o := range s.devices {
		if o.Source == name {
			ids = append(ids, o.ID)
		}
	}
	return ids, nil
}

func (s *shelf) ids() []string {
	ids, _ := s.DeviceIDs(context.Background(), "mdm")
	slices.Sort(ids)
	return ids
}

// set has receiving fail from now on, or no more.
func (s *shelf) set(fails error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fails
}

func (s *shelf) received() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.imports)
}

// feed answers as a test has it answer.
type feed struct {
	mu      sync.Mutex
	answer  func(cursor string) (source.Changes, error)
	asked   []time.Time
	cursors []string
	rereads [][]string
}

func (f *feed) Changes(_ context.Context, cursor string) (source.Changes, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, time.Now())
	f.cursors = append(f.cursors, cursor)
	return f.answer(cursor)
}

func (f *feed) Reread(_ context.Context, ids []string) (source.Changes, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rereads = append(f.rereads, ids)
	return source.Changes{Devices: source.Result[evidence.Device]{Records: devices(ids...)}}, nil
}

func (f *feed) answers(answer func(cursor string) (source.Changes, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *feed) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// from returns the cursors that were asked from.
func (f *feed) from() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.cursors)
}

// again returns what was asked for one by one.
func (f *feed) again() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.rereads)
}

func devices(ids ...string) (list []evidence.Device) {
	for _, id := range ids {
		list = append(list, evidence.Device{Origin: evidence.Origin{Source: "mdm", ID: id}})
	}
	return list
}

func numbered(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("d%05d", i))
	}
	return ids
}

func listing(ids ...string) func(string) (source.Changes, error) {
	return func(string) (source.Changes, error) {
		return source.Changes{Full: true, Devices: source.Result[evidence.Device]{Records: devices(ids...)}}, nil
	}
}

// bench is a runner of one source, in a bubble of time.
type bench struct {
	*Runner
	*shelf
	*feed
	cursors Memory
	stop    func()
}

// start runs a source that answers as given. It belongs inside synctest.Test.
func start(t *testing.T, interval time.Duration, answer func(string) (source.Changes, error)) *bench {
	t.Helper()
	b := &bench{shelf: newShelf(), feed: &feed{answer: answer}}
	var err error
	b.Runner, err = New(Config{
		Sources:  []Source{{Name: "mdm", Feed: b.feed, Interval: interval}},
		Receiver: b.shelf, Inventory: b.shelf, Cursors: &b.cursors,
		Random: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Run(ctx)
	}()
	b.stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(b.stop)
	synctest.Wait()
	return b
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) // in a bubble it takes none
	synctest.Wait()
}

func (b *bench) report() Report { return b.Reports()[0] }

func same(a, b []string) bool {
	count := func(list []string) map[string]int {
		m := map[string]int{}
		for _, one := range list {
			m[one]++
		}
		return m
	}
	return maps.Equal(count(a), count(b))
}
