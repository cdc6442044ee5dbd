package httpserver

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// CodeUnsupportedMediaType is the problem code of a body in another format than
// the one that is read here.
const CodeUnsupportedMediaType = "unsupported_media_type"

// ReadBody reads a body of at most limit bytes that has one of the media types
// given, in UTF-8 and not compressed. Its errors are *problem.Error, except for
// 413, which is an *http.MaxBytesError, and for broken connections.
//
// Compressed bodies are refused, not unpacked: nobody who calls us needs them,
// and a few bytes could unpack to gigabytes.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64, mediaTypes ...string) ([]byte, error) {
	if len(r.Header.Values("Content-Encoding")) > 0 {
		return nil, problem.Errorf(http.StatusUnsupportedMediaType, CodeUnsupportedMediaType,
			"The body has a Content-Encoding. Send it without one.")
	}
	if !hasMediaType(r.Header.Values("Content-Type"), mediaTypes) {
		return nil, problem.Errorf(http.StatusUnsupportedMediaType, CodeUnsupportedMediaType,
			"Send the body as Content-Type: %s, in UTF-8.", strings.Join(mediaTypes, " or "))
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	if r.ContentLength <= 0 || r.ContentLength > limit {
		return io.ReadAll(body)
	}
	// net/http ends the body where its length says.
	text := make([]byte, r.ContentLength)
	_, err := io.ReadFull(body, text)
	return text, err
}

// hasMediaType wants exactly one header, because of two each reader would pick
// its own, and no parameter but charset=utf-8.
func hasMediaType(headers, accepted []string) bool {
	if len(headers) != 1 {
		return false
	}
	mediaType, parameters, err := mime.ParseMediaType(headers[0])
	if err != nil || !slices.Contains(accepted, mediaType) {
		return false
	}
	charset, named := parameters["charset"]
	if !named {
		return len(parameters) == 0
	}
	return len(parameters) == 1 && strings.EqualFold(charset, "utf-8")
}
