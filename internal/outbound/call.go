package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Request is one call.
type Request struct {
	Method string // empty means GET
	URL    string
	Header http.Header // sent as it is; may be nil
	Body   []byte      // at most MaxRequestBody; its type goes into Header
}

// Response is any answer, whatever its status.
type Response struct {
	Status      int
	ContentType string
	ETag        string
	Header      http.Header
	Body        []byte // unpacked; empty for 304
}

// RetryAfter is how long the service asks to be left alone (RFC 9110, section
// 10.2.3), in seconds or until a date; never negative. said is false when it says
// nothing, or nothing that can be read.
func (r Response) RetryAfter(now time.Time) (wait time.Duration, said bool) {
	value := strings.TrimSpace(r.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0), true
	}
	return 0, false
}

// Get fetches a URL. accept is the media type wanted; ifNoneMatch is the ETag of
// the copy at hand, which is still good if the status is 304; both may be empty.
func (c *Client) Get(ctx context.Context, url, accept, ifNoneMatch string) (Response, error) {
	header := make(http.Header)
	if accept != "" {
		header.Set("Accept", accept)
	}
	if ifNoneMatch != "" {
		header.Set("If-None-Match", ifNoneMatch)
	}
	return c.Do(ctx, Request{URL: url, Header: header})
}

// Do makes a call. Every error is an [*Error]; the response is empty then.
func (c *Client) Do(ctx context.Context, call Request) (Response, error) {
	c = c.to(call.URL)
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	host, response, err := c.send(ctx, call)
	if err != nil {
		return Response{}, err
	}
	defer response.Body.Close()
	answer, err := c.read(host, response)
	// A server that hears us hang up may end its answer properly in the middle,
	// and we may hear that before we are gone.
	if err == nil && ctx.Err() != nil {
		return Response{}, failure(host, ctx.Err(), false)
	}
	return answer, err
}

// send judges a call and makes it. The body of the response is the caller's to
// close.
func (c *Client) send(ctx context.Context, call Request) (host string, response *http.Response, err error) {
	u, err := c.parse(call.URL)
	if err != nil {
		return "", nil, err
	}
	host = u.Hostname()
	if len(call.Body) > MaxRequestBody {
		return host, nil, &Error{Code: CodeTooLarge, Host: host, Detail: fmt.Sprintf("the request's body is longer than %d bytes", MaxRequestBody)}
	}
	var handshakeFailed atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { handshakeFailed.Store(err != nil) },
	})
	request, err := http.NewRequestWithContext(ctx, call.Method, u.String(), bytes.NewReader(call.Body))
	if err != nil {
		return host, nil, &Error{Code: CodeFailed, Host: host, Err: err}
	}
	for name, values := range call.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", c.cfg.UserAgent)
	// Left to the transport, which unpacks only what it asked for itself.
	request.Header.Del("Accept-Encoding")

	if response, err = c.http.Do(request); err != nil {
		return host, nil, failure(host, err, handshakeFailed.Load())
	}
	return host, response, nil
}

func (c *Client) read(host string, response *http.Response) (Response, error) {
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return Response{}, &Error{Code: CodeFailed, Host: host, Detail: fmt.Sprintf("the body has the encoding %.40q, which was not asked for", encoding)}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, c.cfg.MaxBody+1))
	if err != nil {
		return Response{}, failure(host, err, false)
	}
	if int64(len(body)) > c.cfg.MaxBody {
		return Response{}, &Error{Code: CodeTooLarge, Host: host, Detail: fmt.Sprintf("the body is longer than %d bytes", c.cfg.MaxBody)}
	}
	return Response{
		Status:      response.StatusCode,
		ContentType: response.Header.Get("Content-Type"),
		ETag:        response.Header.Get("ETag"),
		Header:      response.Header,
		Body:        body,
	}, nil
}

// failure gives an error of net/http its code. Running out of time is never the
// certificate's fault, even in the middle of a handshake.
func failure(host string, err error, handshakeFailed bool) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	// Without the wrapper, which repeats the whole URL.
	var wrapper *url.Error
	if errors.As(err, &wrapper) {
		err = wrapper.Err
	}
	var timeout net.Error
	outOfTime := errors.Is(err, context.Canceled) || errors.As(err, &timeout) && timeout.Timeout()
	if !outOfTime && (handshakeFailed || isTLS(err)) {
		return &Error{Code: CodeTLS, Host: host, Err: err}
	}
	return &Error{Code: CodeFailed, Host: host, Err: err}
}
