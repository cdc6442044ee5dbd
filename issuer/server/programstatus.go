package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sort"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// fallbackDays is how far back the status counts what went to the fallback address.
const fallbackDays = 30

// unjudged is the phase of somebody of whom there is no record yet.
const unjudged = "unjudged"

// programState is how the program is doing.
type programState struct {
	At             time.Time      `json:"at"`
	NextDue        time.Time      `json:"next_due,omitzero"`
	Policy         string         `json:"policy"` // the digest of the one in force
	People         int            `json:"people"`
	Phases         map[string]int `json:"phases"`          // people by where they are on the ladder
	WithoutManager int            `json:"without_manager"` // active people whose manager can't be told
	Holds          int            `json:"holds"`           // that last
	Messages       struct {
		Waiting int `json:"waiting"`
		Held    int `json:"held"`
		Dead    int `json:"dead"`
	} `json:"messages"`
	Fallback fallbackUse `json:"fallback"`
}

// fallbackUse counts messages that reached nobody they were for.
type fallbackUse struct {
	Since    time.Time      `json:"since"`
	Messages int            `json:"messages"`
	Reasons  map[string]int `json:"reasons"`
}

func (s *Server) programStatus(w http.ResponseWriter, r *http.Request) error {
	if !take(s.walks) {
		return tooManyWalks()
	}
	defer func() { <-s.walks }()
	now := s.config.Now()
	state := programState{At: utc(now), Policy: s.config.Program.PolicyAt(now).Digest()}
	for _, fill := range []func(context.Context, *programState) error{
		s.countDue, s.countPeople, s.countMessages, s.countFallback,
	} {
		if err := fill(r.Context(), &state); err != nil {
			return err
		}
	}
	return send(w, http.StatusOK, state)
}

func tooManyWalks() error {
	return refuse(http.StatusServiceUnavailable, CodeOverloaded, "Too many callers go through everybody. Try again in a moment.")
}

func (s *Server) countDue(ctx context.Context, state *programState) error {
	next, err := s.config.Program.NextDue(ctx)
	if err != nil {
		return err
	}
	state.NextDue = utc(next)
	holds, err := s.config.Program.Holds(ctx)
	state.Holds = len(holds)
	return err
}

func (s *Server) countPeople(ctx context.Context, state *programState) error {
	state.Phases = map[string]int{unjudged: 0}
	for _, phase := range []ladder.Phase{ladder.New, ladder.Good, ladder.Suspended, ladder.Locked, ladder.Left} {
		state.Phases[string(phase)] = 0
	}
	var managers managers
	err := s.everybody(ctx, func(person evidence.Person) error {
		managers.note(person)
		state.People++
		_, progress, err := s.config.Program.Record(ctx, person.ID)
		if errors.Is(err, store.ErrNotFound) {
			state.Phases[unjudged]++
			return nil
		}
		if progress.Phase == "" {
			progress.Phase = ladder.New
		}
		state.Phases[string(progress.Phase)]++
		return err
	})
	state.WithoutManager = managers.without()
	return err
}

// everybody visits all people in the order of their external ids.
func (s *Server) everybody(ctx context.Context, visit func(evidence.Person) error) error {
	after := ""
	for {
		page, err := s.config.Program.People(ctx, after, store.MaxPage)
		if err != nil {
			return err
		}
		for _, person := range page {
			if err := visit(person); err != nil {
				return err
			}
		}
		if len(page) < store.MaxPage {
			return nil
		}
		after = page[len(page)-1].ExternalID
	}
}

// managers finds out who has none that can be told, as package notify does.
type managers struct {
	active map[string]bool // people by id; only those who are
	of     []string        // managers' ids, one for each active person
	self   int             // active people who are their own manager, or have none
}

func (m *managers) note(p evidence.Person) {
	if !p.Active {
		return
	}
	if m.active == nil {
		m.active = make(map[string]bool)
	}
	m.active[p.ID] = true
	if p.ManagerID == "" || p.ManagerID == p.ID {
		m.self++
		return
	}
	m.of = append(m.of, p.ManagerID)
}

func (m *managers) without() int {
	count := m.self
	for _, id := range m.of {
		if !m.active[id] {
			count++
		}
	}
	return count
}

// withoutManager counts the active people whose manager can't be told.
func (s *Server) withoutManager(ctx context.Context) (int, error) {
	var managers managers
	err := s.everybody(ctx, func(person evidence.Person) error {
		managers.note(person)
		return nil
	})
	return managers.without(), err
}

func (s *Server) countMessages(ctx context.Context, state *programState) error {
	open := []notify.State{notify.Waiting, notify.HeldBack, notify.Dead}
	return s.everyMessage(ctx, store.MessageQuery{States: open}, func(m store.QueuedMessage) {
		switch m.State {
		case notify.Waiting:
			state.Messages.Waiting++
		case notify.HeldBack:
			state.Messages.Held++
		case notify.Dead:
			state.Messages.Dead++
		}
	})
}

func (s *Server) countFallback(ctx context.Context, state *programState) error {
	since := state.At.AddDate(0, 0, -fallbackDays)
	state.Fallback = fallbackUse{Since: since, Reasons: map[string]int{}}
	first, err := s.firstMessage(ctx, since)
	if err != nil {
		return err
	}
	return s.everyMessage(ctx, store.MessageQuery{After: first}, func(m store.QueuedMessage) {
		if m.Instead != "" {
			state.Fallback.Messages++
			state.Fallback.Reasons[string(m.Instead)]++
		}
	})
}

// firstMessage returns the number behind which messages are not older than that.
// They are kept for half a year, and numbered in the order of their time.
func (s *Server) firstMessage(ctx context.Context, since time.Time) (after int64, err error) {
	n := sort.Search(math.MaxInt, func(n int) bool {
		if err != nil {
			return true
		}
		var page []store.QueuedMessage
		page, err = s.config.Program.Messages(ctx, store.MessageQuery{After: int64(n), Limit: 1})
		return err != nil || len(page) == 0 || !page[0].Created.Before(since)
	})
	return int64(n), err
}

func (s *Server) everyMessage(ctx context.Context, q store.MessageQuery, visit func(store.QueuedMessage)) error {
	q.Limit = store.MaxPage
	for {
		page, err := s.config.Program.Messages(ctx, q)
		if err != nil {
			return err
		}
		for _, m := range page {
			visit(m)
			q.After = m.Number
		}
		if len(page) < q.Limit {
			return nil
		}
	}
}
