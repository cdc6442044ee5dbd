package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// defaultForecast is how many days a forecast looks ahead unless the caller says.
const defaultForecast = 30

// foreseen is what somebody will lose if nothing comes, and what follows.
type foreseen struct {
	PersonID   string    `json:"person_id"`
	ExternalID string    `json:"external_id"`
	At         time.Time `json:"at"`
	Reasons    []string  `json:"reasons"`
	Loses      []string  `json:"loses"`
	// Ends says that nothing is left from then on. Each lapse is told as if what is
	// lost before it were renewed.
	Ends      bool        `json:"ends"`
	HeldUntil time.Time   `json:"held_until,omitzero"`
	Reminders []time.Time `json:"reminders"` // those ahead
	// SuspendsAt and LocksAt are of a lapse that ends the standing.
	SuspendsAt time.Time `json:"suspends_at,omitzero"`
	LocksAt    time.Time `json:"locks_at,omitzero"` // the grace's end: devices are locked where that is configured
}

// newForeseen is told how many accesses the person has now.
func newForeseen(f issuer.Foreseen, has int, times ladder.Times, now time.Time) foreseen {
	view := foreseen{
		PersonID: f.Person.ID, ExternalID: f.Person.ExternalID, At: utc(f.At), Reasons: reasonTexts(f.Reasons),
		Loses: []string{}, Ends: len(f.Loses) >= has, HeldUntil: utc(f.HeldUntil), Reminders: remindersAhead(f.Lapse, times, now),
	}
	for _, access := range f.Loses {
		view.Loses = append(view.Loses, string(access))
	}
	if view.Ends {
		view.SuspendsAt = view.At
		if f.HeldUntil.After(f.At) {
			view.SuspendsAt = view.HeldUntil
		}
		view.LocksAt = view.SuspendsAt.Add(times.Grace)
	}
	return view
}

// remindersAhead has the ladder itself say when it would remind.
func remindersAhead(lapse policy.Lapse, times ladder.Times, now time.Time) []time.Time {
	ahead := []time.Time{}
	state := ladder.State{Phase: ladder.Good}
	for at := now; !at.IsZero() && at.Before(lapse.At); {
		step := ladder.Input{
			Now: at, Active: true, Standing: policy.Standing{Eligible: true}, Lapses: []policy.Lapse{lapse}, State: state, Times: times,
		}
		after, actions, next := ladder.Step(step)
		for _, action := range actions {
			if action.Kind == ladder.Remind && at.After(now) {
				ahead = append(ahead, utc(action.At))
			}
		}
		state, at = after, next
	}
	return ahead
}

// forecast streams who will lose what, in the order of the instants.
func (s *Server) forecast(w http.ResponseWriter, r *http.Request) error {
	days, err := forecastDays(r)
	if err != nil {
		return err
	}
	if !take(s.walks) {
		return tooManyWalks()
	}
	defer func() { <-s.walks }()
	list, err := s.config.Program.Forecast(r.Context(), days)
	if err != nil {
		return err
	}
	now := s.config.Now()
	access, err := s.accessOf(r.Context(), list, now)
	if err != nil {
		return err
	}
	times := s.config.Program.PolicyAt(now).Ladder
	out := newArray(w)
	for _, one := range list {
		// The first error stays, and end returns it.
		_ = out.add(newForeseen(one, access[one.Person.ID], times, now))
	}
	if err := out.end(); err != nil && !out.begun {
		return err
	}
	return nil
}

// accessOf counts what those people have. A lapse that takes all of it may come
// behind another one that does, such as a laptop's silence, which isn't foreseen.
func (s *Server) accessOf(ctx context.Context, list []issuer.Foreseen, at time.Time) (map[string]int, error) {
	access := make(map[string]int, len(list))
	for _, one := range list {
		access[one.Person.ID] = 0
	}
	err := s.config.Program.Standings(ctx, at, func(one issuer.Standing) error {
		if _, asked := access[one.Person.ID]; asked {
			access[one.Person.ID] = len(one.Access)
		}
		return nil
	})
	return access, err
}

func forecastDays(r *http.Request) (int, error) {
	text := r.URL.Query().Get("days")
	if text == "" {
		return defaultForecast, nil
	}
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > issuer.MaxForecast {
		return 0, badRequest(CodeValueInvalid, "days is a whole number from 1 to %d.", issuer.MaxForecast)
	}
	return days, nil
}
