package problem

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ContentType is the media type of every problem (RFC 9457, section 3).
const ContentType = "application/problem+json"

// RequestIDHeader is the response header in which the server names a request.
// [Write] repeats it as the problem's instance, so that a caller who sends us
// only the body has sent the line to look for in the log, too.
const RequestIDHeader = "X-Request-Id"

// MaxDetail is how many bytes of a detail are sent; the rest is cut off. A
// detail may quote what the caller sent.
const MaxDetail = 1024

const (
	typePrefix     = "urn:cyberbadge:problem:"
	instancePrefix = "urn:cyberbadge:request:"
)

// Problem is the body of an answer that is not one (RFC 9457, section 3.1).
type Problem struct {
	Type     string `json:"type"`             // urn:cyberbadge:problem:<code>
	Title    string `json:"title"`            // the code in words, the same each time
	Status   int    `json:"status"`           // the HTTP status, 400 to 599
	Detail   string `json:"detail,omitempty"` // what happened this time and what to do, in English
	Code     string `json:"code"`             // stable, snake_case, for programs
	Instance string `json:"instance,omitempty"`
}

// New returns the problem of that code, with the type and title that follow
// from it.
func New(status int, code, detail string) Problem {
	return Problem{
		Type:   typePrefix + code,
		Title:  title(code),
		Status: status,
		Detail: shorten(detail),
		Code:   code,
	}
}

// title turns request_too_large into "Request too large".
func title(code string) string {
	words := strings.ReplaceAll(code, "_", " ")
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + words[size:]
}

func shorten(detail string) string {
	if len(detail) <= MaxDetail {
		return detail
	}
	return strings.ToValidUTF8(detail[:MaxDetail], "")
}

// Write sends p as the whole answer. Headers that would describe the answer
// that was meant to be sent instead are removed; others, such as Retry-After
// and Allow, stay as the handler set them.
func Write(w http.ResponseWriter, r *http.Request, p Problem) {
	header := w.Header()
	if id := header.Get(RequestIDHeader); p.Instance == "" && id != "" {
		p.Instance = instancePrefix + id
	}
	for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Disposition", "Etag", "Last-Modified"} {
		header.Del(name)
	}
	header.Set("Content-Type", ContentType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	// Strings and an integer always marshal, and there is nobody left to tell
	// when the connection is gone.
	_ = json.NewEncoder(w).Encode(p)
}
