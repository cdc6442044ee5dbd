package server

import (
	"context"
	"encoding/json"
	"math"
	"sort"
	"strings"
	"time"

	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// mayRevoke counts a person among those whose badges the caller takes for good, by
// revoking or erasing, and refuses too many: those take a proposal. A restart does
// not forget them.
func (s *Server) mayRevoke(ctx context.Context, personID string) error {
	if s.config.Office == nil {
		return nil
	}
	if err := s.recallRevocations(ctx); err != nil {
		return err
	}
	who, err := s.actor(ctx)
	if who, err = withoutOfficer(who, err); err != nil {
		return err
	}
	return s.config.Office.MayRevoke(who, personID)
}

// withoutOfficer takes a token of which it can't be told whose it is for itself:
// it is counted, and approves nothing here.
func withoutOfficer(who officers.Actor, err error) (officers.Actor, error) {
	if refused, ok := officers.IsRefused(err); ok && refused.Reason == officers.FourEyes {
		err = nil
	}
	return who, err
}

// recallRevocations counts, once, what the record of events tells of the time
// before this process.
func (s *Server) recallRevocations(ctx context.Context) error {
	s.officers.recalling.Lock()
	defer s.officers.recalling.Unlock()
	if s.officers.recalled {
		return nil
	}
	after, err := s.eventBefore(ctx, s.config.Now().Add(-officers.MassWindow))
	if err != nil {
		return err
	}
	proposed := make(map[string]string) // proposals being carried out, and by whom
	for {
		page, err := s.config.Program.Events(ctx, after, store.MaxPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			after = e.Number
			if err := s.recall(ctx, e, proposed); err != nil {
				return err
			}
		}
		if len(page) < store.MaxPage {
			s.officers.recalled = true
			return nil
		}
	}
}

// recall counts an event if somebody was alone with it.
func (s *Server) recall(ctx context.Context, e store.Event, proposed map[string]string) error {
	person := ""
	switch e.Kind {
	case store.ProposalApproved:
		proposed[e.Subject] = e.By
	case store.ProposalExecuted, store.ProposalFailed:
		delete(proposed, e.Subject)
	case store.PersonErased:
		person = e.Subject
	case store.BadgeStatus:
		var detail struct {
			Person string       `json:"person"`
			To     store.Status `json:"to"`
		}
		if err := json.Unmarshal(e.Detail, &detail); err != nil {
			return err
		}
		if detail.To == store.Invalid {
			person = detail.Person
		}
	}
	if person == "" || !strings.HasPrefix(e.By, "officer:") && !strings.HasPrefix(e.By, "token:") {
		return nil
	}
	for _, by := range proposed {
		if by == e.By {
			return nil
		}
	}
	officer, err := officers.ResponsibleFor(ctx, s.config.Tokens, e.By)
	who, err := withoutOfficer(officers.Actor{By: e.By, OfficerID: officer}, err)
	if err == nil {
		s.config.Office.Revoked(who, person, e.At)
	}
	return err
}

// eventBefore returns the number of the last event before an instant: they are
// numbered in the order of their time.
func (s *Server) eventBefore(ctx context.Context, at time.Time) (number int64, err error) {
	n := sort.Search(math.MaxInt, func(n int) bool {
		if err != nil {
			return true
		}
		var page []store.Event
		page, err = s.config.Program.Events(ctx, int64(n), 1)
		return err != nil || len(page) == 0 || !page[0].At.Before(at)
	})
	return int64(n), err
}
