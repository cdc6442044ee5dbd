package server

import (
	"net/http"
	"strings"
	"testing"
)

// TestPages_AreWhereGateCodesLead: a page that was not built answers 503, which
// is an answer of the right handler too.
func TestPages_AreWhereGateCodesLead(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/tenant/1234"} {
		o := open(t, options{path: base})
		for _, path := range []string{base + "/c", strings.ToUpper(base) + "/C"} {
			answer := o.get(t, path)
			if answer.status != http.StatusOK && answer.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", path, answer.status)
			}
			policy := answer.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "script-src 'self' 'wasm-unsafe-eval'") || !strings.Contains(policy, "connect-src 'self';") {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
		for _, path := range []string{"/badge/", "/badge/service-worker.js", "/badge/manifest.webmanifest"} {
			answer := o.get(t, base+path)
			if answer.status != http.StatusOK && answer.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", path, answer.status)
			}
			policy := answer.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self';") {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
		o.get(t, base+"/c/").problem(t, http.StatusNotFound, "not_found")
		if answer := o.get(t, base+"/assets/nothing.js"); answer.status != http.StatusNotFound {
			t.Errorf("an asset that is none: %d", answer.status)
		}
	}
}

func TestConsole_IsWhereSignInsEndAndWhereLettersLink(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/tenant/1234"} {
		o := open(t, options{path: base})
		for _, path := range []string{homePath, base + homePath} {
			answer := o.get(t, path)
			if answer.status != http.StatusOK && answer.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", path, answer.status)
			}
			// Nothing beyond its own scripts, and calls to its own server.
			policy := answer.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self';") {
				t.Errorf("%s: policy %q", path, policy)
			}
			if answer.status == http.StatusOK && !strings.Contains(string(answer.body), "{&#34;sign_in&#34;:false}") {
				t.Errorf("%s does not say that nobody can sign in: %.300s", path, answer.body)
			}
		}
	}
}
