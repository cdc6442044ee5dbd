package server

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
)

// Where officers sign in and out.
const (
	officePath   = "/office/"
	signInPath   = officePath + "sign-in"
	callbackPath = officers.CallbackPath
	signOutPath  = officePath + "sign-out"
	mePath       = "/v1/me"
	// homePath is the console, where a sign-in ends.
	homePath = "/console/"
)

// officeDesk is what this server has of the office.
type officeDesk struct {
	limits *limiters
	use    *officers.TokenUse
	adding sync.Mutex // held while a token is added: the names are counted first

	recalling sync.Mutex
	recalled  bool // what an earlier process let officers revoke
}

// openOffice prepares limits and the use of tokens, which there are without
// officers, too.
func (s *Server) openOffice() (err error) {
	if s.officers.limits, err = newLimiters(s.config.Limits, s.config.Now); err != nil {
		return err
	}
	s.officers.use, err = officers.NewTokenUse(s.config.TokenUses, s.config.Logger)
	return err
}

// officeRoutes are the addresses of officers and of what takes two.
func (s *Server) officeRoutes() []route {
	return []route{
		{"GET", signInPath, "", nil, s.withOffice(s.signIn)},
		{"GET", callbackPath, "", nil, s.withOffice(s.callback)},
		{"POST", signOutPath, "", nil, s.withOffice(s.signOut)},
		{"GET", mePath, "", nil, s.me},
		{"GET", "/v1/officers", ScopeOfficers, nil, s.withOffice(s.officerList)},
		{"POST", "/v1/officers", ScopeOfficers, nil, s.withOffice(s.appoint)},
		{"DELETE", "/v1/officers/:id", ScopeOfficers, nil, s.withOffice(s.dismiss)},
		{"GET", "/v1/proposals", ScopeProposals, []string{"limit"}, s.withOffice(s.proposals)},
		{"POST", "/v1/proposals", ScopeProposals, nil, s.withOffice(s.propose)},
		{"GET", "/v1/proposals/:id", ScopeProposals, nil, s.withOffice(s.proposal)},
		{"POST", "/v1/proposals/:id/approve", ScopeProposals, nil, s.withOffice(s.approve)},
		{"POST", "/v1/proposals/:id/reject", ScopeProposals, nil, s.withOffice(s.reject)},
		{"POST", "/v1/proposals/:id/withdraw", ScopeProposals, nil, s.withOffice(s.withdraw)},
	}
}

// withOffice lets calls through where there are officers.
func (s *Server) withOffice(next answer) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.config.Office == nil {
			return refuse(http.StatusConflict, CodeOfficeOff,
				"Nobody signs in here: no identity provider is configured. The operator sets office in issuer.yaml.")
		}
		return next(w, r)
	}
}

// ScopesOf returns what a role may do, in the terms of tokens. An admin may all.
func ScopesOf(role officers.Role) []Scope {
	viewer := []Scope{ScopePeopleRead, ScopeStandingRead, ScopeBadgesRead, ScopeProgramRead}
	switch role {
	case officers.RoleViewer:
		return viewer
	case officers.RoleOfficer:
		return append(viewer, ScopeImport, ScopeBadgesIssue, ScopeBadgesRevoke, ScopeProposals, ScopeProgramWrite, ScopeAuditRead, ScopeCases)
	case officers.RoleAdmin:
		return Scopes()
	}
	return nil
}

// publicCaller is whoever a call's session or API token belongs to.
func (s *Server) publicCaller(w http.ResponseWriter, r *http.Request) (caller, error) {
	who, err := s.sessionOrToken(w, r)
	return s.officers.limits.identified(w, r, who, err)
}

func (s *Server) sessionOrToken(w http.ResponseWriter, r *http.Request) (caller, error) {
	cookies := r.CookiesNamed(SessionCookie)
	if s.config.Office == nil || len(cookies) == 0 {
		return s.tokenCaller(w, r)
	}
	// Of two, each reader would pick its own.
	if len(cookies) > 1 || len(r.Header.Values("Authorization")) > 0 {
		return caller{}, refuse(http.StatusBadRequest, CodeCredentialAmbiguous, "Send a session or an API token, and one of it.")
	}
	if err := s.config.Office.CheckOrigin(r); err != nil {
		return caller{}, err
	}
	who, err := s.config.Office.Authenticate(r.Context(), cookies[0].Value)
	if err != nil {
		return caller{}, err
	}
	return caller{by: who.Actor().By, scopes: ScopesOf(who.Role), session: &who}, nil
}

