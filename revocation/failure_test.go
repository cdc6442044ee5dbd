package revocation_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// TestNoFailureIsValid serves everything that is not a good list. Whatever it is,
// there is no status, before a good list was seen and after it became too old.
func TestNoFailureIsValid(t *testing.T) {
	t.Parallel()
	text := func(text string) func(*site) { return func(s *site) { s.serveText(text) } }
	signed := func(key credentialtest.Key, change func(*revocation.Token)) func(*testing.T, *site) string {
		return func(t *testing.T, s *site) string {
			token := revocation.Token{URI: s.uri, IssuedAt: s.Now(), Expires: s.Now().Add(time.Hour), TTL: time.Minute}
			if change != nil {
				change(&token)
			}
			return signWith(t, key, token, revocation.Valid)
		}
	}
	lists := func(make func(*testing.T, *site) string) func(*testing.T, *site) {
		return func(t *testing.T, s *site) { s.serveText(make(t, s)) }
	}
	plain := func(do func(*site)) func(*testing.T, *site) { return func(_ *testing.T, s *site) { do(s) } }
	handler := func(h http.HandlerFunc) func(*testing.T, *site) {
		return func(_ *testing.T, s *site) { s.serve(h) }
	}
	for name, test := range map[string]struct {
		serve func(*testing.T, *site)
		want  code.Code
	}{
		"server error": {handler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }), code.StatusUnavailable},
		"not found":    {handler(http.NotFound), code.StatusUnavailable},
		"hang up":      {handler(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), code.StatusUnavailable},
		"empty":        {plain(text("")), code.StatusUnavailable},
		"garbage":      {plain(text("garbage")), code.StatusUnavailable},
		"no content":   {handler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), code.StatusUnavailable},
		"too slow":     {handler(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), code.StatusUnavailable},
		"slow after the header": {handler(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", revocation.MediaType)
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}), code.StatusUnavailable},
		"too large": {plain(text(strings.Repeat("A", revocation.MaxTokenSize+1))), code.StatusTooLarge},
		"wrong content type": {func(t *testing.T, s *site) {
			token := s.token(t, revocation.Valid, nil)
			s.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/jwt")
				fmt.Fprint(w, token)
			})
		}, code.StatusUnavailable},
		"redirect": {func(t *testing.T, s *site) {
			token := s.token(t, revocation.Valid, nil)
			s.serve(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					w.Header().Set("Content-Type", revocation.MediaType)
					fmt.Fprint(w, token)
					return
				}
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			})
		}, code.StatusUnavailable},
		"signed by the key for badges": {lists(signed(credentialtest.IssuerKey, nil)), code.StatusSignatureInvalid},
		"signed by somebody else":      {lists(signed(credentialtest.OtherKey, nil)), code.StatusSignatureInvalid},
		"unsigned": {lists(func(t *testing.T, s *site) string {
			token := s.token(t, revocation.Valid, nil)
			return token[:strings.LastIndexByte(token, '.')+1]
		}), code.StatusSignatureInvalid},
		"changed": {lists(func(t *testing.T, s *site) string {
			parts := strings.Split(s.token(t, revocation.Invalid, nil), ".")
			parts[1] = strings.Split(s.token(t, revocation.Valid, nil), ".")[1]
			return strings.Join(parts, ".")
		}), code.StatusSignatureInvalid},
		"of another place": {lists(signed(credentialtest.ListKey, func(token *revocation.Token) { token.URI += "/" })), code.StatusSubMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(config *revocation.CheckerConfig) {
				if strings.Contains(name, "slow") {
					config.FetchTimeout = time.Second // it will be waited for, twice
				}
			})
			good := *s.answer.Load()
			test.serve(t, s)
			s.wantAnswer(t, 0, test.want)

			s.serve(good)
			s.Move(revocation.DefaultCooldown)
			s.wantAnswer(t, revocation.Valid, "")
			s.Move(revocation.DefaultMaxAge)
			test.serve(t, s)
			s.wantAnswer(t, 0, code.StatusStale)
		})
	}
}
