package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// The limits on raising concerns that hold unless the configuration has others. A
// site has few, and each costs an officer's time.
var (
	// DefaultConcerns is by address: behind one there may be a whole site.
	DefaultConcerns = Limit{PerSecond: 1.0 / 300, Burst: 10}
	// DefaultAllConcerns is for everybody together. Whoever floods it keeps others
	// from raising theirs, whom the page then tells to call; without it, they would
	// fill the database and the office's mail.
	DefaultAllConcerns = Limit{PerSecond: 1.0 / 10, Burst: 100}
)

// everybody is the one client of what is limited for all together.
const everybody = "everybody"

// caseRoutes are the addresses of concerns, and of what becomes of them.
func (s *Server) caseRoutes() []route {
	return []route{
		{"POST", s.base + issuer.ConcernsPath, "", nil, s.raiseConcern},
		{"GET", "/v1/cases", ScopeCases, []string{"state", "person", "after", "limit"}, s.cases},
		{"GET", "/v1/cases/:id", ScopeCases, nil, s.oneCase},
		{"POST", "/v1/cases/:id/close", ScopeCases, nil, s.closeCase},
		{"POST", "/v1/cases/:id/suspend", ScopeCases, nil, s.suspendOnCase},
		{"POST", "/v1/cases/:id/reinstate", ScopeCases, nil, s.reinstateOnCase},
		{"DELETE", "/v1/cases/:id/reporter", ScopeCases, nil, s.eraseReporter},
	}
}

// concern is what a customer sends. The badge has the members that it has in a
// verifier's decision.
type concern struct {
	Badge struct {
		StatusList string  `json:"status_list"`
		Index      *uint32 `json:"index"`
		Subject    string  `json:"subject"`
	} `json:"badge"`
	Category store.Category `json:"category"`
	Text     string         `json:"text"`
	Reporter reporter       `json:"reporter"`
}

type reporter struct {
	Name         string `json:"name,omitempty"`
	Organization string `json:"organization,omitempty"`
	Contact      string `json:"contact,omitempty"`
}

// raiseConcern takes a concern of anybody. The answer is the same whether or not
// anybody has the badge. Other origins' pages can't call: nothing answers their
// preflight, which JSON takes.
func (s *Server) raiseConcern(w http.ResponseWriter, r *http.Request) error {
	var call concern
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	if call.Badge.Index == nil || call.Badge.Subject == "" {
		return badRequest(CodeValueInvalid, "badge has the members status_list, index and subject, as in the decision about the badge.")
	}
	// After what is malformed was refused, so that it takes from nobody else.
	if err := takeOne(w, s.officers.limits.allConcerns, everybody); err != nil {
		return err
	}
	receipt, err := s.config.Program.OpenCase(r.Context(), issuer.Concern{
		StatusList: call.Badge.StatusList, Index: *call.Badge.Index, Subject: call.Badge.Subject,
		Category: call.Category, Text: call.Text, Reporter: store.Reporter(call.Reporter),
	})
	if err != nil {
		return err
	}
	return send(w, http.StatusAccepted, struct {
		Receipt string `json:"receipt"`
	}{receipt})
}

// caseView is a case as the office sees it.
type caseView struct {
	ID          string            `json:"id"`
	State       store.CaseState   `json:"state"`
	ReceivedAt  time.Time         `json:"received_at"`
	Category    store.Category    `json:"category"`
	Text        string            `json:"text"`
	Reporter    reporter          `json:"reporter"`
	PersonID    string            `json:"person_id"`
	BadgeID     string            `json:"badge_id"`
	SuspendedAt time.Time         `json:"suspended_at,omitzero"` // absent when nobody is suspended on it
	SuspendedBy string            `json:"suspended_by,omitempty"`
	Outcome     store.CaseOutcome `json:"outcome,omitempty"`
	Note        string            `json:"note,omitempty"`
	ClosedAt    time.Time         `json:"closed_at,omitzero"`
	ClosedBy    string            `json:"closed_by,omitempty"`
}

// decidedCase is a case after a decision.
type decidedCase struct {
	caseView
	Changed []badge `json:"changed_badges"`
}

type casePage struct {
	Cases []caseView `json:"cases"`
	Next  int64      `json:"next,omitempty"` // what to send as after; absent on the last page
}

func newCaseView(c store.Case) caseView {
	return caseView{
		c.ID, c.State(), c.Received, c.Category, c.Text, reporter(c.Reporter), c.PersonID, c.BadgeID,
		c.SuspendedAt, c.SuspendedBy, c.Outcome, c.Note, c.ClosedAt, c.ClosedBy,
	}
}

func (s *Server) cases(w http.ResponseWriter, r *http.Request) error {
	query, err := s.caseQuery(r)
	if err != nil {
		return err
	}
	found, err := s.config.Program.Cases(r.Context(), query)
	if err != nil {
		return err
	}
	page := casePage{Cases: make([]caseView, 0, len(found))}
	for _, c := range found {
		page.Cases = append(page.Cases, newCaseView(c))
	}
	if len(found) == query.Limit {
		page.Next = found[len(found)-1].Number
	}
	return send(w, http.StatusOK, page)
}

func (s *Server) caseQuery(r *http.Request) (q store.CaseQuery, err error) {
	values := r.URL.Query()
	if q.Limit, err = pageLimit(r); err != nil {
		return q, err
	}
	if text := values.Get("after"); text != "" {
		if q.After, err = strconv.ParseInt(text, 10, 64); err != nil || q.After < 0 {
			return q, badRequest(CodeCursorInvalid, "after is the number that the page before gave as next.")
		}
	}
	if ref := values.Get("person"); ref != "" {
		found, err := s.config.Program.Person(r.Context(), ref)
		if err != nil {
			return q, err
		}
		q.Person = found.ID
	}
	q.State = store.CaseState(values.Get("state"))
	return q, nil
}

func (s *Server) oneCase(w http.ResponseWriter, r *http.Request) error {
	c, err := s.config.Program.Case(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, newCaseView(c))
}

func (s *Server) closeCase(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Outcome store.CaseOutcome `json:"outcome"`
		Note    string            `json:"note"`
	}
	return s.decideCase(w, r, &call, func(ctx context.Context, id, by string) (store.CaseResult, error) {
		return s.config.Program.CloseCase(ctx, id, call.Outcome, call.Note, by)
	})
}

func (s *Server) suspendOnCase(w http.ResponseWriter, r *http.Request) error {
	return s.decideCase(w, r, &struct{}{}, s.config.Program.SuspendOn)
}

func (s *Server) reinstateOnCase(w http.ResponseWriter, r *http.Request) error {
	return s.decideCase(w, r, &struct{}{}, s.config.Program.ReinstateOn)
}

// decideCase reads a call, which is JSON even if it says nothing, and answers with
// the case and the badges that changed.
func (s *Server) decideCase(w http.ResponseWriter, r *http.Request, call any, do func(ctx context.Context, id, by string) (store.CaseResult, error)) error {
	if err := httpserver.DecodeJSON(w, r, MaxBody, call); err != nil {
		return err
	}
	result, err := do(r.Context(), r.PathValue("id"), callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	view := decidedCase{newCaseView(result.Case), make([]badge, 0, len(result.Badges))}
	for _, b := range result.Badges {
		view.Changed = append(view.Changed, s.newBadge(b))
	}
	return send(w, http.StatusOK, view)
}

// eraseReporter forgets who raised the concern, as they may ask for.
func (s *Server) eraseReporter(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.config.Program.EraseReporter(r.Context(), r.PathValue("id"), callerFrom(r.Context()).by); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
