package fetch_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
)

func TestFetchIfChangedNamesTheCopyAtHand(t *testing.T) {
	t.Parallel()
	var named []string
	server, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		named = append(named, r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", `"two"`)
		if r.Header.Get("If-None-Match") == `"two"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answer(http.StatusOK, revocation.MediaType, "a.b.c")(w, r)
	})
	client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	for _, test := range []struct {
		etag string
		want revocation.Fetched
	}{
		{"", revocation.Fetched{Token: "a.b.c", ETag: `"two"`}},
		{`"one"`, revocation.Fetched{Token: "a.b.c", ETag: `"two"`}},
		{`"two"`, revocation.Fetched{NotModified: true, ETag: `"two"`}},
	} {
		got, err := client.FetchIfChanged(t.Context(), server.URL, revocation.Known{ETag: test.etag})
		if err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v", test.etag, got, err)
		}
	}
	if strings.Join(named, ",") != `,"one","two"` {
		t.Errorf("named %q", named)
	}
}

func TestFetchRefusesNotModifiedWithoutACopy(t *testing.T) {
	t.Parallel()
	server, port := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	if got, err := client.FetchIfChanged(t.Context(), server.URL, revocation.Known{}); err == nil || got != (revocation.Fetched{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFetchDoesNotKeepATagThatIsTooLong(t *testing.T) {
	t.Parallel()
	for size, kept := range map[int]bool{256: true, 257: false} {
		tag := `"` + strings.Repeat("a", size-2) + `"`
		server, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", tag)
			answer(http.StatusOK, revocation.MediaType, "a.b.c")(w, r)
		})
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		got, err := client.FetchIfChanged(t.Context(), server.URL, revocation.Known{})
		if err != nil || got.Token != "a.b.c" || (got.ETag == tag) != kept {
			t.Errorf("%d bytes: got %+v, %v", size, got, err)
		}
	}
}

// TestFetchIfChangedAsksPastCaches when there is word of a newer list, and only then.
func TestFetchIfChangedAsksPastCaches(t *testing.T) {
	t.Parallel()
	var asked string
	server, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Cache-Control")
		answer(http.StatusOK, revocation.MediaType, "a.b.c")(w, r)
	})
	client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	for changed, want := range map[bool]string{false: "", true: "no-cache"} {
		if _, err := client.FetchIfChanged(t.Context(), server.URL, revocation.Known{Changed: changed}); err != nil || asked != want {
			t.Errorf("changed %v: asked with %q (%v)", changed, asked, err)
		}
	}
}
