package office

import (
	"net/http"
	"net/url"
	"strings"
)

// CheckOrigin refuses a call with a session that a browser makes on behalf of
// another page. The cookie does not come along with those (SameSite=Strict); this
// is the line behind that, for browsers that know no SameSite and for pages of
// other hosts below the same domain, which are the same site.
//
// A session is a browser's, and browsers say where a call that changes something
// comes from. One that says nothing is refused, too. address is this service's
// origin.
func CheckOrigin(r *http.Request, address string) error {
	from, origins := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin")
	for _, value := range from {
		if value != "same-origin" && value != "none" {
			return crossSite()
		}
	}
	for _, origin := range origins {
		if !isOurs(origin, address, r.Host) {
			return crossSite()
		}
	}
	if len(from) == 0 && len(origins) == 0 && changes(r.Method) {
		return crossSite()
	}
	return nil
}

// isOurs compares hosts, not schemes: behind a proxy the scheme is not known
// here. A proxy that changes the host, too, is what the configured address is for.
func isOurs(origin, address, host string) bool {
	if strings.EqualFold(origin, address) {
		return true
	}
	u, err := url.Parse(origin)
	// "null" is what a sandboxed frame sends.
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

func changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

func crossSite() error {
	return refuse(CrossSite, "Only this service's own pages may call with a session. A program sends an API token instead.")
}

// CheckOrigin is that function for this office's address.
func (o *Office) CheckOrigin(r *http.Request) error { return CheckOrigin(r, o.config.Address) }