// actor is the caller as the office knows who does something.
func (s *Server) actor(ctx context.Context) (officers.Actor, error) {
	who := callerFrom(ctx)
	if who.session != nil {
		return who.session.Actor(), nil
	}
	if who.operator {
		return officers.Actor{By: who.by, Operator: true}, nil
	}
	id, err := officers.ResponsibleFor(ctx, s.config.Tokens, who.by)
	return officers.Actor{By: who.by, OfficerID: id}, err
}

// identifyKey carries how this handler tells who calls, for routes that ask
// themselves.
type identifyKey struct{}

func withIdentity(ctx context.Context, identify identity) context.Context {
	return context.WithValue(ctx, identifyKey{}, identify)
}

// myself is the caller as they see themselves.
type myself struct {
	By      string       `json:"by"`
	Scopes  []Scope      `json:"scopes"`
	Role    string       `json:"role,omitempty"`
	Officer *officerView `json:"officer,omitempty"`
	Session *sessionView `json:"session,omitempty"`
}

type sessionView struct {
	CreatedAt       time.Time `json:"created_at"`
	ExpiresAt       time.Time `json:"expires_at"`
	AuthenticatedAt time.Time `json:"authenticated_at,omitzero"`
}

// me needs no scope: whoever can call may know as whom.
func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	identify, _ := r.Context().Value(identifyKey{}).(identity)
	who, err := identify(w, r)
	if err != nil {
		return err
	}
	if err := checkQuery(r, nil); err != nil {
		return err
	}
	view := myself{By: who.by, Scopes: who.scopes}
	if session := who.session; session != nil {
		officer := newOfficerView(session.Officer)
		view.Role, view.Officer = string(session.Role), &officer
		view.Session = &sessionView{session.Session.CreatedAt, session.Session.ExpiresAt, session.Session.AuthenticatedAt}
	}
	return send(w, http.StatusOK, view)
}

// refusedByOffice is the answer to what the office said no to.
func refusedByOffice(err error, refused *officers.RefusedError) error {
	status := http.StatusForbidden
	switch refused.Reason {
	case officers.SessionMissing:
		status = http.StatusUnauthorized
	case officers.ProviderDown:
		status = http.StatusServiceUnavailable
	case officers.KindUnknown, officers.Invalid:
		status = http.StatusBadRequest
	case officers.ProposalRequired, officers.NotOpen, officers.LastAdmin, officers.RolesElsewhere, officers.TokensOfName:
		status = http.StatusConflict
	}
	return &problem.Error{Status: status, Code: string(refused.Reason), Detail: refused.Detail, Err: err}
}

// Actions returns what can be proposed to a program, beside changes of officers:
// for the configuration of its office.
func Actions(program *issuer.Program, now func() time.Time) map[officers.Kind]officers.Action {
	return map[officers.Kind]officers.Action{
		officers.BadgesRevoke: officers.NewRevocation(program, now),
		officers.PolicyChange: officers.NewPolicyChange(activate(program, now)),
		officers.KeyChange:    officers.NewKeyChange(keyHolder{program}),
	}
}

// activate puts an approved policy in force, once.
func activate(program *issuer.Program, now func() time.Time) func(context.Context, officers.Activation) error {
	return func(ctx context.Context, a officers.Activation) error {
		versions, err := program.Policies(ctx)
		if err != nil {
			return err
		}
		for _, v := range slices.Backward(versions) {
			if v.Digest == a.Policy.Digest() && v.By == a.By && !v.At.Before(a.Approved) {
				return nil // by this proposal, before something went wrong
			}
		}
		from := a.Effective
		if !from.After(now()) {
			from = time.Time{} // now, whatever time the approval took
		}
		_, err = program.ActivatePolicy(ctx, []byte(a.Text), from, a.By)
		return err
	}
}

// whose says in words whose scope is missing.
func (c caller) whose() string {
	if c.session != nil {
		return "Your role, " + string(c.session.Role) + ","
	}
	return "The token"
}
