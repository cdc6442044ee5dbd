package server

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// cacheControl is what says that nobody may keep a list for longer than a second
// unless the issuer is away: see Program.ListToken.
const cacheControl = "public, max-age=1, stale-if-error=60"

// plain asks for something as it is, uncompressed.
func (o *office) plain(t testing.TB, path string, with ...string) reply {
	t.Helper()
	return o.get(t, path, append(with, "Accept-Encoding", "identity")...)
}

func TestStatusList_IsServedAsTheDraftSays(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.issue(t, eligible(t).ID)
	answer := o.plain(t, "/status-lists/1", "Accept", "application/statuslist+jwt")
	if answer.status != http.StatusOK {
		t.Fatalf("status %d: %s", answer.status, answer.body)
	}
	for name, want := range map[string]string{
		"Content-Type":                "application/statuslist+jwt",
		"Cache-Control":               cacheControl,
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
	head := o.send(t, http.DefaultClient, "HEAD", "/status-lists/1", nil, headers{"Accept-Encoding", "identity"})
	if head.status != http.StatusOK || len(head.body) != 0 || head.header.Get("ETag") != answer.header.Get("ETag") ||
		head.header.Get("Content-Length") != fmt.Sprint(len(answer.body)) {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	if tag := answer.header.Get("ETag"); !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) {
		t.Errorf("the tag %s is not a strong one", tag)
	}
	if dot := strings.Count(string(answer.body), "."); dot != 2 || strings.ContainsAny(string(answer.body), " \n") {
		t.Error("the body is not the compact token alone")
	}
	// Whatever else is asked for, there is nothing else.
	for _, other := range []string{"application/statuslist+cwt", "*/*", "text/html"} {
		if same := o.plain(t, "/status-lists/1", "Accept", other); same.header.Get("Content-Type") != "application/statuslist+jwt" {
			t.Errorf("Accept %s is answered with %s", other, same.header.Get("Content-Type"))
		}
	}
	// A part of a signed list is of no use: the whole comes instead.
	whole := o.plain(t, "/status-lists/1", "Range", "bytes=0-9")
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
	tag := o.plain(t, "/status-lists/1").header.Get("ETag")
	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		answer := o.plain(t, "/status-lists/1", "If-None-Match", known)
		if answer.status != http.StatusNotModified || len(answer.body) != 0 || answer.header.Get("ETag") != tag ||
			answer.header.Get("Cache-Control") != cacheControl || answer.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("If-None-Match %s: %d %v", known, answer.status, answer.header)
		}
	}
	head := o.send(t, http.DefaultClient, "HEAD", "/status-lists/1", nil, headers{"If-None-Match", tag})
	if head.status != http.StatusNotModified || head.header.Get("ETag") != tag {
		t.Errorf("HEAD with its tag: %d %v", head.status, head.header)
	}
	// A time does not tell two lists of one second apart, and so there is none.
	for _, known := range []headers{
		{"If-None-Match", `"x"`}, {"If-None-Match", strings.Trim(tag, `"`)}, {"If-None-Match", ""},
		{"If-Modified-Since", o.Now().Add(time.Hour).UTC().Format(http.TimeFormat)},
	} {
		if answer := o.plain(t, "/status-lists/1", known...); answer.status != http.StatusOK || answer.header.Get("Last-Modified") != "" {
			t.Errorf("%q: %d %v", known, answer.status, answer.header)
		}
	}
	o.setStatus(t, issued.ID, "revoke", "key lost")
	changed := o.plain(t, "/status-lists/1", "If-None-Match", tag)
	if changed.status != http.StatusOK || changed.header.Get("ETag") == tag {
		t.Errorf("after a revocation: %d %v", changed.status, changed.header)
	}
	// Nothing changes, but the list must be signed anew before its ttl has passed.
	tag = changed.header.Get("ETag")
	o.Move(issuer.DefaultListTTL/2 - time.Second)
	if got := o.plain(t, "/status-lists/1", "If-None-Match", tag).status; got != http.StatusNotModified {
		t.Errorf("before half of its ttl: %d", got)
	}
	o.Move(time.Second)
	if got := o.plain(t, "/status-lists/1", "If-None-Match", tag).status; got != http.StatusOK {
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

func TestStatusList_IsTheNewestWhilePublishing(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.publishLists(t)
	for range 10 {
		issued := o.issue(t, eligible(t).ID)
		for verb, want := range map[string]revocation.Status{"suspend": revocation.Suspended, "revoke": revocation.Invalid} {
			if answer := o.setStatus(t, issued.ID, verb, "r"); answer.status == http.StatusConflict {
				continue // it was revoked before
			}
			token, err := revocation.Open(string(o.get(t, "/status-lists/1").body), o.url+"/status-lists/1", issuerListKey)
			if err != nil {
				t.Fatal(err)
			}
			if status, err := token.List.Status(uint64(issued.Index)); err != nil || status != want {
				t.Errorf("after %s the list says %v, %v", verb, status, err)
			}
		}
	}
}

// unsteadyKey is a key that can't be used while it is told so.
type unsteadyKey struct {
	credentialtest.Key
	gone *atomic.Bool
}

func (k unsteadyKey) Sign(r io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if k.gone.Load() {
		return nil, errors.New("the key store is gone")
	}
	return k.Key.Sign(r, digest, options)
}

func TestReady_SaysWhenListsAreLate(t *testing.T) {
	t.Parallel()
	var program *issuer.Program
	key := unsteadyKey{credentialtest.ListKey, new(atomic.Bool)}
	o := open(t, options{change: func(c *Config) {
		settings := issuertest.Config(c.Tokens.(*sqlite.Store), c.Now)
		settings.URL, settings.ListKey = c.Program.URL(), key
		program = issuertest.New(t, settings)
		c.Program = program
	}})
	o.program = program
	o.importSample(t)
	o.issue(t, eligible(t).ID)
	key.gone.Store(true)
	o.publishLists(t)
	for program.Publishing().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := status(t, o.operations+"/readyz"); got != http.StatusOK {
		t.Errorf("at once: %d", got)
	}
	for until := o.Now().Add(time.Minute); o.Now().Before(until) && status(t, o.operations+"/readyz") == http.StatusOK; {
		o.Move(time.Second)
	}
	response, err := http.Get(o.operations + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var said failure
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil || said.Status != http.StatusServiceUnavailable || said.Code != CodeStatusListsLate {
		t.Errorf("the operator is told %+v, %v", said, err)
	}
	// Whoever spreads callers over services must leave this one in.
	if got := status(t, o.url+"/readyz"); got != http.StatusOK {
		t.Errorf("the public is told %d", got)
	}
	if failures := o.measured(t)["cyberbadge_issuer_list_publish_failures_total"]; failures == "0" {
		t.Error("no failure was counted")
	}
	key.gone.Store(false)
	for status(t, o.operations+"/readyz") != http.StatusOK {
		time.Sleep(10 * time.Millisecond)
	}
}
