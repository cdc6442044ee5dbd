package fetch_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
)

func TestFetchBundle_TakesABundleOnceAndNothingElse(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", bundle.MediaType)
		w.Header().Set("Etag", `"1"`)
		_, _ = w.Write([]byte("text"))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/missing":
			http.NotFound(w, r)
		case r.URL.Path == "/page":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<p>sign in"))
		case r.Header.Get("If-None-Match") == `"1"`:
			w.WriteHeader(http.StatusNotModified)
		default:
			answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{portOf(t, server.URL)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	text, etag, err := client.FetchBundle(t.Context(), server.URL+"/trust-bundle", "")
	if err != nil || text != "text" || etag != `"1"` {
		t.Fatalf("%q, %q, %v", text, etag, err)
	}
	if text, again, err := client.FetchBundle(t.Context(), server.URL+"/trust-bundle", etag); err != nil || text != "" || again != etag {
		t.Errorf("the same: %q, %q, %v", text, again, err)
	}
	for path, says := range map[string]string{"/missing": "HTTP status 404", "/page": `content type "text/html" instead of`} {
		if text, _, err := client.FetchBundle(t.Context(), server.URL+path, ""); text != "" || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
}
