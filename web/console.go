package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"io/fs"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// Told is what the console is told with its document, because it could not ask for
// it. The zero value is for an issuer that nobody signs in to.
type Told struct {
	// SignIn says that there is an identity provider to sign in at.
	SignIn bool `json:"sign_in"`
	// Refused is what came of a sign-in: the document is the answer to it, and has
	// its status. Nil for a document that was asked for.
	Refused *problem.Problem `json:"refused,omitempty"`
}

// console is the document of the office's page, in two parts between which stands
// what it is told.
type console struct {
	headers       func(http.Handler) http.Handler
	before, after []byte // nil when it was not built
}

// toldPlace is where a document takes what it is told.
const toldPlace = `<div id="page"`

func readConsole(files fs.FS, base string, headers func(http.Handler) http.Handler) (console, error) {
	text, err := documentText(files, "console", base)
	if err != nil || text == nil {
		return console{}, err
	}
	at := bytes.Index(text, []byte(toldPlace))
	if at < 0 {
		return console{}, errors.New("console.html has no " + toldPlace)
	}
	at += len(toldPlace)
	return console{headers, text[:at], text[at:]}, nil
}

// Console is the program office's page. It stands at /console/ of an issuer, calls
// /v1/ and /office/ of the same origin, and holds nothing by itself.
func (p *Pages) Console(told Told) http.Handler {
	c := p.console
	if c.before == nil {
		return http.HandlerFunc(notBuilt)
	}
	// Booleans and strings always marshal.
	text, _ := json.Marshal(told)
	document := bytes.Join([][]byte{c.before, []byte(` data-told="` + html.EscapeString(string(text)) + `"`), c.after}, nil)
	if told.Refused == nil {
		return c.headers(fresh(document, htmlType))
	}
	return c.headers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", htmlType)
		w.WriteHeader(told.Refused.Status)
		// A failed write has nobody left to be told.
		_, _ = w.Write(document)
	}))
}
