package server

import (
	"net/http"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/web"
)

// checkPath is the page that a phone's camera opens out of a gate code. Codes
// are in capitals, for the QR code's sake; people write it in small letters.
const checkPath = "/c"

// pages returns the routes of what people look at.
func (s *Server) pages() ([]route, error) {
	pages, err := web.New(web.Config{Base: s.base, TLS: s.config.TLS})
	if err != nil {
		return nil, err
	}
	s.console = pages
	check := httpserver.Always(pages.Check())
	badge := s.base + enrol.PhonePath
	console := httpserver.Always(pages.Console(web.Told{SignIn: s.config.Office != nil}))
	list := []route{
		{http.MethodGet, s.base + checkPath, "", nil, check},
		{http.MethodGet, strings.ToUpper(s.base + checkPath), "", nil, check},
		{http.MethodGet, s.base + issuer.ConcernPath, "", nil, httpserver.Always(pages.Concern())},
		{http.MethodGet, homePath, "", nil, console},
		{http.MethodGet, badge, "", nil, httpserver.Always(pages.Badge())},
		{http.MethodGet, badge + web.BadgeWorkerName, "", nil, httpserver.Always(pages.BadgeWorker())},
		{http.MethodGet, badge + web.BadgeManifestName, "", nil, httpserver.Always(pages.BadgeManifest())},
		{http.MethodGet, s.base + web.AssetsPath + ":name", "", nil, httpserver.Always(pages.Assets())},
	}
	if s.base != "" {
		// Letters link below the issuer's URL; sign-ins end where the office is.
		list = append(list, route{http.MethodGet, s.base + homePath, "", nil, console})
	}
	return withHead(list), nil
}
