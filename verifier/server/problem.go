package server

import (
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// Codes of the problems that are this service's own. The others are what every
// server of the project answers: not_found, method_not_allowed,
// request_too_large, request_timeout, unsupported_media_type, not_ready,
// internal_error and the json_ ones.
const (
	CodePresentationMissing = "presentation_missing"    // 400
	CodeAccessUnknown       = "access_unknown"          // 400
	CodeNonceUnpaired       = "nonce_audience_unpaired" // 400
	CodeValueTooLong        = "value_too_long"          // 400
	CodeQueryNotAllowed     = "query_not_allowed"       // 400
	CodeCredentialAmbiguous = "credential_ambiguous"    // 400
	CodeCredentialMissing   = "credential_missing"      // 401
	CodeBadgeDenied         = "badge_denied"            // 403
	CodeOverloaded          = "overloaded"              // 503, for forward auth 403
)

const overloadedDetail = "More decisions are under way than this server can make. Try again in a second."

// retryAfter is in seconds (RFC 9110, section 10.2.3).
const retryAfter = "1"

func badRequest(code, format string, args ...any) error {
	return problem.Errorf(http.StatusBadRequest, code, format, args...)
}
