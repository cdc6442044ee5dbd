package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// ContentType is the media type of every answer with a body (RFC 7644, section 8.1).
const ContentType = "application/scim+json"

// ErrNotFound is what a [Directory] and [Groups] answer when there is no such
// record.
var ErrNotFound = errors.New("not found")

// Type is the keyword of an error (RFC 7644, table 9).
type Type string

// The types.
const (
	InvalidFilter Type = "invalidFilter"
	InvalidPath   Type = "invalidPath"
	InvalidSyntax Type = "invalidSyntax"
	InvalidValue  Type = "invalidValue"
	Mutability    Type = "mutability"
	NoTarget      Type = "noTarget"
	Uniqueness    Type = "uniqueness"
)

// Error is a refusal.
type Error struct {
	Status int
	Type   Type   // empty where the status says it all
	Detail string // shown to the caller: what was wrong and what to do
}

// Error implements the error interface.
func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Type, e.Detail) }

// Refuse returns the refusal of a request that is wrong in itself.
func Refuse(kind Type, format string, args ...any) error {
	status := http.StatusBadRequest
	if kind == Uniqueness {
		status = http.StatusConflict
	}
	return &Error{status, kind, fmt.Sprintf(format, args...)}
}

// Of is the error as SCIM has it. One that package problem knows keeps its status
// and detail; of any other the caller learns nothing.
func Of(err error) *Error {
	var refused *Error
	if errors.As(err, &refused) {
		return refused
	}
	if errors.Is(err, ErrNotFound) {
		return &Error{Status: http.StatusNotFound, Detail: "There is no such resource, or it was deleted."}
	}
	p := problem.From(err)
	e := &Error{Status: p.Status, Detail: p.Detail}
	if p.Status == http.StatusConflict {
		e.Type = Uniqueness
	}
	return e
}

// errorBody is RFC 7644, section 3.12. The status is text there.
type errorBody struct {
	Schemas []string `json:"schemas"`
	Status  string   `json:"status"`
	Type    Type     `json:"scimType,omitempty"`
	Detail  string   `json:"detail"`
}

// WriteError answers with an error. Those of 500 and above are logged with their
// cause; the others are the caller's affair.
func WriteError(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	e := Of(err)
	header := w.Header()
	if e.Status >= http.StatusInternalServerError {
		logger.ErrorContext(r.Context(), "request failed",
			"request_id", header.Get(problem.RequestIDHeader), "status", e.Status, "error", err)
	}
	for _, name := range []string{"Content-Length", "Etag", "Location", "Content-Location"} {
		header.Del(name)
	}
	header.Set("Content-Type", ContentType)
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(e.Status)
	// There is nobody left to tell when the connection is gone.
	_ = json.NewEncoder(w).Encode(errorBody{[]string{errorMessage}, strconv.Itoa(e.Status), e.Type, e.Detail})
}
