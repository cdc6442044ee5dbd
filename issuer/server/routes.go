package server

import (
	"net/http"
	"slices"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
)

type answer = httpserver.Answer

// route is an address.
type route struct {
	method string
	path   string
	scope  Scope    // empty: anybody may call
	query  []string // the parameters it takes; for anybody's routes, none is looked at
	answer answer
}

func (r route) String() string { return r.method + " " + r.path }

// wellKnown is where issuer metadata is looked for (SD-JWT VC, section 4.1).
const wellKnown = "/.well-known/jwt-vc-issuer"

func (s *Server) routes() ([]route, error) {
	documents, err := s.documents()
	if err != nil {
		return nil, err
	}
	wallet, err := s.wallet()
	if err != nil {
		return nil, err
	}
	provisioning, err := s.provisioning()
	if err != nil {
		return nil, err
	}
	list := append(slices.Concat(documents, wallet, s.officeRoutes(), provisioning, s.evidenceRoutes(), s.programRoutes(), s.caseRoutes(), s.keyRoutes(), s.signalRoutes(), s.bundleRoutes()), []route{
		{"GET", s.base + issuer.AggregationPath, "", nil, s.statusLists},
		{"GET", s.base + issuer.StatusListPath + ":id", "", nil, s.statusList},
		{"GET", s.base + issuer.EventsPath, "", nil, s.listEvents},
		{"GET", s.base + issuer.PicturePath + ":name", "", nil, s.picture},
		{"GET", "/healthz", "", nil, httpserver.Always(httpserver.Healthy())},
		{"GET", "/readyz", "", nil, httpserver.Always(httpserver.Ready(s.Ready, s.config.Logger))},

		{"POST", "/v1/import", ScopeImport, []string{"confirm", "dry_run"}, s.importFiles},
		{"GET", "/v1/people", ScopePeopleRead, []string{"after", "limit"}, s.people},
		{"GET", "/v1/people/:ref", ScopePeopleRead, nil, s.person},
		{"GET", "/v1/people/:ref/portrait", ScopePeopleRead, nil, s.portraitOf},
		{"PUT", "/v1/people/:ref/portrait", ScopeImport, nil, s.setPortrait},
		{"DELETE", "/v1/people/:ref/portrait", ScopeImport, nil, s.removePortrait},
		{"GET", "/v1/standing", ScopeStandingRead, []string{"at"}, s.standings},
		{"GET", "/v1/people/:ref/standing", ScopeStandingRead, []string{"at"}, s.standingOf},
		{"POST", "/v1/people/:ref/badges", ScopeBadgesIssue, nil, s.issue},
		{"GET", "/v1/people/:ref/badges", ScopeBadgesRead, nil, s.badgesOf},
		{"POST", "/v1/people/:ref/invitations", ScopeBadgesIssue, nil, s.invite},
		{"GET", "/v1/people/:ref/invitations", ScopeBadgesRead, nil, s.invitations},
		{"GET", "/v1/badges/:id", ScopeBadgesRead, nil, s.badge},
		{"POST", "/v1/badges/:id/revoke", ScopeBadgesRevoke, nil, s.revoke},
		{"POST", "/v1/badges/:id/suspend", ScopeBadgesRevoke, nil, s.suspend},
		{"POST", "/v1/badges/:id/reinstate", ScopeBadgesRevoke, nil, s.reinstate},
		{"GET", "/v1/tokens", ScopeTokens, nil, s.tokens},
		{"POST", "/v1/tokens", ScopeTokens, nil, s.addToken},
		{"DELETE", "/v1/tokens/:id", ScopeTokens, nil, s.revokeToken},
	}...)
	return withHead(list), nil
}

// withHead lets HEAD in wherever GET is (RFC 9110, section 9.1). The handlers
// need not know: the HTTP server sends no body.
func withHead(list []route) []route {
	for _, r := range slices.Clone(list) {
		if r.method == http.MethodGet {
			r.method = http.MethodHead
			list = append(list, r)
		}
	}
	return list
}

// releaseMode is set once, because gin's mode is a variable of the whole process.
var releaseMode = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })

// router mounts the routes for callers whom identify names.
func (s *Server) router(routes []route, identify identity) (http.Handler, error) {
	releaseMode()
	engine := gin.New()
	// gin trusts every peer to name the client's address unless told otherwise.
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	engine.ForwardedByClientIP = false
	// One spelling for each address, and an external id may hold a slash.
	engine.UseEscapedPath = true
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	engine.Use(s.observe, s.refuseMisplacedToken)
	engine.NoRoute(terminal(s.unlessSCIM(problem.NotFound(), nothingThere)))
	engine.NoMethod(terminal(s.unlessSCIM(problem.MethodNotAllowed(), notThatWay)))
	for _, r := range routes {
		engine.Handle(r.method, r.path, s.handle(r, identify))
	}
	return engine, nil
}

// terminal sends the header by itself: gin takes an answer without a body, which
// one to HEAD is, for none and adds its own.
func terminal(h http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		h.ServeHTTP(c.Writer, c.Request)
		c.Writer.WriteHeaderNow()
	}
}

func (s *Server) handle(r route, identify identity) gin.HandlerFunc {
	pattern := r.String()
	return func(c *gin.Context) {
		httpserver.SetRoute(c.Request.Context(), pattern)
		for _, parameter := range c.Params {
			c.Request.SetPathValue(parameter.Key, parameter.Value)
		}
		if err := call(c.Writer, c.Request, r, identify); err != nil {
			s.fail(c.Writer, c.Request, err)
		}
	}
}

// call lets in who may call and has the route answer.
func call(w http.ResponseWriter, r *http.Request, to route, identify identity) error {
	if to.scope == "" {
		return to.answer(w, r.WithContext(withIdentity(r.Context(), identify)))
	}
	who, err := identify(w, r)
	if err != nil {
		return err
	}
	if err := who.need(w, to.scope); err != nil {
		return err
	}
	if !slices.Equal(to.query, anyQuery) {
		if err := checkQuery(r, to.query); err != nil {
			return err
		}
	}
	return to.answer(w, r.WithContext(withCaller(r.Context(), who)))
}
