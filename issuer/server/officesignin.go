package server

import (
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/web"
)

// The cookies of signing in. With that prefix browsers take them from this very
// host only, over TLS or on loopback, so that nobody else below the domain can put
// others in their place.
const (
	// SessionCookie holds an officer's session. It is SameSite=Strict: no call that
	// another site begins carries it, the redirect back from the provider included.
	// The console's page needs no session; what it then fetches comes from the page
	// itself, and carries it.
	SessionCookie = "__Host-cyberbadge-office"
	// SignInCookie holds a sign-in under way, sealed. It is SameSite=Lax, because it
	// has to come along when the provider, another site, sends the browser back; it
	// opens nothing by itself and is gone after that.
	SignInCookie = "__Host-cyberbadge-sign-in"
)

// signIn sends a browser to the identity provider.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := checkQuery(r, []string{"fresh"}); err != nil {
		return err
	}
	fresh := r.URL.Query().Get("fresh")
	if fresh != "" && fresh != "1" {
		return badRequest(CodeQueryNotAllowed, "fresh is 1, or not there.")
	}
	session := ""
	if cookies := r.CookiesNamed(SessionCookie); len(cookies) == 1 {
		session = cookies[0].Value
	}
	begun, err := s.config.Office.Begin(r.Context(), fresh != "", session)
	if err != nil {
		return s.refusedSignIn(w, r, err)
	}
	s.setCookie(w, SignInCookie, begun.Flow, http.SameSiteLaxMode, officers.SignInAge)
	redirect(w, begun.URL)
	return nil
}

// callback takes a browser back from the identity provider. Whatever comes of it,
// the sign-in is over.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) error {
	flow := ""
	if cookies := r.CookiesNamed(SignInCookie); len(cookies) == 1 {
		flow = cookies[0].Value
	}
	s.setCookie(w, SignInCookie, "", http.SameSiteLaxMode, -1)
	secret, _, err := s.config.Office.Finish(r.Context(), flow, r.URL.Query())
	if err != nil {
		return s.refusedSignIn(w, r, err)
	}
	// It ends with the browser, and here in any case.
	s.setCookie(w, SessionCookie, secret, http.SameSiteStrictMode, 0)
	redirect(w, homePath)
	return nil
}

// signOut ends the caller's session, and tells where the provider's can be ended.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.Office.CheckOrigin(r); err != nil {
		return err
	}
	var call struct {
		Everywhere bool `json:"everywhere"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	var elsewhere string
	for _, cookie := range r.CookiesNamed(SessionCookie) {
		url, err := s.config.Office.SignOut(r.Context(), cookie.Value, call.Everywhere)
		if err != nil {
			return err
		}
		elsewhere = url
	}
	s.setCookie(w, SessionCookie, "", http.SameSiteStrictMode, -1)
	// Not "storage": the phone's page keeps badges on the same origin.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return send(w, http.StatusOK, struct {
		Provider string `json:"provider,omitempty"`
	}{elsewhere})
}

// setCookie sets one of the cookies, or with a negative age takes it away.
func (s *Server) setCookie(w http.ResponseWriter, name, value string, sameSite http.SameSite, age time.Duration) {
	seconds := int(age.Seconds())
	if age < 0 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: sameSite,
	})
}

// redirect sends no body: http.Redirect would repeat the address in one.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// refusedSignIn answers a browser whose sign-in failed with the console, which says
// so in words and lets them try again; others get the problem. The cause goes into
// the log, where the operator finds what to mend: it holds no name, code or token.
func (s *Server) refusedSignIn(w http.ResponseWriter, r *http.Request, err error) error {
	refused, ok := officers.IsRefused(err)
	if !ok {
		return err
	}
	request := httpserver.RequestIDFrom(r.Context())
	s.config.Logger.WarnContext(r.Context(), "sign-in refused", "reason", refused.Reason, "cause", refused.Err, "request", request)
	if r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return err
	}
	said := problem.From(known(err))
	said.Instance = "urn:cyberbadge:request:" + request
	s.console.Console(web.Told{SignIn: true, Refused: &said}).ServeHTTP(w, r)
	return nil
}
