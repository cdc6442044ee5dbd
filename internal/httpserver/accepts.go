package httpserver

import (
	"net/http"
	"strconv"
	"strings"
)

// Accepts reports whether the caller asked for a content coding by name and not
// with the weight zero (RFC 9110, section 12.5.3).
func Accepts(h http.Header, coding string) bool {
	for _, header := range h.Values("Accept-Encoding") {
		for each := range strings.SplitSeq(header, ",") {
			name, weight, weighted := strings.Cut(each, ";")
			if !strings.EqualFold(strings.TrimSpace(name), coding) {
				continue
			}
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(weight)), "q="), 64)
			return !weighted || err == nil && q > 0
		}
	}
	return false
}
