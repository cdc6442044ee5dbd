package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Codes of the problems that are this service's own. The others are what every
// server of the project answers: method_not_allowed, request_too_large,
// request_timeout, unsupported_media_type, not_ready, internal_error and the
// json_ ones.
const (
	CodeCredentialMissing   = "credential_missing"     // 401
	CodeCredentialInvalid   = "credential_invalid"     // 401
	CodeScopeMissing        = "scope_missing"          // 403
	CodeCredentialAmbiguous = "credential_ambiguous"   // 400
	CodeCredentialMisplaced = "credential_misplaced"   // 400
	CodeOperatorInvalid     = "operator_invalid"       // 400
	CodeQueryNotAllowed     = "query_not_allowed"      // 400
	CodeLimitInvalid        = "limit_invalid"          // 400
	CodeCursorInvalid       = "cursor_invalid"         // 400
	CodeTimeInvalid         = "time_invalid"           // 400
	CodeValueInvalid        = "value_invalid"          // 400
	CodeHolderKeyMissing    = "holder_key_missing"     // 400
	CodeScopeUnknown        = "scope_unknown"          // 400
	CodeMultipartInvalid    = "multipart_invalid"      // 400
	CodePartUnknown         = "part_unknown"           // 400
	CodePartRepeated        = "part_repeated"          // 400
	CodePartMissing         = "part_missing"           // 400
	CodeImportUnreadable    = "import_unreadable"      // 422
	CodePortraitRefused     = "portrait_refused"       // 422
	CodeOtherIssuer         = "other_issuer"           // 400
	CodeNotFound            = problem.CodeNotFound     // 404
	CodeOfficeOff           = "office_off"             // 409
	CodeTooManyRequests     = "too_many_requests"      // 429
	CodeNotEligible         = "not_eligible"           // 409, with the member reasons
	CodeStandingEndsTooSoon = "standing_ends_too_soon" // 409
	CodeRevocationFinal     = "revocation_final"       // 409
	CodeAlreadyExists       = "already_exists"         // 409
	CodeConflict            = "conflict"               // 409
	CodeMassChange          = "mass_change"            // 409: an import that looks like a mistake
	CodeTimeUnsupported     = "time_unsupported"       // 501
	CodeOverloaded          = "overloaded"             // 503
	CodeStoreUnavailable    = "store_unavailable"      // 503
	CodeStatusListsFull     = "status_lists_full"      // 503
	CodeStatusListsLate     = "status_lists_late"      // 503, of /readyz alone
	CodeOutcomeUnknown      = "outcome_unknown"        // 503
)

func refuse(status int, code, format string, args ...any) error {
	return problem.Errorf(status, code, format, args...)
}

func badRequest(code, format string, args ...any) error {
	return refuse(http.StatusBadRequest, code, format, args...)
}

// fail answers with the problem that err is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if refused, ok := issuer.IsNotEligible(err); ok {
		writeNotEligible(w, r, refused)
		return
	}
	err = known(err)
	if problem.From(err).Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", problem.RetryAfter)
	}
	problem.WriteError(w, r, s.config.Logger, err)
}

