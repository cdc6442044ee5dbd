package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func TestStatusList_IsServedAsTheDraftSays(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.issue(t, eligible(t).ID)
	answer := o.get(t, "/status-lists/1", "Accept", "application/statuslist+jwt")
	if answer.status != http.StatusOK {
		t.Fatalf("status %d: %s", answer.status, answer.body)
	}
	for name, want := range map[string]string{
		"Content-Type":                "application/statuslist+jwt",
		"Cache-Control":               "public, max-age=30",
		"Access-Control-Allow-Origin": "*",
		"X-Content-Type-Options":      "nosniff",
		"Vary":                        "Accept-Encoding",
	} {
		if got := answer.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	token, err := revocation.Open(string(answer.body), o.url+"/status-lists/1", issuerListKey)
	if err != nil {
		t.Fatal(err)
	}
	if token.TTL != issuer.DefaultListTTL || !token.IssuedAt.Equal(o.Now()) {
		t.Errorf("got %+v", token)
	}
	head := o.send(t, http.DefaultClient, "HEAD", "/status-lists/1", nil, nil)
	if head.status != http.StatusOK || len(head.body) != 0 || head.header.Get("ETag") != answer.header.Get("ETag") ||
		head.header.Get("Content-Length") != fmt.Sprint(len(answer.body)) {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	// A part of a signed list is of no use: the whole comes instead.
	whole := o.get(t, "/status-lists/1", "Range", "bytes=0-9")
	if whole.status != http.StatusOK || !bytes.Equal(whole.body, answer.body) {
		t.Errorf("a range: %d, %d bytes", whole.status, len(whole.body))
	}
}

func TestStatusLists_AreAllNamed(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.issue(t, eligible(t).ID)
	answer := o.get(t, "/status-lists")
	if want := `{"status_lists":["` + o.url + `/status-lists/1"]}`; strings.TrimSpace(string(answer.body)) != want {
		t.Errorf("got %s, want %s", answer.body, want)
	}
	for name, want := range map[string]string{
		"Content-Type":                "application/json",
		"Cache-Control":               "public, max-age=60",
		"Access-Control-Allow-Origin": "*",
	} {
		if got := answer.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if same := o.get(t, "/status-lists", "If-None-Match", answer.header.Get("ETag")); same.status != http.StatusNotModified {
		t.Errorf("the same again: %d", same.status)
	}
}

func TestStatusList_IsNotSentAgainUntilItChanges(t *testing.T) {
	t.Parallel()
	o := start(t)
	issued := o.issue(t, eligible(t).ID)
	tag := o.get(t, "/status-lists/1").header.Get("ETag")
	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		answer := o.get(t, "/status-lists/1", "If-None-Match", known)
		if answer.status != http.StatusNotModified || len(answer.body) != 0 || answer.header.Get("ETag") != tag ||
			answer.header.Get("Cache-Control") != "public, max-age=30" || answer.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("If-None-Match %s: %d %v", known, answer.status, answer.header)
		}
	}
	o.setStatus(t, issued.ID, "revoke", "key lost")
	changed := o.get(t, "/status-lists/1", "If-None-Match", tag)
	if changed.status != http.StatusOK || changed.header.Get("ETag") == tag {
		t.Errorf("after a revocation: %d %v", changed.status, changed.header)
	}
	// Nothing changes, but the list must be signed anew before its ttl has passed.
	tag = changed.header.Get("ETag")
	o.advance(issuer.DefaultListTTL/2 - time.Second)
	if got := o.get(t, "/status-lists/1", "If-None-Match", tag).status; got != http.StatusNotModified {
		t.Errorf("before half of its ttl: %d", got)
	}
	o.advance(time.Second)
	if got := o.get(t, "/status-lists/1", "If-None-Match", tag).status; got != http.StatusOK {
		t.Errorf("at half of its ttl: %d", got)
	}
}

func TestStatusList_GzipIsAnotherRepresentation(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.fill(t, 600)
	plain := o.get(t, "/status-lists/1", "Accept-Encoding", "identity")
	zipped := o.get(t, "/status-lists/1", "Accept-Encoding", "br, GZIP;q=0.5")
	if len(plain.body) < minGzip {
		t.Fatalf("the list has only %d bytes", len(plain.body))
	}
	if plain.header.Get("Content-Encoding") != "" || zipped.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("encodings are %q and %q", plain.header.Get("Content-Encoding"), zipped.header.Get("Content-Encoding"))
	}
	if len(zipped.body) >= len(plain.body) {
		t.Errorf("%d bytes became %d", len(plain.body), len(zipped.body))
	}
	r, err := gzip.NewReader(bytes.NewReader(zipped.body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, plain.body) {
		t.Errorf("unzipped it is another list: %v", err)
	}
	tag := zipped.header.Get("ETag")
	if tag == plain.header.Get("ETag") {
		t.Error("two representations have one strong tag")
	}
	same := o.get(t, "/status-lists/1", "Accept-Encoding", "gzip", "If-None-Match", tag)
	if same.status != http.StatusNotModified || same.header.Get("ETag") != tag || same.header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("with its tag: %d %v", same.status, same.header)
	}
	if other := o.get(t, "/status-lists/1", "Accept-Encoding", "identity", "If-None-Match", tag); other.status != http.StatusOK {
		t.Errorf("the other's tag: %d", other.status)
	}
	for _, refused := range []string{"gzip;q=0", "gzip; q=0.000", "deflate", "xgzip", "gzip;q=x"} {
		if got := o.get(t, "/status-lists/1", "Accept-Encoding", refused).header.Get("Content-Encoding"); got != "" {
			t.Errorf("Accept-Encoding %s was answered in %s", refused, got)
		}
	}
}

// fill revokes that many badges, so that the list has something in it.
func (o *office) fill(t *testing.T, badges int) {
	t.Helper()
	person := eligible(t).ID
	var wait sync.WaitGroup
	for i := range badges {
		wait.Go(func() {
			id := fmt.Sprint("filler-", i)
			if _, err := o.store.ReserveBadge(t.Context(), store.Reservation{
				ID: id, PersonID: person, HolderKeyThumbprint: "x", Type: "x", Access: []string{"onsite"},
				IssuedAt: o.Now(), ExpiresAt: o.Now().Add(time.Hour), By: "a test",
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if _, err := o.store.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: person, To: store.Invalid, Reason: "x", By: "a test"}); err != nil {
		t.Fatal(err)
	}
}

func TestStatusList_OfThePastOrOfNobody(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.issue(t, eligible(t).ID)
	for _, query := range []string{"?time=1795420800", "?time=", "?x=1&time=1", "?%zz"} {
		o.get(t, "/status-lists/1"+query).problem(t, http.StatusNotImplemented, CodeTimeUnsupported)
	}
	for _, id := range []string{"2", "0", "-1", "01", "+1", "1.0", "x", "9223372036854775808", "%31x"} {
		answer := o.get(t, "/status-lists/"+id)
		answer.problem(t, http.StatusNotFound, CodeNotFound)
		if answer.header.Get("ETag") != "" {
			t.Errorf("list %s: a problem has a tag", id)
		}
	}
	head := o.send(t, http.DefaultClient, "HEAD", "/status-lists/2", nil, nil)
	if head.status != http.StatusNotFound || head.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
}
