package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// personProgram is where somebody stands on the ladder, as it was last judged.
type personProgram struct {
	PersonID    string       `json:"person_id"`
	ExternalID  string       `json:"external_id"`
	Phase       string       `json:"phase"` // of the ladder, or unjudged
	Since       time.Time    `json:"since,omitzero"`
	LapseAt     time.Time    `json:"lapse_at,omitzero"`
	LockAt      time.Time    `json:"lock_at,omitzero"`
	Eligible    bool         `json:"eligible"`
	Access      []string     `json:"access"`
	Reasons     []string     `json:"reasons"`
	JudgedAt    time.Time    `json:"judged_at,omitzero"`
	NextAt      time.Time    `json:"next_at,omitzero"` // when something happens without news
	Policy      string       `json:"policy,omitempty"` // digest
	Reminded    []reminded   `json:"reminders"`        // that were given about lapses ahead
	Suspensions []suspension `json:"suspensions"`
	Holds       []holdView   `json:"holds"` // that last
	// Silent says that nothing was heard of the person's devices, as of many others,
	// and that they are not suspended for it until somebody confirms that.
	Silent bool `json:"silent"`
}

type reminded struct {
	LapseAt time.Time `json:"lapse_at"`
	At      time.Time `json:"at"`
}

// suspension is why somebody gets no badge, the standing aside.
type suspension struct {
	Cause  store.Cause `json:"cause"`
	Reason string      `json:"reason"`
	By     string      `json:"by"`
	At     time.Time   `json:"at"`
}

func (s *Server) suspensionsOf(ctx context.Context, ref string) ([]suspension, error) {
	found, err := s.config.Program.SuspensionsOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	list := make([]suspension, 0, len(found))
	for _, one := range found {
		list = append(list, suspension{one.Cause, one.Reason, one.By, utc(one.At)})
	}
	return list, nil
}

func (s *Server) programOf(w http.ResponseWriter, r *http.Request) error {
	ref := r.PathValue("ref")
	person, err := s.config.Program.Person(r.Context(), ref)
	if err != nil {
		return err
	}
	view := personProgram{
		PersonID: person.ID, ExternalID: person.ExternalID, Phase: unjudged,
		Access: []string{}, Reasons: []string{}, Reminded: []reminded{}, Holds: []holdView{},
	}
	if err := s.addRecord(r.Context(), &view); err != nil {
		return err
	}
	if view.Suspensions, err = s.suspensionsOf(r.Context(), person.ID); err != nil {
		return err
	}
	holds, err := s.config.Program.HoldsOf(r.Context(), person.ID)
	if err != nil {
		return err
	}
	now := s.config.Now()
	for _, h := range holds {
		if h.Lasts(now) {
			view.Holds = append(view.Holds, newHoldView(h))
		}
	}
	return send(w, http.StatusOK, view)
}

func (s *Server) addRecord(ctx context.Context, view *personProgram) error {
	record, progress, err := s.config.Program.Record(ctx, view.PersonID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	view.Phase, view.Since = string(progress.Phase), utc(progress.Since)
	view.LapseAt, view.LockAt, view.Silent = utc(progress.LapseAt), utc(progress.LockAt), progress.Silent
	view.Eligible, view.Access = record.Eligible, append(view.Access, record.Access...)
	view.Reasons = append(view.Reasons, noticedTexts(record.Reasons)...)
	view.JudgedAt, view.NextAt, view.Policy = utc(record.JudgedAt), utc(record.NextAt), record.PolicyDigest
	for _, given := range progress.Reminders {
		view.Reminded = append(view.Reminded, reminded{utc(given.LapseAt), utc(given.At)})
	}
	return nil
}

// noticedTexts gives reasons of a record as those of a standing read.
func noticedTexts(reasons []notify.Reason) []string {
	var list []policy.Reason
	for _, r := range reasons {
		list = append(list, policy.Reason{Kind: policy.Kind(r.Kind), Subject: r.Subject})
	}
	return reasonTexts(list)
}

// personStatus is what suspending or reinstating somebody came to.
type personStatus struct {
	PersonID    string       `json:"person_id"`
	Badges      []badge      `json:"badges"`      // that changed
	Suspensions []suspension `json:"suspensions"` // why the person gets no badge now
}

func (s *Server) suspendPerson(w http.ResponseWriter, r *http.Request) error {
	return s.setPerson(w, r, s.config.Program.SuspendPerson)
}

func (s *Server) reinstatePerson(w http.ResponseWriter, r *http.Request) error {
	return s.setPerson(w, r, s.config.Program.ReinstatePerson)
}

type personChange func(ctx context.Context, ref, reason, by string) ([]store.Badge, error)

func (s *Server) setPerson(w http.ResponseWriter, r *http.Request, change personChange) error {
	var request statusRequest
	if err := httpserver.DecodeJSON(w, r, MaxBody, &request); err != nil {
		return err
	}
	person, err := s.config.Program.Person(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	changed, err := change(r.Context(), person.ID, request.Reason, callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	view := personStatus{PersonID: person.ID, Badges: make([]badge, 0, len(changed))}
	for _, b := range changed {
		view.Badges = append(view.Badges, s.newBadge(b))
	}
	if view.Suspensions, err = s.suspensionsOf(r.Context(), person.ID); err != nil {
		return err
	}
	return send(w, http.StatusOK, view)
}

// unstated is the reason in the record when a caller gives none.
const unstated = "not stated"

// exportPerson answers with all that is kept of somebody.
func (s *Server) exportPerson(w http.ResponseWriter, r *http.Request) error {
	reason := cmp.Or(r.URL.Query().Get("reason"), unstated)
	text, err := s.config.Program.ExportPerson(r.Context(), r.PathValue("ref"), reason, callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="person.json"`)
	w.WriteHeader(http.StatusOK)
	// A failed write has nobody left to be told.
	_, _ = w.Write(append(text, '\n'))
	return nil
}

// erasePerson forgets somebody. Their badges go with it, so it counts as revoking.
func (s *Server) erasePerson(w http.ResponseWriter, r *http.Request) error {
	person, err := s.config.Program.Person(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := s.mayRevoke(r.Context(), person.ID); err != nil {
		return err
	}
	if err := s.config.Program.ErasePerson(r.Context(), person.ID, callerFrom(r.Context()).by); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
