package server

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// defaultPage is how many records a page has unless the caller says.
const defaultPage = 100

// checkQuery refuses parameters that the call does not have, and those that are
// there twice: a filter that is misspelled must not widen the answer.
func checkQuery(r *http.Request, known []string) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest(CodeQueryNotAllowed, "The query can't be read. Percent-encode what is special in it.")
	}
	for name, given := range values {
		if !slices.Contains(known, name) {
			if len(known) == 0 {
				return badRequest(CodeQueryNotAllowed, "This call takes no query.")
			}
			return badRequest(CodeQueryNotAllowed, "Of the query this call takes: %s.", strings.Join(known, ", "))
		}
		if len(given) > 1 {
			return badRequest(CodeQueryNotAllowed, "%s stands twice. Send it once.", name)
		}
	}
	return nil
}

// flag reads a parameter that is true or false; false when absent.
func flag(query url.Values, name string) (bool, error) {
	switch query.Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, badRequest(CodeValueInvalid, "%s is true or false.", name)
}

// pageLimit reads ?limit=.
func pageLimit(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return defaultPage, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > store.MaxPage {
		return 0, badRequest(CodeLimitInvalid, "limit is a whole number from 1 to %d.", store.MaxPage)
	}
	return limit, nil
}

// cursor reads ?after=. It is an external id and only ever compared, so any text
// that could be one will do.
func cursor(r *http.Request) (string, error) {
	text := r.URL.Query().Get("after")
	if len(text) > store.MaxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", badRequest(CodeCursorInvalid, "after is the external id behind which the page begins.")
	}
	return text, nil
}

// instant reads ?at=; the zero time stands for now.
func instant(r *http.Request) (time.Time, error) {
	text := r.URL.Query().Get("at")
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return time.Time{}, badRequest(CodeTimeInvalid,
			"at is an instant such as 2026-11-23T08:00:00Z; in a query the + of a zone is written %%2B.")
	}
	return at, nil
}
