package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

type fetcherFunc func(ctx context.Context, url string) ([]byte, error)

func (f fetcherFunc) FetchPicture(ctx context.Context, url string) ([]byte, error) {
	return f(ctx, url)
}

// album is an issuer's server of pictures, by path.
type album struct {
	pictures map[string][]byte
	fetched  atomic.Int64
	base     string
}

func newAlbum(t testing.TB, pictures map[string][]byte) *album {
	t.Helper()
	a := &album{pictures: pictures}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fetched.Add(1)
		content, there := a.pictures[r.URL.Path]
		if !there {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(server.Close)
	a.base = server.URL
	return a
}

// FetchPicture goes to this machine for what is the issuer's.
func (a *album) FetchPicture(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(address, credentialtest.IssuerURL, a.base, 1), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, MaxPicture+1))
}

func portrait(t testing.TB) (asPNG, asJPEG []byte) {
	t.Helper()
	var p, j bytes.Buffer
	face := image.NewGray(image.Rect(0, 0, 8, 8))
	if err := errors.Join(png.Encode(&p, face), jpeg.Encode(&j, face, nil)); err != nil {
		t.Fatal(err)
	}
	return p.Bytes(), j.Bytes()
}

// padded is a picture of exactly so many bytes: PNG readers ignore what follows.
func padded(picture []byte, size int) []byte {
	return append(bytes.Clone(picture), make([]byte, size-len(picture))...)
}

func integrity(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func pictureCall(address, integrity string) string {
	return "pictures?" + url.Values{"url": {address}, "integrity": {integrity}}.Encode()
}

func TestPictures_AreFetchedOnceAndAsTheyWereSigned(t *testing.T) {
	t.Parallel()
	asPNG, asJPEG := portrait(t)
	asWebP := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), make([]byte, 16)...)
	a := newAlbum(t, map[string][]byte{"/p/1": asPNG, "/p/2": asJPEG, "/p/3": asWebP})
	s := startGates(t, func(c *Config) { c.Pictures = a })
	tb := newGate(t, s, gate.Invitation{})
	for range 2 {
		for path, want := range map[string]string{"/p/1": "image/png", "/p/2": "image/jpeg", "/p/3": "image/webp"} {
			content := a.pictures[path]
			r := tb.call(t, "GET", pictureCall(credentialtest.IssuerURL+path, integrity(content)), "")
			if r.status != 200 || !bytes.Equal(r.body, content) || r.header.Get("Content-Type") != want {
				t.Errorf("%s: %d %v", path, r.status, r.header)
			}
			if got := r.header.Get("Cache-Control"); got != "private, max-age=31536000, immutable" {
				t.Errorf("Cache-Control %q", got)
			}
			if r.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(r.header.Get("Content-Security-Policy"), "default-src 'none';") {
				t.Errorf("it is served with %v", r.header)
			}
		}
	}
	if n := a.fetched.Load(); n != 3 {
		t.Errorf("%d fetches for 3 pictures", n)
	}
}

