package office

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
)

// NewHTTPClient returns an http.Client whose calls are made by client, and so
// under its rules: which addresses are called, how long an answer may take and
// be, no redirect but those that it allows.
func NewHTTPClient(client *outbound.Client) *http.Client {
	return &http.Client{
		Transport: outboundTransport{client},
		// Those are the outbound client's business, which never shows one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type outboundTransport struct{ client *outbound.Client }

// RoundTrip implements http.RoundTripper.
func (t outboundTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := requestBody(r)
	if err != nil {
		return nil, err
	}
	answer, err := t.client.Do(r.Context(), outbound.Request{
		Method: r.Method, URL: r.URL.String(), Header: r.Header.Clone(), Body: body,
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", answer.Status, http.StatusText(answer.Status)),
		StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)),
		ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}

func requestBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, outbound.MaxRequestBody+1))
	return body, errors.Join(err, r.Body.Close())
}
