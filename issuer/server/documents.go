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

// documents returns the routes of what does not change while the server runs.
func (s *Server) documents() ([]route, error) {
	program := s.config.Program
	metadata, err := program.Metadata()
	if err != nil {
		return nil, err
	}
	trust, err := program.TrustList()
	if err != nil {
		return nil, err
	}
	badge := typeMetadata{Type: program.BadgeType()}
	if err := json.Unmarshal(typeClaims, &badge); err != nil {
		return nil, fmt.Errorf("typemetadata.json: %w", err)
	}
	documents := []struct {
		path    string
		content any
	}{
		{wellKnown, metadata},
		{s.base + issuer.BadgeTypePath, badge},
		{"/trust-list.json", trust},
		{"/openapi.json", json.RawMessage(s.description())},
	}
	var routes []route
	for _, d := range documents {
		serve, err := document(d.content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.path, err)
		}
		routes = append(routes, route{"GET", d.path, "", nil, serve}, preflight(d.path))
		if d.path == wellKnown && s.base != "" {
			routes = append(routes, route{"GET", wellKnown + s.base, "", nil, serve}, preflight(wellKnown+s.base))
		}
	}
	return append(routes, preflight(s.base+issuer.AggregationPath), preflight(s.base+issuer.StatusListPath+":id")), nil
}

// description is the OpenAPI document of this issuer: what badges name is below
// the path of its URL.
func (s *Server) description() []byte {
	text := openAPI
	for _, path := range []string{
		issuer.AggregationPath + `"`, issuer.StatusListPath, issuer.BadgeTypePath, issuer.PicturePath, enrol.OfferPath,
		enrol.TokenPath + `"`, enrol.NoncePath + `"`, enrol.CredentialPath + `"`, enrol.NotificationPath + `"`,
		issuer.ConcernsPath + `"`,
	} {
		text = bytes.ReplaceAll(text, []byte(`"`+path), []byte(`"`+s.base+path))
	}
	return text
}

// document answers with fixed content.
func document(content any) (answer, error) {
	body, err := marshal(content)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return func(w http.ResponseWriter, r *http.Request) error {
		publish(w, "application/json", tag, documentMaxAge)
		serve(w, r, body)
		return nil
	}, nil
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
func preflight(path string) route {
	return route{"OPTIONS", path, "", nil, func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "If-None-Match")
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
