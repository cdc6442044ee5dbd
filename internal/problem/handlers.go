package problem

import (
	"fmt"
	"net/http"
	"strings"
)

// NotFound answers 404 not_found. It does not repeat the path: a path may hold
// a secret that was put there by mistake.
func NotFound() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Write(w, r, New(http.StatusNotFound, CodeNotFound,
			"There is nothing at this address. /openapi.json lists what there is."))
	})
}

// MethodNotAllowed answers 405 method_not_allowed with an Allow header of the
// methods given. With none given, the Allow header that a router has already
// set stays.
func MethodNotAllowed(allow ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(allow) > 0 {
			w.Header().Set("Allow", strings.Join(allow, ", "))
		}
		Write(w, r, New(http.StatusMethodNotAllowed, CodeMethodNotAllowed,
			fmt.Sprintf("This address answers to: %s.", w.Header().Get("Allow"))))
	})
}
