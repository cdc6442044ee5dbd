package server

import (
	"net/http"
	"strings"

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
	check := always(pages.Check())
	badge := s.base + enrol.PhonePath
	list := []route{
		{http.MethodGet, s.base + checkPath, "", nil, check},
		{http.MethodGet, strings.ToUpper(s.base + checkPath), "", nil, check},
		{http.MethodGet, s.base + issuer.ConcernPath, "", nil, always(pages.Concern())},
		{http.MethodGet, badge, "", nil, always(pages.Badge())},
		{http.MethodGet, badge + web.BadgeWorkerName, "", nil, always(pages.BadgeWorker())},
		{http.MethodGet, badge + web.BadgeManifestName, "", nil, always(pages.BadgeManifest())},
		{http.MethodGet, s.base + web.AssetsPath + ":name", "", nil, always(pages.Assets())},
	}
	return withHead(list), nil
}
