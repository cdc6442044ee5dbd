package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// minGzip is the size, in bytes, from which compressing a list spares packets.
const minGzip = 1400

// aggregationMaxAge is how long the names of the lists may be served from a
// cache: a new list begins empty, so nothing is urgent about it.
const aggregationMaxAge = time.Minute

// statusList answers with a signed list (Token Status List, section 8).
func (s *Server) statusList(w http.ResponseWriter, r *http.Request) error {
	if query, err := url.ParseQuery(r.URL.RawQuery); err != nil || query.Has("time") {
		return refuse(http.StatusNotImplemented, CodeTimeUnsupported, "Only the list as it is now can be had: leave time out.")
	}
	id, err := listID(r.PathValue("id"))
	if err != nil {
		return err
	}
	token, err := s.config.Program.ListToken(r.Context(), id)
	if err != nil {
		return err
	}
	body, tag := []byte(token.Text), token.ETag
	zipped := len(body) >= minGzip && httpserver.Accepts(r.Header, "gzip")
	if zipped {
		if body, err = s.lists.compress(id, token); err != nil {
			return err
		}
		// Another representation, hence another strong tag (RFC 9110, section 8.8.3.3).
		tag = strings.TrimSuffix(tag, `"`) + `.gzip"`
	}
	publish(w, revocation.MediaType, tag, token.MaxAge)
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d, stale-if-error=%d",
		int(token.MaxAge/time.Second), int(token.MaxStale/time.Second)))
	w.Header().Set("Vary", "Accept-Encoding")
	if zipped {
		w.Header().Set("Content-Encoding", "gzip")
	}
	serve(w, r, body)
	return nil
}

// statusLists answers with the addresses of all lists (Token Status List, section
// 9.3).
func (s *Server) statusLists(w http.ResponseWriter, r *http.Request) error {
	uris, err := s.config.Program.ListURIs(r.Context())
	if err != nil {
		return err
	}
	body, err := marshal(struct {
		Lists []string `json:"status_lists"`
	}{uris})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	publish(w, "application/json", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`, aggregationMaxAge)
	serve(w, r, body)
	return nil
}

// listID takes the spelling that badges use, and no other.
func listID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != text {
		return 0, fmt.Errorf("issuer: no such status list: %w", store.ErrNotFound)
	}
	return id, nil
}

// compressedLists remembers the compressed form of each list: it is asked for
// far more often than it changes.
type compressedLists struct {
	mu    sync.Mutex
	lists map[int64]compressedList
}

type compressedList struct {
	tag  string // of the token it was made from
	body []byte
}

func (c *compressedLists) compress(id int64, token issuer.ListToken) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.lists[id]; held.tag == token.ETag {
		return held.body, nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(token.Text)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if c.lists == nil {
		c.lists = make(map[int64]compressedList)
	}
	c.lists[id] = compressedList{token.ETag, b.Bytes()}
	return b.Bytes(), nil
}
