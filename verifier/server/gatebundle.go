package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// bundle is what a tablet needs to decide without a connection. Nothing in it is
// secret, and the tablet verifies the lists and the manifests itself.
type bundle struct {
	Trust string       `json:"trust"`
	Lists []bundleList `json:"lists"`
	// Roots are the issuers of the trust list whose entries came in bundles: a tablet
	// ends when the bundle does, and keeps to its limit.
	Roots []bundleRoot `json:"roots,omitempty"`
}

// bundleRoot is a pinned root key with the first line of its newest bundle.
type bundleRoot struct {
	Root     string    `json:"root"` // fingerprint
	Customer string    `json:"customer,omitempty"`
	Manifest string    `json:"manifest"`
	Issuer   string    `json:"issuer"`
	Number   uint64    `json:"number"`
	IssuedAt time.Time `json:"issued_at"`
	Expires  time.Time `json:"expires_at"`
}

type bundleList struct {
	Issuer string `json:"issuer"`
	URI    string `json:"uri"`
	Token  string `json:"token"`
}

// snapshot is an answer that is sent whole or, to who has it, not at all.
type snapshot struct {
	text   []byte
	zipped []byte // gzip; nil when it is sent plain only
	tag    string
}

// MaxBundle bounds the tokens of the lists in a bundle, in bytes. It is what a
// tablet can load in a moment and keep; some fifty lists of a million badges.
const MaxBundle = 16 << 20

// bundles keeps the bundle for as long as no list changes: it can be megabytes,
// and all tablets ask for the same.
type bundles struct {
	logger *slog.Logger

	mu    sync.Mutex
	trust *verifier.Trust // of held, as are the lists
	lists []verifier.List
	held  *snapshot
}

// of packs a trust list with the bundles that it is of. They are part of it: another
// bundle is another trust list.
func (b *bundles) of(trust *verifier.Trust, held []verifier.HeldBundle, lists []verifier.List) (*snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil && trust == b.trust && slices.Equal(lists, b.lists) {
		return b.held, nil
	}
	text, err := json.Marshal(bundle{string(trust.Text()), b.bounded(lists), rootsOf(held)})
	if err != nil {
		return nil, err
	}
	made := newSnapshot(text)
	if made.zipped, err = compress(text); err != nil {
		return nil, err
	}
	b.trust, b.lists, b.held = trust, lists, made
	return made, nil
}

func rootsOf(held []verifier.HeldBundle) []bundleRoot {
	var roots []bundleRoot
	for _, h := range held {
		roots = append(roots, bundleRoot{h.Root.String(), h.Customer, h.Manifest, h.Issuer, h.Number, h.IssuedAt, h.Expires})
	}
	return roots
}

// bounded leaves out what is too much. A badge whose list is left out is denied
// by a tablet without a connection.
func (b *bundles) bounded(lists []verifier.List) []bundleList {
	taken, size := make([]bundleList, 0, len(lists)), 0
	for _, list := range lists {
		if size += len(list.Token); size > MaxBundle {
			b.logger.Warn("status lists left out of the gates' bundle: more bytes than gates take", "lists", len(lists), "taken", len(taken), "limit", MaxBundle)
			break
		}
		taken = append(taken, bundleList{list.Issuer, list.URI, list.Token})
	}
	return taken
}

func compress(text []byte) ([]byte, error) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write(text)
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return zipped.Bytes(), nil
}

// newSnapshot tags a text weakly, as what it says and not how it is sent (RFC
// 9110, section 8.8.3).
func newSnapshot(text []byte) *snapshot {
	sum := sha256.Sum256(text)
	return &snapshot{text: text, tag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
}

func (s *snapshot) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Etag", s.tag)
	text := s.text
	if s.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if httpserver.Accepts(r.Header, "gzip") {
			h.Set("Content-Encoding", "gzip")
			text = s.zipped
		}
	}
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

func (g *gates) bundle(w http.ResponseWriter, r *http.Request, _ gate.Gate) error {
	made, err := g.bundles.of(g.verifier.Trust(), g.verifier.Bundles(), g.verifier.Lists())
	if err != nil {
		return err
	}
	made.serve(w, r)
	return nil
}
