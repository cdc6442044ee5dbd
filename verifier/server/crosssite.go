package server

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// checkOrigin refuses calls that a browser makes on behalf of another page. The
// session's cookie does not come along with those (SameSite=Strict), and forms
// can't send JSON; this is the line behind those two.
//
// Programs that are no browsers send neither header and are let through.
func (g *gates) checkOrigin(r *http.Request) error {
	for _, from := range r.Header.Values("Sec-Fetch-Site") {
		if from != "same-origin" && from != "none" {
			return crossSite()
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if !g.isOurs(origin, r.Host) {
			return crossSite()
		}
	}
	return nil
}

// isOurs compares hosts, not schemes: behind a proxy the scheme is not known
// here. A proxy that changes the host, too, is what the configured address is for.
func (g *gates) isOurs(origin, host string) bool {
	if g.address != "" && strings.EqualFold(origin, g.address) {
		return true
	}
	u, err := url.Parse(origin)
	// "null" is what a sandboxed frame sends.
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// CheckAddress refuses an address that is not one where a browser gives a page
// the camera and keys: https, or plain http on this machine, without a path. Empty
// is none, and good.
func CheckAddress(address string) error {
	if address == "" {
		return nil
	}
	wrong := fmt.Errorf("%q is not an origin that guards' browsers trust; write https://host or https://host:port", address)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || address != u.Scheme+"://"+u.Host {
		return wrong
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return wrong
	}
	return nil
}

func crossSite() error {
	return forbidden(CodeCrossSite, "Only the gate's own page may call this.")
}