func TestPictures_NothingElseIsAnswered(t *testing.T) {
	t.Parallel()
	asPNG, _ := portrait(t)
	a := newAlbum(t, map[string][]byte{
		"/p/1": asPNG, "/at": padded(asPNG, MaxPicture), "/over": padded(asPNG, MaxPicture+1),
		"/svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "/html": []byte("<!DOCTYPE html><html>"), "/gif": []byte("GIF89a"), "/empty": {},
	})
	s := startGates(t, func(c *Config) { c.Pictures = a })
	tb := newGate(t, s, gate.Invitation{})
	issuer := credentialtest.IssuerURL
	if r := tb.call(t, "GET", pictureCall(issuer+"/at", integrity(a.pictures["/at"])), ""); r.status != 200 || len(r.body) != MaxPicture {
		t.Errorf("as large as may be: %d", r.status)
	}
	for _, path := range []string{"/over", "/svg", "/html", "/gif", "/empty", "/missing"} {
		tb.call(t, "GET", pictureCall(issuer+path, integrity(a.pictures[path])), "").refused(t, path, 404, CodePictureUnavailable)
	}
	tb.call(t, "GET", pictureCall(issuer+"/p/1", integrity([]byte("another"))), "").refused(t, "another picture", 404, CodePictureUnavailable)
	before := a.fetched.Load()
	good := integrity(asPNG)
	for name, address := range map[string]string{
		"another host":      "https://attacker.example/p/1",
		"a longer host":     issuer + ".attacker.example/p/1",
		"another scheme":    strings.Replace(issuer, "https", "http", 1) + "/p/1",
		"a user":            strings.Replace(issuer, "https://", "https://x@", 1) + "/p/1",
		"another port":      issuer + ":8443/p/1",
		"the issuer itself": issuer + "/",
		"no path":           issuer,
		"a fragment":        issuer + "/p/1#x",
		"dots":              issuer + "/p/../p/1",
		"dots, encoded":     issuer + "/p/%2e%2e/p/1",
		"backslashes":       issuer + `/p\..\1`,
		"this machine":      a.base + "/p/1",
		"data":              "data:image/png;base64,AAAA",
		"empty":             "",
		"too long":          issuer + "/" + strings.Repeat("p", MaxPictureURL-len(issuer)),
	} {
		tb.call(t, "GET", pictureCall(address, good), "").refused(t, name, 404, CodePictureUnavailable)
	}
	if n := a.fetched.Load(); n != before {
		t.Errorf("%d of them were fetched", n-before)
	}
	for name, query := range map[string]string{
		"nothing":          "",
		"no integrity":     "?url=" + issuer + "/p/1",
		"no url":           "?integrity=" + url.QueryEscape(good),
		"two urls":         "?url=x&url=y&integrity=" + url.QueryEscape(good),
		"something else":   "?url=x&size=1&integrity=" + url.QueryEscape(good),
		"sha384":           "?url=x&integrity=sha384-AAAA",
		"short":            "?url=x&integrity=sha256-AAAA",
		"two digests":      "?url=x&integrity=" + url.QueryEscape(good+" "+good),
		"another alphabet": "?url=x&integrity=" + url.QueryEscape("sha256-"+strings.Repeat("_", 43)+"="),
		"broken":           "?url=%zz",
	} {
		tb.call(t, "GET", "pictures"+query, "").refused(t, name, 400, CodePictureQueryInvalid)
	}
	none := startGates(t, nil)
	newGate(t, none, gate.Invitation{}).call(t, "GET", pictureCall(issuer+"/p/1", good), "").refused(t, "no fetcher", 404, CodePictureUnavailable)
}

