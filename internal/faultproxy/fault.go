package faultproxy

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong. The zero Fault is none.
type Fault struct {
	open, fresh treatment                  // of connections that there are, and of new ones
	stranger    bool                       // another certificate is shown
	change      func(*http.Response) error // of each answer; nil: none
}

// treatment is what becomes of a connection.
type treatment int

const (
	pass    treatment = iota
	drop              // it is closed, as by a middle box that was put in place
	silence           // nothing comes through any more, and neither end is told
	reset             // it is cut off with a RST
)

// BlackHole swallows everything: connections can be made, and nothing ever answers.
func BlackHole() Fault { return Fault{open: silence, fresh: silence} }

// Reset cuts off every connection, those that there are and new ones.
func Reset() Fault { return Fault{open: reset, fresh: reset} }

// HalfOpen silences the connections that there are, as when a router has forgotten
// them: neither end is told. New ones are as always.
func HalfOpen() Fault { return Fault{open: silence} }

// Latency delays each answer by that much.
func Latency(d time.Duration) Fault {
	return answer(func(r *http.Response) error {
		late := time.NewTimer(d)
		defer late.Stop()
		select {
		case <-late.C:
			return nil
		case <-r.Request.Context().Done():
			return r.Request.Context().Err()
		}
	})
}

// Truncated ends each body after so many bytes, and the connection with it, although
// the header promised more.
func Truncated(bytes int64) Fault {
	return answer(func(r *http.Response) error {
		r.Body = cut{io.LimitReader(r.Body, bytes), r.Body}
		return nil
	})
}

// cut reads what is left of a body and then fails.
type cut struct {
	io.Reader
	io.Closer
}

// Read never ends well.
func (c cut) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// MediaType calls each answer something else than it is.
func MediaType(name string) Fault {
	return answer(func(r *http.Response) error {
		r.Header.Set("Content-Type", name)
		return nil
	})
}

// Instead answers everything with a text, as 200 and of that media type.
func Instead(mediaType, text string) Fault {
	return answer(func(r *http.Response) error {
		r.StatusCode = http.StatusOK
		r.Header = http.Header{"Content-Type": {mediaType}, "Content-Length": {strconv.Itoa(len(text))}}
		replace(r, text)
		return nil
	})
}

// RedirectLoop sends everybody to where they come from.
func RedirectLoop() Fault {
	return answer(func(r *http.Response) error {
		r.StatusCode = http.StatusFound
		r.Header = http.Header{"Location": {r.Request.URL.RequestURI()}, "Content-Length": {"0"}}
		replace(r, "")
		return nil
	})
}

// OtherCertificate shows a certificate for the same name that nobody trusts.
func OtherCertificate() Fault { return Fault{open: drop, stranger: true} }

func answer(change func(*http.Response) error) Fault { return Fault{open: drop, change: change} }

func replace(r *http.Response, text string) {
	_ = r.Body.Close()
	r.Body = io.NopCloser(strings.NewReader(text))
	r.ContentLength = int64(len(text))
}
