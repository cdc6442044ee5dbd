package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
)

// documentMaxAge is how long public documents may be kept. A key that must no
// longer be used is gone from caches by then.
const documentMaxAge = 5 * time.Minute

//go:embed openapi.json
var openAPI []byte

// typeClaims holds the name, the display and the claims of the type metadata.
//
//go:embed typemetadata.json
var typeClaims []byte

// typeMetadata describes the badge to wallets and verifiers (SD-JWT VC, section
// 6).
type typeMetadata struct {
	Type        string          `json:"vct"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Display     json.RawMessage `json:"display"`
	Claims      json.RawMessage `json:"claims"`
}

// documents returns the routes of what anybody may know. Keys change while the
// server runs, the others don't.
func (s *Server) documents() ([]route, error) {
	program := s.config.Program
	badge := typeMetadata{Type: program.BadgeType()}
	if err := json.Unmarshal(typeClaims, &badge); err != nil {
		return nil, fmt.Errorf("typemetadata.json: %w", err)
	}
	badgeType, err := document(badge)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", issuer.BadgeTypePath, err)
	}
	openAPI, err := document(json.RawMessage(s.description()))
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	metadata := current(program.Metadata)
	documents := []struct {
		path  string
		serve answer
	}{
		{wellKnown, metadata},
		{s.base + issuer.BadgeTypePath, badgeType},
		{"/trust-list.json", current(program.TrustList)},
		{"/openapi.json", openAPI},
	}
	if s.base != "" {
		documents = append(documents, struct {
			path  string
			serve answer
		}{wellKnown + s.base, metadata})
	}
	var routes []route
	for _, d := range documents {
		routes = append(routes, route{"GET", d.path, "", nil, d.serve}, preflight(d.path))
	}
	return append(routes, preflight(s.base+issuer.AggregationPath), preflight(s.base+issuer.StatusListPath+":id"),
		preflightWith(s.base+issuer.EventsPath, "Last-Event-ID")), nil
}

// description is the OpenAPI document of this issuer: what badges name is below
// the path of its URL.
func (s *Server) description() []byte {
	text := openAPI
	for _, path := range []string{
		issuer.AggregationPath + `"`, issuer.StatusListPath, issuer.EventsPath + `"`, issuer.BadgeTypePath, issuer.PicturePath, enrol.OfferPath,
		enrol.TokenPath + `"`, enrol.NoncePath + `"`, enrol.CredentialPath + `"`, enrol.NotificationPath + `"`,
		issuer.ConcernsPath + `"`, issuer.TrustBundlePath + `"`,
	} {
		text = bytes.ReplaceAll(text, []byte(`"`+path), []byte(`"`+s.base+path))
	}
	for _, path := range []string{
		signal.KeySetPath, signal.ConfigurationPath, signal.StatusPath, signal.AddSubjectPath, signal.RemoveSubjectPath, signal.VerificationPath, signal.PollPath,
	} {
		text = bytes.ReplaceAll(text, []byte(`"`+path), []byte(`"`+s.base+path))
	}
	return bytes.ReplaceAll(text, []byte(`"`+signal.WellKnown), []byte(`"`+signal.WellKnown+s.base))
}

// document answers with fixed content.
func document(content any) (answer, error) {
	body, err := marshal(content)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		serveDocument(w, r, body)
		return nil
	}, nil
}

// current answers with what content is at the time of the call.
func current[T any](content func() (T, error)) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		now, err := content()
		if err != nil {
			return err
		}
		body, err := marshal(now)
		if err != nil {
			return err
		}
		serveDocument(w, r, body)
		return nil
	}
}

func serveDocument(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	publish(w, "application/json", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`, documentMaxAge)
	serve(w, r, body)
}

// publish sets the headers of what anybody may read and keep.
func publish(w http.ResponseWriter, mediaType, tag string, maxAge time.Duration) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Etag", tag)
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(maxAge/time.Second)))
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag")
}

// serve answers HEAD and If-None-Match, too. Parts of a signed document are of
// no use to anybody.
func serve(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// preflight lets a page ask with If-None-Match (Fetch, section 4.8).
func preflight(path string) route { return preflightWith(path, "If-None-Match") }

// preflightWith lets a page ask with a header.
func preflightWith(path, header string) route {
	return route{"OPTIONS", path, "", nil, func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", header)
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}}
}

// marshal writes JSON in which names stay as people wrote them, less the HTML
// escapes of encoding/json.
func marshal(content any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(content); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// send answers with JSON.
func send(w http.ResponseWriter, status int, content any) error {
	body, err := marshal(content)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write has nobody left to be told.
	_, _ = w.Write(body)
	return nil
}
