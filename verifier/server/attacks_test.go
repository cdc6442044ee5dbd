package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// notDecided are the problems of calls that the table has made wrong.
var notDecided = []string{problem.CodeRequestTooLarge, CodePresentationMissing, CodeAccessUnknown, CodeNonceUnpaired}

func TestAttacks_AreRefusedAsByTheLibrary(t *testing.T) {
	verifiertest.Run(t, func(t *testing.T, c verifiertest.Case) verifier.Decision {
		config := c.Config(t, c.Serve())
		g := start(t, options{verifier: []func(*verifier.Config){func(other *verifier.Config) { *other = config }}})
		if c.Before != "" {
			g.post(t, callFor(t, c.Before, c.Request))
		}
		r := g.post(t, callFor(t, c.Presentation, c.Request))
		if r.status != http.StatusOK {
			// What the library denies, the service may find not worth deciding.
			if code := r.code(t); !slices.Contains(notDecided, code) || c.Reason == verifier.OK {
				t.Fatalf("%d %s", r.status, code)
			}
			t.SkipNow()
		}
		return r.decision(t)
	})
}

// callFor is the body that asks what the request asks.
func callFor(t testing.TB, presentation string, request verifier.Request) string {
	t.Helper()
	members := map[string]string{"presentation": presentation, "access": string(request.Access)}
	for name, value := range map[string]string{"site": request.Site, "nonce": request.Nonce, "audience": request.Audience} {
		if value != "" {
			members[name] = value
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