func TestIsBelow_LengthAtTheBound(t *testing.T) {
	t.Parallel()
	issuers := []string{"https://badge.vendor.example/tenant"}
	address := issuers[0] + "/"
	for size, want := range map[int]bool{MaxPictureURL: true, MaxPictureURL + 1: false} {
		if got := isBelow(issuers, address+strings.Repeat("p", size-len(address))); got != want {
			t.Errorf("%d bytes: %v", size, got)
		}
	}
	for address, want := range map[string]bool{
		"https://badge.vendor.example/tenant/p/1":           true,
		"https://badge.vendor.example/tenant/p/1?size=2":    true,
		"https://badge.vendor.example/tenant2/p/1":          false,
		"https://badge.vendor.example/p/1":                  false,
		"https://badge.vendor.example/tenant/../p/1":        false,
		"https://badge.vendor.example/tenant/%2E%2E/p/1":    false,
		"https://badge.vendor.example/tenant/./1":           false,
		"https://badge.vendor.example/tenant/p%2F1":         false,
		"https://badge.vendor.example/tenant/p/1?to=../../": true, // the query is not resolved
	} {
		if got := isBelow(issuers, address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func newTestPictures(t testing.TB, fetcher PictureFetcher, now func() time.Time) *pictures {
	t.Helper()
	p, err := newPictures(fetcher, now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPictures_OneFetchForAllWhoWait(t *testing.T) {
	t.Parallel()
	asPNG, _ := portrait(t)
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int64
		proceed := make(chan struct{})
		p := newTestPictures(t, fetcherFunc(func(context.Context, string) ([]byte, error) {
			fetches.Add(1)
			<-proceed
			return asPNG, nil
		}), now)
		want := digest(sha256.Sum256(asPNG))
		results := make(chan error, MaxPictureFetches)
		for range MaxPictureFetches {
			go func() {
				_, err := p.get(t.Context(), "x", want)
				results <- err
			}()
		}
		synctest.Wait()
		// One more than may wait is told so.
		if _, err := p.get(t.Context(), "x", want); !errors.Is(err, errPictureBusy) {
			t.Errorf("one too many: %v", err)
		}
		close(proceed)
		for range MaxPictureFetches {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if n := fetches.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestPictures_FailuresCoolDown(t *testing.T) {
	t.Parallel()
	asPNG, _ := portrait(t)
	clock, fetches := now(), 0
	p := newTestPictures(t, fetcherFunc(func(ctx context.Context, _ string) ([]byte, error) {
		fetches++
		return asPNG, ctx.Err()
	}), func() time.Time { return clock })
	want := digest(sha256.Sum256([]byte("another")))
	get := func(ctx context.Context) {
		t.Helper()
		if _, err := p.get(ctx, "x", want); !errors.Is(err, errPictureMissing) {
			t.Error(err)
		}
	}
	// Who goes away says nothing about the picture.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	get(gone)
	for _, step := range []struct {
		wait    time.Duration
		fetches int
	}{{0, 2}, {PictureCoolDown - 1, 2}, {1, 3}, {0, 3}, {-time.Hour, 4}} {
		clock = clock.Add(step.wait)
		if get(t.Context()); fetches != step.fetches {
			t.Errorf("after %v: %d fetches, want %d", step.wait, fetches, step.fetches)
		}
	}
}

func TestPictures_MemoryIsBounded(t *testing.T) {
	t.Parallel()
	asPNG, _ := portrait(t)
	var serial byte
	p := newTestPictures(t, fetcherFunc(func(context.Context, string) ([]byte, error) {
		content := padded(asPNG, MaxPicture)
		content[len(content)-1] = serial
		return content, nil
	}), now)
	const fit = MaxPictureMemory / MaxPicture
	var first digest
	for i := range fit + 1 {
		serial = byte(i)
		content, _ := p.fetcher.FetchPicture(t.Context(), "")
		want := digest(sha256.Sum256(content))
		if _, err := p.get(t.Context(), "x", want); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = want
		}
		if found, _ := p.recall(first); i < fit-1 && found == nil || i == fit && found != nil {
			t.Errorf("after %d pictures the first is kept: %v", i+1, found != nil)
		}
		if i == fit-1 { // the look above made the first the latest used
			for d := byte(1); d <= byte(i); d++ {
				content[len(content)-1] = d
				if _, err := p.recall(digest(sha256.Sum256(content))); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if p.size != MaxPictureMemory {
		t.Errorf("%d bytes are kept, %d may be", p.size, MaxPictureMemory)
	}
	for i := range maxKnownPictures + 1 {
		p.keep(digest{byte(i), byte(i >> 8), 1}, &picture{missing: now()})
	}
	if p.known.Len() != maxKnownPictures || p.size != 0 {
		t.Errorf("%d known with %d bytes", p.known.Len(), p.size)
	}
}

func TestPictures_AFetchEndsInTime(t *testing.T) {
	t.Parallel()
	p := newTestPictures(t, fetcherFunc(func(ctx context.Context, _ string) ([]byte, error) {
		deadline, bounded := ctx.Deadline()
		if !bounded || time.Until(deadline) > MaxPictureWait {
			return nil, fmt.Errorf("the deadline is %v", deadline)
		}
		return nil, errors.New("bounded")
	}), now)
	if _, err := p.get(t.Context(), "x", digest{}); err == nil || !strings.Contains(err.Error(), "bounded") {
		t.Error(err)
	}
}
