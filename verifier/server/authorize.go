package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// challenge names the scheme in which a presentation is expected (RFC 6750).
const challenge = `Bearer realm="badge"`

// authorize reads one header and nothing else of the request. In particular not
// the query: Caddy sends that of the client's own request along.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	presentation, err := bearer(r.Header.Values("Authorization"))
	if err != nil {
		w.Header().Set("WWW-Authenticate", challenge)
		return err
	}
	decision, decided := s.decide(r.Context(), authorizeRoute, presentation, verifier.Request{Access: s.config.AuthorizeAccess})
	if !decided {
		w.Header().Set("Retry-After", problem.RetryAfter)
		return problem.Errorf(http.StatusForbidden, CodeOverloaded, overloadedDetail)
	}
	header := w.Header()
	header.Set("X-Badge-Decision", decision.ID)
	header.Set("X-Badge-Reason", string(decision.Reason))
	if !decision.Allow {
		return problem.Errorf(http.StatusForbidden, CodeBadgeDenied,
			"The badge gives no access: %s (%s).", decision.Reason, decision.Code)
	}
	header.Set("X-Badge-Subject", printable(decision.Badge.Subject))
	header.Set("X-Badge-Issuer", printable(decision.Badge.Issuer))
	header.Set("X-Badge-Access", string(decision.Access))
	header.Set("X-Badge-Expires", decision.Badge.Expires.UTC().Format(time.RFC3339))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// bearer returns the only credential of a request. Of two, the proxy and this
// server might each judge another, and some proxies join two headers with a
// comma, which no presentation has.
func bearer(headers []string) (string, error) {
	if len(headers) == 0 {
		return "", missing()
	}
	if len(headers) > 1 || strings.Contains(headers[0], ",") {
		return "", badRequest(CodeCredentialAmbiguous, "Send one Authorization header with one presentation.")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", missing()
	}
	return token, nil
}

func missing() error {
	return problem.Errorf(http.StatusUnauthorized, CodeCredentialMissing, "Send the presentation as Authorization: Bearer <presentation>.")
}

// printable percent-encodes what does not belong in a header and what a reader
// might split at. Different texts stay different.
func printable(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		if c > ' ' && c < 0x7f && !strings.ContainsRune(`%,;"\`, rune(c)) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
