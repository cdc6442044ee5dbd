package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// Bounds of pictures.
const (
	MaxPicture        = 1 << 20  // bytes of one
	MaxPictureMemory  = 32 << 20 // bytes of all that are kept
	MaxPictureURL     = 2048     // bytes of its address
	MaxPictureFetches = 16       // under way at once, those who wait for another's included
	// MaxPictureWait bounds one fetch: a guard looks at the person meanwhile.
	MaxPictureWait = 10 * time.Second
	// PictureCoolDown is how long a picture that could not be had is not asked
	// for again.
	PictureCoolDown = 30 * time.Second

	maxKnownPictures = 4096 // kept and missing together
)

// PictureFetcher gets what is at a URL. It must be safe for concurrent use, end
// when the context does, and bound what it reads to [MaxPicture] and a byte.
type PictureFetcher interface {
	FetchPicture(ctx context.Context, url string) (content []byte, err error)
}

// Errors of a picture that can't be had.
var (
	errPictureMissing = errors.New("the picture can't be had")
	errPictureBusy    = errors.New("too many pictures are being fetched")
)

// pictureTypes are the formats that every browser draws and none runs.
var pictureTypes = []string{"image/jpeg", "image/png", "image/webp"}

type digest [sha256.Size]byte

// picture is one that was fetched, or, without content, one that could not be.
type picture struct {
	content   []byte
	mediaType string
	missing   time.Time // when it could not be had
}

// pictures fetches pictures and keeps them in memory, the latest used. A picture
// is known by its digest, which the badge's issuer has signed: whoever serves
// another one serves none.
type pictures struct {
	fetcher PictureFetcher
	now     func() time.Time
	slots   chan struct{}

	mu       sync.Mutex
	known    *simplelru.LRU[digest, *picture]
	size     int                      // bytes of what is known
	fetching map[digest]chan struct{} // closed when the fetch ends
}

func newPictures(fetcher PictureFetcher, now func() time.Time) (*pictures, error) {
	p := &pictures{
		fetcher:  fetcher,
		now:      now,
		slots:    make(chan struct{}, MaxPictureFetches),
		fetching: make(map[digest]chan struct{}),
	}
	var err error
	p.known, err = simplelru.NewLRU(maxKnownPictures, func(_ digest, old *picture) { p.size -= len(old.content) })
	return p, err
}

// get returns the picture with that digest, from memory or from the URL, which
// the caller has judged. Of several who ask for one digest, one fetches.
func (p *pictures) get(ctx context.Context, url string, want digest) (*picture, error) {
	if found, err := p.recall(want); found != nil || err != nil {
		return found, err
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		return nil, errPictureBusy
	}
	ctx, cancel := context.WithTimeout(ctx, MaxPictureWait)
	defer cancel()
	for {
		under, mine := p.begin(want)
		if mine {
			defer p.end(want)
			break
		}
		select {
		case <-under:
		case <-ctx.Done():
			return nil, errPictureMissing
		}
	}
	// Somebody may have fetched it since.
	if found, err := p.recall(want); found != nil || err != nil {
		return found, err
	}
	return p.fetch(ctx, url, want)
}

// recall returns a picture that is kept, [errPictureMissing] for one that could
// not be had a moment ago, and neither for one that is worth a try.
func (p *pictures) recall(want digest) (*picture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, known := p.known.Get(want)
	switch {
	case !known:
		return nil, nil
	case found.content != nil:
		return found, nil
	case p.now().Sub(found.missing).Abs() < PictureCoolDown:
		return nil, errPictureMissing
	}
	return nil, nil
}

// begin returns true to whoever is to fetch, and to the others what to wait for.
func (p *pictures) begin(want digest) (<-chan struct{}, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if under := p.fetching[want]; under != nil {
		return under, false
	}
	p.fetching[want] = make(chan struct{})
	return nil, true
}

