package httpserver

import "net/http"

// Answer answers a request. An error that it returns instead is answered as a
// problem by the server whose it is.
type Answer func(http.ResponseWriter, *http.Request) error

// Always is the answer of a handler, which has no error to return.
func Always(h http.Handler) Answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}
