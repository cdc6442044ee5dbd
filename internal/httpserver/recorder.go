package httpserver

import "net/http"

// recorder remembers the status that was sent. http.ResponseController finds
// what else the connection can do by way of Unwrap.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is sent
}

var _ http.Flusher = (*recorder)(nil)

// recorderOf returns w itself if it is a recorder, so that middleware share one.
func recorderOf(w http.ResponseWriter) *recorder {
	if r, ok := w.(*recorder); ok {
		return r
	}
	return &recorder{ResponseWriter: w}
}

func (r *recorder) WriteHeader(status int) {
	// 1xx are announcements; the answer's own status still follows.
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(data)
}

// Flush implements http.Flusher, for routers that look for it directly.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// code is the status that the caller got: net/http sends 200 for a handler that
// sent nothing.
func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
