package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
)

// Where the metadata is looked for (OpenID4VCI, section 12.2.2; RFC 8414, section
// 3): between the host and the path of the issuer's URL.
const (
	wellKnownIssuer = "/.well-known/openid-credential-issuer"
	wellKnownServer = "/.well-known/oauth-authorization-server"
)

// wallet returns the routes that wallets and the phone's page call.
func (s *Server) wallet() ([]route, error) {
	list, err := s.walletDocuments()
	if err != nil {
		return nil, err
	}
	offer := s.base + enrol.OfferPath + ":id"
	list = append(list, route{"GET", offer, "", nil, s.credentialOffer}, preflight(offer))
	for path, answer := range s.endpoints() {
		list = append(list, route{"POST", s.base + path, "", nil, answer}, preflightPost(s.base+path))
	}
	return list, nil
}

func (s *Server) endpoints() map[string]answer {
	return map[string]answer{
		enrol.TokenPath:        s.endpoint(enrol.InvalidRequest, s.token),
		enrol.NoncePath:        s.endpoint(enrol.InvalidRequest, s.nonce),
		enrol.CredentialPath:   s.endpoint(enrol.InvalidCredentialRequest, s.credential),
		enrol.NotificationPath: s.endpoint(enrol.InvalidNotificationRequest, s.notification),
	}
}

func (s *Server) isWalletEndpoint(path string) bool {
	below, ok := strings.CutPrefix(path, s.base)
	return ok && s.endpoints()[below] != nil
}

func (s *Server) walletDocuments() ([]route, error) {
	about, err := credentialMetadata()
	if err != nil {
		return nil, err
	}
	var routes []route
	for path, content := range map[string]any{
		wellKnownIssuer: s.desk.Metadata(about),
		wellKnownServer: s.desk.ServerMetadata(),
	} {
		serve, err := document(content)
		if err != nil {
			return nil, err
		}
		routes = append(routes, route{"GET", path, "", nil, serve}, preflight(path))
		if s.base != "" {
			routes = append(routes, route{"GET", path + s.base, "", nil, serve}, preflight(path+s.base))
		}
	}
	return routes, nil
}

// claimsDescription is the display and the claims of a credential for people, in
// type metadata (label) and in issuer metadata (name).
type claimsDescription struct {
	Display json.RawMessage `json:"display"`
	Claims  []struct {
		Path      json.RawMessage `json:"path"`
		Mandatory bool            `json:"mandatory"`
		Display   []struct {
			Name   string `json:"name"`
			Label  string `json:"label,omitempty"`
			Locale string `json:"locale"`
		} `json:"display"`
	} `json:"claims"`
}

// credentialMetadata is the type metadata in the words of OpenID4VCI.
func credentialMetadata() (claimsDescription, error) {
	var d claimsDescription
	if err := json.Unmarshal(typeClaims, &d); err != nil {
		return d, fmt.Errorf("typemetadata.json: %w", err)
	}
	for _, claim := range d.Claims {
		for i := range claim.Display {
			claim.Display[i].Name, claim.Display[i].Label = claim.Display[i].Label, ""
		}
	}
	return d, nil
}

// credentialOffer answers the address in a link (OpenID4VCI, section 4.1.3).
func (s *Server) credentialOffer(w http.ResponseWriter, r *http.Request) error {
	allowAnyOrigin(w)
	offer, err := s.desk.Offer(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, offer)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	body, err := httpserver.ReadBody(w, r, MaxBody, "application/x-www-form-urlencoded")
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return &enrol.Error{Code: enrol.InvalidRequest, Description: "the form can't be read"}
	}
	tokens, err := s.desk.Token(r.Context(), enrol.TokenRequest{Form: form, DPoP: r.Header.Values("DPoP")})
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, tokens)
}

func (s *Server) nonce(w http.ResponseWriter, _ *http.Request) error {
	return send(w, http.StatusOK, struct {
		Nonce string `json:"c_nonce"`
	}{s.desk.Nonce()})
}

func (s *Server) credential(w http.ResponseWriter, r *http.Request) error {
	call, err := tokenCall(w, r)
	if err != nil {
		return err
	}
	answer, err := s.desk.Credential(r.Context(), call)
	if err != nil {
		return err
	}
	s.metrics.badgesIssued.Add(float64(len(answer.Credentials)))
	return send(w, http.StatusOK, answer)
}

func (s *Server) notification(w http.ResponseWriter, r *http.Request) error {
	call, err := tokenCall(w, r)
	if err != nil {
		return err
	}
	if err := s.desk.Notify(r.Context(), call); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// tokenCall reads a call with an access token. The token is looked at before the
// body is: who has none learns nothing else.
func tokenCall(w http.ResponseWriter, r *http.Request) (enrol.Call, error) {
	token, err := accessToken(r)
	if err != nil {
		return enrol.Call{}, err
	}
	body, err := httpserver.ReadBody(w, r, MaxBody, "application/json")
	return enrol.Call{AccessToken: token, DPoP: r.Header.Values("DPoP"), Body: body}, err
}

// accessToken returns the token in the call's only Authorization header (RFC
// 9449, section 7.1). One in the address is not looked at.
func accessToken(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", &enrol.Error{Code: enrol.InvalidToken, Description: "send the access token as Authorization: DPoP"}
	}
	if len(headers) > 1 || namesToken(r.URL.RawQuery) {
		return "", &enrol.Error{Code: enrol.InvalidRequest, Description: "send one access token, in one Authorization header"}
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "DPoP") {
		return "", &enrol.Error{Code: enrol.InvalidToken, Description: "the access token is bound to a key; send it as Authorization: DPoP"}
	}
	return token, nil
}

// allowAnyOrigin lets pages of any origin read the answer: what authenticates a
// call is in headers that only the caller can set, never in a cookie.
func allowAnyOrigin(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "DPoP-Nonce, Retry-After, WWW-Authenticate")
}

// preflightPost lets a page post with a token and a proof (Fetch, section 4.8).
func preflightPost(path string) route {
	return route{"OPTIONS", path, "", nil, func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}}
}
