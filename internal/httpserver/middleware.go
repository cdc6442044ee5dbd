package httpserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// MaxRequestID is how long a caller's own request id may be, in bytes.
const MaxRequestID = 64

// maxPanicText is how much of a panic's value is logged, in bytes.
const maxPanicText = 1024

// record is what is noted of one request while it is being answered. It belongs
// to the goroutine that answers.
type record struct {
	id    string
	route string
}

type recordKey struct{}

func recordFrom(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// RequestIDFrom returns the id that [RequestID] gave the request, or "".
func RequestIDFrom(ctx context.Context) string {
	if r := recordFrom(ctx); r != nil {
		return r.id
	}
	return ""
}

// SetRoute tells the access log the pattern that a router other than
// http.ServeMux matched, such as "/v1/people/:id". Call it from the goroutine
// that answers the request. An empty pattern changes nothing.
func SetRoute(ctx context.Context, pattern string) {
	if r := recordFrom(ctx); r != nil && pattern != "" {
		r.route = pattern
	}
}

// RequestID names each request, in its context and in the answer's
// X-Request-Id. A caller's own id is kept if it is one to [MaxRequestID] letters,
// digits, "-" and "_": enough for ids in use, too little to forge a log line or
// to carry a token.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(problem.RequestIDHeader)
		if !wellFormedID(id) {
			id = rand.Text()
		}
		w.Header().Set(problem.RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), recordKey{}, &record{id: id})))
	})
}

func wellFormedID(id string) bool {
	if id == "" || len(id) > MaxRequestID {
		return false
	}
	for _, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// AccessLog logs one line per request: method, route pattern, status, duration
// and request id. Requests that matched no route have the route "unmatched", so
// that what a caller invents is neither logged nor counted. Health checks that
// went well are logged at debug level.
func AccessLog(logger *slog.Logger, now func() time.Time) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			started := now()
			answer := recorderOf(w)
			// Deferred, so that an answer broken off by a panic is logged too.
			defer func() {
				route := routeOf(r)
				logger.LogAttrs(r.Context(), level(route, answer.code()), "request",
					slog.String("method", knownMethod(r.Method)),
					slog.String("route", route),
					slog.Int("status", answer.code()),
					slog.Duration("duration", now().Sub(started)),
					slog.String("request_id", RequestIDFrom(r.Context())))
			}()
			next.ServeHTTP(answer, r)
		})
	}
}

func level(route string, status int) slog.Level {
	if status == http.StatusOK && (route == "GET /healthz" || route == "GET /readyz") {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func routeOf(r *http.Request) string {
	if note := recordFrom(r.Context()); note != nil && note.route != "" {
		return note.route
	}
	if r.Pattern != "" {
		return r.Pattern
	}
	return "unmatched"
}

// knownMethod keeps methods that a caller made up out of logs and metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "other"
}

// Recover turns a panic into a 500 and a log entry with the stack. When part of
// the answer has been sent, the connection is broken instead, so that the caller
// does not take half an answer for a whole one.
func Recover(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := recorderOf(w)
			defer func() {
				value := recover()
				if value == nil {
					return
				}
				// net/http's own way of breaking off an answer is no mistake.
				if err, ok := value.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(http.ErrAbortHandler)
				}
				logger.ErrorContext(r.Context(), "panic", "request_id", RequestIDFrom(r.Context()), "route", routeOf(r),
					"panic", panicText(value), "stack", string(debug.Stack()))
				if answer.status != 0 {
					panic(http.ErrAbortHandler)
				}
				problem.Write(answer, r, problem.From(nil))
			}()
			next.ServeHTTP(answer, r)
		})
	}
}

func panicText(value any) string {
	text := fmt.Sprint(value)
	if len(text) > maxPanicText {
		return text[:maxPanicText]
	}
	return text
}