// known is the one mapping from the errors of the program, its sources, its
// store and the credential to what the caller is told. What is not known here
// is passed on to package problem, which tells the caller nothing about it.
func known(err error) error {
	var said *problem.Error
	var tooLarge *http.MaxBytesError
	var file *issuer.FileError
	var refused *code.Error
	var picture *portrait.RefusedError
	var no *officers.RefusedError
	var mass *store.MassChangeError
	switch {
	case err == nil, errors.As(err, &said), errors.As(err, &tooLarge):
		return err
	case refusedKey(err) != nil:
		return refusedKey(err)
	case errors.As(err, &no):
		return refusedByOffice(err, no)
	case errors.As(err, &file):
		return unreadable(err, file)
	case errors.As(err, &picture):
		return refusedPicture(err, picture)
	// Before the others, because it may come together with one of them.
	case errors.Is(err, store.ErrUncertain):
		return &problem.Error{Status: http.StatusServiceUnavailable, Code: CodeOutcomeUnknown, Err: err,
			Detail: "The change may or may not have been made. Read it back before repeating the call."}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrClosed):
		return &problem.Error{Status: http.StatusServiceUnavailable, Code: CodeStoreUnavailable, Err: err,
			Detail: "The database can't answer now. Nothing was changed; try again in a moment."}
	case errors.Is(err, store.ErrListFull):
		return &problem.Error{Status: http.StatusServiceUnavailable, Code: CodeStatusListsFull, Err: err,
			Detail: "No status list has a free index, and there are as many lists as there may be. The operator needs an issuer with a larger list_size."}
	case errors.Is(err, issuer.ErrListsLate):
		return &problem.Error{Status: http.StatusServiceUnavailable, Code: CodeStatusListsLate, Err: err,
			Detail: "Status lists can't be published or signed anew. Verifiers go on with what they have, up to the limit of their sites; the log has the cause."}
	case errors.Is(err, enrol.ErrNoOffer):
		return refuse(http.StatusNotFound, CodeNotFound,
			"There is no offer here: it was taken, replaced, or is too old. Ask the program office for a new one.")
	case errors.As(err, &mass):
		return told(http.StatusConflict, CodeMassChange, mass)
	case errors.Is(err, store.ErrNotFound):
		return told(http.StatusNotFound, CodeNotFound, err)
	case errors.Is(err, store.ErrFinal):
		return told(http.StatusConflict, CodeRevocationFinal, err)
	case errors.Is(err, issuer.ErrOtherIssuer):
		return told(http.StatusBadRequest, CodeOtherIssuer, err)
	case errors.Is(err, issuer.ErrEndsTooSoon):
		return told(http.StatusConflict, CodeStandingEndsTooSoon, err)
	case errors.Is(err, store.ErrAlreadyExists):
		return told(http.StatusConflict, CodeAlreadyExists, err)
	case errors.Is(err, store.ErrConflict):
		return told(http.StatusConflict, CodeConflict, err)
	case errors.Is(err, store.ErrInvalid):
		return told(http.StatusBadRequest, CodeValueInvalid, err)
	case errors.As(err, &refused):
		return refusedToSign(err, refused)
	}
	return err
}

// unreadable is the answer to a file that is not what it should be. A body that
// did not arrive is not the file's fault.
func unreadable(err error, file *issuer.FileError) error {
	if errors.Is(err, context.Canceled) || problem.From(err).Code == problem.CodeRequestTimeout {
		return err
	}
	cause := strings.TrimPrefix(file.Err.Error(), "source: ")
	return &problem.Error{Status: http.StatusUnprocessableEntity, Code: CodeImportUnreadable,
		Detail: "Nothing was imported. File " + file.File + ": " + strings.TrimPrefix(cause, file.File+": "), Err: err}
}

// refusedToSign tells a key that is no good, and a record out of which no badge
// can be made, from what is a mistake of ours.
func refusedToSign(err error, refused *code.Error) error {
	switch refused.Code {
	case code.KeyTypeMismatch:
		return refuse(http.StatusBadRequest, string(refused.Code), "holder_key: %s", refused.Detail)
	case code.ClaimMissing, code.ClaimValueInvalid, code.ClaimTimeInvalid, code.TokenTooLarge:
		return refuse(http.StatusConflict, string(refused.Code), "The person's record does not fit into a badge: %s", refused.Detail)
	}
	return err
}

// told passes an error of ours on as it is, less the name of its package.
func told(status int, code string, err error) error {
	detail := err.Error()
	for _, prefix := range []string{"issuer: ", "store: "} {
		detail = strings.TrimPrefix(detail, prefix)
	}
	return &problem.Error{Status: status, Code: code, Detail: detail, Err: err}
}

// notEligible is a problem with an extension member (RFC 9457, section 3.2).
type notEligible struct {
	problem.Problem
	Reasons []string `json:"reasons"`
}

func writeNotEligible(w http.ResponseWriter, r *http.Request, refused *issuer.NotEligibleError) {
	body := notEligible{
		Problem: problem.New(http.StatusConflict, CodeNotEligible,
			"The person is not in good standing. The reasons say what to mend."),
		Reasons: reasonTexts(refused.Reasons),
	}
	if id := w.Header().Get(problem.RequestIDHeader); id != "" {
		body.Instance = "urn:cyberbadge:request:" + id
	}
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(body.Status)
	// Strings and an integer always marshal, and there is nobody left to tell
	// when the connection is gone.
	_ = json.NewEncoder(w).Encode(body)
}
