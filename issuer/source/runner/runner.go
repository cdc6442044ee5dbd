package runner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// ErrUnknownSource is a name that no source has, or one that takes no hints.
var ErrUnknownSource = errors.New("runner: there is no such source")

// Report is how a source is doing.
type Report struct {
	Name     string
	Interval time.Duration

	LastSuccess time.Time
	LastFailure time.Time
	Next        time.Time // when it is asked again
	Failures    int       // since the last success
	Error       string    // of the last failure, while Failures is not 0
	// Withheld is how many devices would be gone by what the source said last, which
	// was not believed.
	Withheld int

	// Of the last success:
	Training store.ImportCount
	Devices  store.ImportCount
	Refused  int              // records that were left out
	Problems []source.Problem // the first MaxProblems
}

// Runner asks the sources. It is safe for concurrent use.
type Runner struct {
	cfg     Config
	sources []*running
}

// running is a source that is asked.
type running struct {
	Source
	cfg  *Config
	wake chan struct{} // holds one: something is wanted

	// missing are the devices that the last whole listing lacked. Only the
	// goroutine of the source touches it.
	missing map[string]bool

	mu     sync.Mutex
	report Report
	wants  wants
}

// wants is what others want of a source.
type wants struct {
	now         bool            // a look at once
	hints       map[string]bool // devices to look at when it is time for hints
	crowded     bool            // there were more hints than are kept: look at everything
	acceptUntil time.Time       // until when a loss is taken for right
}

// New reports everything that is wrong with the configuration at once. It starts
// nothing.
func New(cfg Config) (*Runner, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &Runner{cfg: cfg.withDefaults()}
	for _, s := range cfg.Sources {
		if s.Interval == 0 {
			s.Interval = DefaultInterval
		}
		r.sources = append(r.sources, &running{
			Source: s, cfg: &r.cfg, wake: make(chan struct{}, 1), wants: wants{hints: map[string]bool{}},
			report: Report{Name: s.Name, Interval: s.Interval},
		})
	}
	return r, nil
}

// Run asks the sources until ctx is done, and returns when none is being asked any
// more. Only one Run may be under way.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range r.sources {
		all.Go(func() { s.run(ctx) })
	}
	all.Wait()
}

// Reports says how the sources are doing, in the order of the configuration.
func (r *Runner) Reports() []Report {
	reports := make([]Report, 0, len(r.sources))
	for _, s := range r.sources {
		s.mu.Lock()
		report := s.report
		s.mu.Unlock()
		report.Problems = slices.Clone(report.Problems)
		reports = append(reports, report)
	}
	return reports
}

// Ask has a source asked now.
func (r *Runner) Ask(name string) error {
	s, err := r.named(name)
	if err != nil {
		return err
	}
	s.want(func(w *wants) { w.now = true })
	return nil
}

// Accept has a source asked now, and its word taken for however many devices it
// says are gone and however many people lose their good standing by it. That holds for one answer, and for MaxInterval at the most.
func (r *Runner) Accept(name string) error {
	s, err := r.named(name)
	if err != nil {
		return err
	}
	until := s.cfg.Now().Add(MaxInterval)
	s.want(func(w *wants) { w.now, w.acceptUntil = true, until })
	return nil
}

// Hint has a source asked for some of its devices soon. Ids that are not known of
// it are ignored.
func (r *Runner) Hint(name string, ids []string) error {
	s, err := r.named(name)
	if err != nil {
		return err
	}
	if _, ok := s.Feed.(source.Rereader); !ok {
		return ErrUnknownSource
	}
	s.want(func(w *wants) {
		for _, id := range ids {
			if len(w.hints) >= MaxHints && !w.hints[id] {
				w.crowded = true
				return
			}
			w.hints[id] = true
		}
	})
	return nil
}

func (r *Runner) named(name string) (*running, error) {
	for _, s := range r.sources {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, ErrUnknownSource
}

// want notes what is wanted and wakes the source.
func (s *running) want(note func(*wants)) {
	s.mu.Lock()
	note(&s.wants)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it will wake anyway
	}
}
