package httpserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// ReadyTimeout bounds one call of a readiness check.
const ReadyTimeout = 2 * time.Second

// CodeNotReady is the problem code of a server that cannot work now, unless its
// readiness check names a closer one.
const CodeNotReady = "not_ready"

// Healthy answers 200 for as long as the process can answer at all. It looks at
// nothing else: restarting does not mend a database.
func Healthy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerOK(w) })
}

// Ready answers 200 when ready returns nil, else 503 with the reason. The code
// and detail of a *problem.Error are told; the text of any other error is only
// logged, because anybody may ask. A nil ready is always ready.
func Ready(ready func(context.Context) error, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ready == nil {
			answerOK(w)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), ReadyTimeout)
		defer cancel()
		err := ready(ctx)
		if err == nil {
			answerOK(w)
			return
		}
		logger.WarnContext(ctx, "not ready", "request_id", RequestIDFrom(ctx), "error", err)
		problem.Write(w, r, notReady(err))
	})
}

func notReady(err error) problem.Problem {
	var known *problem.Error
	if errors.As(err, &known) {
		return problem.New(http.StatusServiceUnavailable, known.Code, known.Detail)
	}
	return problem.New(http.StatusServiceUnavailable, CodeNotReady, "The server cannot do its work now; its log has the cause.")
}

func answerOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n")
}

// Operations answers an operator's own listener: /metrics, /healthz and /readyz,
// and problems for anything else.
func Operations(metrics http.Handler, ready func(context.Context) error, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	for path, handler := range map[string]http.Handler{
		"/metrics": metrics,
		"/healthz": Healthy(),
		"/readyz":  Ready(ready, logger),
	} {
		mux.Handle("GET "+path, handler)
		mux.Handle(path, problem.MethodNotAllowed(http.MethodGet, http.MethodHead))
	}
	mux.Handle("/", problem.NotFound())
	return mux
}
