package server

import (
	"context"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
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
	Cases    struct {
		Open       int `json:"open"`
		Suspending int `json:"suspending"` // of them, those on which somebody is suspended
	} `json:"cases"`
}

// fallbackUse counts messages that reached nobody they were for.
type fallbackUse struct {
	Since    time.Time      `json:"since"`
	Messages int            `json:"messages"`
	Reasons  map[string]int `json:"reasons"`
}

func (s *Server) programStatus(w http.ResponseWriter, r *http.Request) error {
	now := s.config.Now()
	state := programState{At: utc(now), Policy: s.config.Program.PolicyAt(now).Digest()}
	for _, fill := range []func(context.Context, *programState) error{
		s.countDue, s.countPeople, s.countMessages, s.countFallback, s.countCases,
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
	count, err := s.config.Program.Counts().CountStandings(ctx)
	if err != nil {
		return err
	}
	state.People = count.People
	state.Phases = map[string]int{unjudged: count.Unjudged}
	for _, phase := range []ladder.Phase{ladder.New, ladder.Good, ladder.Suspended, ladder.Locked, ladder.Left} {
		state.Phases[string(phase)] = count.Phases[string(phase)]
	}
	state.WithoutManager, err = s.withoutManager(ctx)
	return err
}

// withoutManager counts the active people whose manager can't be told.
func (s *Server) withoutManager(ctx context.Context) (int, error) {
	return s.config.Program.Counts().CountWithoutManager(ctx)
}

func (s *Server) countMessages(ctx context.Context, state *programState) error {
	numbers, err := s.config.Program.Counts().CountMessages(ctx)
	state.Messages.Waiting, state.Messages.Held, state.Messages.Dead = numbers[notify.Waiting], numbers[notify.HeldBack], numbers[notify.Dead]
	return err
}

func (s *Server) countFallback(ctx context.Context, state *programState) error {
	state.Fallback = fallbackUse{Since: state.At.AddDate(0, 0, -fallbackDays), Reasons: map[string]int{}}
	numbers, err := s.config.Program.Counts().CountFallbacks(ctx, state.Fallback.Since)
	for why, n := range numbers {
		state.Fallback.Messages += n
		state.Fallback.Reasons[string(why)] = n
	}
	return err
}

func (s *Server) countCases(ctx context.Context, state *programState) error {
	count, err := s.config.Program.Counts().CountCases(ctx)
	state.Cases.Open, state.Cases.Suspending = count.Open, count.Suspending
	return err
}
