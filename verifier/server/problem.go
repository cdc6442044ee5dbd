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

	CodeCrossSite           = "cross_site"            // 403
	CodeKeyInvalid          = "key_invalid"           // 400
	CodePairingRefused      = "pairing_refused"       // 403
	CodeTooManyAttempts     = "too_many_attempts"     // 429
	CodeGateUnknown         = "gate_unknown"          // 403: the tablet has to be paired anew
	CodeGateProofRefused    = "gate_proof_refused"    // 403
	CodeGateSessionMissing  = "gate_session_missing"  // 401
	CodeGatePolicyUnknown   = "gate_policy_unknown"   // 503
	CodePictureQueryInvalid = "picture_query_invalid" // 400
	CodePictureUnavailable  = "picture_unavailable"   // 404
	CodeRegisterOff         = "register_off"          // 409
	CodeTooManyRecords      = "too_many_records"      // 400
)

const overloadedDetail = "More decisions are under way than this server can make. Try again in a second."

func refuse(status int, code, detail string) error { return problem.Errorf(status, code, "%s", detail) }

func forbidden(code, detail string) error { return refuse(http.StatusForbidden, code, detail) }

func overloaded(w http.ResponseWriter) error {
	w.Header().Set("Retry-After", problem.RetryAfter)
	return refuse(http.StatusServiceUnavailable, CodeOverloaded, overloadedDetail)
}

func badRequest(code, format string, args ...any) error {
	return problem.Errorf(http.StatusBadRequest, code, format, args...)
}
