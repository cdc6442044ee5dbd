package server

import (
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// route is a public address.
type route struct {
	method string
	path   string
	answer answer
}

type answer = httpserver.Answer

func (r route) String() string { return r.method + " " + r.path }

// The addresses that decide.
const (
	verifyRoute    = "POST /v1/verify"
	authorizeRoute = "GET /v1/authorize"
)

func (s *Server) routes() []route {
	list := []route{
		{http.MethodPost, "/v1/verify", s.verify},
		{http.MethodGet, "/v1/authorize", s.authorize},
		{http.MethodDelete, grantsPath + ":decision", s.grants.forget},
		{http.MethodPost, "/v1/signals", httpserver.Always(s.config.Signals)},
		{http.MethodGet, "/healthz", httpserver.Always(httpserver.Healthy())},
		{http.MethodGet, "/readyz", httpserver.Always(httpserver.Ready(s.Ready, s.config.Logger))},
		{http.MethodGet, "/openapi.json", s.describe},
	}
	if s.gates != nil {
		list = append(list, s.gates.routes()...)
	}
	return list
}

// releaseMode is set once, because gin's mode is a variable of the whole process.
var releaseMode = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })

func (s *Server) router() (http.Handler, error) {
	releaseMode()
	engine := gin.New()
	// gin trusts every peer to name the client's address unless told otherwise.
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	engine.ForwardedByClientIP = false
	// One spelling for each address: what a proxy in front has compared is what
	// is looked up here.
	engine.UseEscapedPath = true
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	engine.NoRoute(gin.WrapH(problem.NotFound()))
	engine.NoMethod(gin.WrapH(problem.MethodNotAllowed()))
	for _, r := range s.routes() {
		engine.Handle(r.method, r.path, s.handle(r))
	}
	return engine, nil
}

func (s *Server) handle(r route) gin.HandlerFunc {
	pattern := r.String()
	return func(c *gin.Context) {
		httpserver.SetRoute(c.Request.Context(), pattern)
		if err := r.answer(c.Writer, c.Request); err != nil {
			problem.WriteError(c.Writer, c.Request, s.config.Logger, err)
		}
	}
}