func (p *pictures) end(want digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.fetching[want])
	delete(p.fetching, want)
}

func (p *pictures) fetch(ctx context.Context, url string, want digest) (*picture, error) {
	content, err := p.fetcher.FetchPicture(ctx, url)
	if err == nil {
		err = checkPicture(content, want)
	}
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		// The tablet went away: that says nothing about the picture.
		return nil, errPictureMissing
	}
	if err != nil {
		p.keep(want, &picture{missing: p.now()})
		return nil, fmt.Errorf("%w: %w", errPictureMissing, err)
	}
	found := &picture{content: content, mediaType: http.DetectContentType(content)}
	p.keep(want, found)
	return found, nil
}

// checkPicture judges content by what it is, not by what its server calls it.
func checkPicture(content []byte, want digest) error {
	if len(content) > MaxPicture {
		return fmt.Errorf("it has more than %d bytes", MaxPicture)
	}
	if sha256.Sum256(content) != want {
		return errors.New("it is another one than the badge names")
	}
	if mediaType := http.DetectContentType(content); !slices.Contains(pictureTypes, mediaType) {
		return fmt.Errorf("it is %s; only JPEG, PNG and WebP are shown", mediaType)
	}
	return nil
}

func (p *pictures) keep(id digest, found *picture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known.Remove(id)
	p.known.Add(id, found)
	for p.size += len(found.content); p.size > MaxPictureMemory; {
		p.known.RemoveOldest()
	}
}

// parseIntegrity reads the one form that a badge has (credential, picture#integrity).
func parseIntegrity(text string) (digest, bool) {
	var sum digest
	encoded, found := strings.CutPrefix(text, "sha256-")
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || len(decoded) != len(sum) {
		return sum, false
	}
	return digest(decoded), true
}

// isBelow reports whether the address is below one of the issuers' URLs, however
// a server resolves it: no dots that lead up, no characters that some read as
// slashes.
func isBelow(issuers []string, address string) bool {
	if len(address) > MaxPictureURL || strings.ContainsAny(address, "#\\") {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.Contains(u.EscapedPath(), "%") {
		return false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return slices.ContainsFunc(issuers, func(issuer string) bool {
		rest, below := strings.CutPrefix(address, strings.TrimSuffix(issuer, "/")+"/")
		return below && rest != ""
	})
}

// picture answers with the picture that the query names by address and digest.
func (g *gates) picture(w http.ResponseWriter, r *http.Request, _ gate.Gate) error {
	address, want, err := pictureQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if g.pictures == nil || !isBelow(g.verifier.Trust().Issuers(), address) {
		return pictureUnavailable()
	}
	found, err := g.pictures.get(r.Context(), address, want)
	switch {
	case errors.Is(err, errPictureBusy):
		return overloaded(w)
	case err != nil:
		g.server.config.Logger.WarnContext(r.Context(), "picture not fetched", "request_id", httpserver.RequestIDFrom(r.Context()), "error", err)
		return pictureUnavailable()
	}
	h := w.Header()
	h.Set("Content-Type", found.mediaType)
	// The digest in the address says what it is, for ever.
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write(found.content)
	return nil
}

func pictureUnavailable() error {
	return refuse(http.StatusNotFound, CodePictureUnavailable, "The picture can't be had from a trusted issuer as the badge describes it.")
}

func pictureQuery(raw string) (address string, want digest, err error) {
	query, err := url.ParseQuery(raw)
	if err != nil || len(query) != 2 || len(query["url"]) != 1 || len(query["integrity"]) != 1 {
		return "", want, badRequest(CodePictureQueryInvalid, "Give url and integrity once each, as the badge has them.")
	}
	want, ok := parseIntegrity(query.Get("integrity"))
	if !ok {
		return "", want, badRequest(CodePictureQueryInvalid, "integrity must be sha256- and 44 characters of base64.")
	}
	return query.Get("url"), want, nil
}
