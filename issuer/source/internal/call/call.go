package call

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// Bounds. A [Caller] waits no longer for one answer than MaxWait in all, and a
// source that asks for more is left for the next time.
const (
	MaxTries    = 5
	MaxWait     = 2 * time.Minute
	defaultWait = 5 * time.Second // of a 429 or 503 that says nothing
)

// Doer makes one HTTP call. An *outbound.Client is one.
type Doer interface {
	Do(context.Context, outbound.Request) (outbound.Response, error)
}

// Wait returns after a time, or with ctx's error when that is done first.
type Wait func(ctx context.Context, d time.Duration) error

// Sleep is the [Wait] of real time.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Caller asks one source; [New] makes it. It is safe for concurrent use.
type Caller struct {
	What   string // the source's name in errors, such as "Microsoft Graph"
	Client Doer
	Base   string // the address of the source; others on its host may be called
	Header http.Header
	// Authorize returns the value of Authorization: another than the one that was
	// just refused, if that is not empty and there may be another.
	Authorize func(ctx context.Context, refused string) (string, error)
	Wait      Wait             // Sleep when nil
	Now       func() time.Time // time.Now when nil
}

// New returns the caller that c describes, with its defaults in.
func New(c Caller) *Caller {
	if c.Wait == nil {
		c.Wait = Sleep
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &c
}

// StatusError is an answer that is none.
type StatusError struct {
	What   string
	Status int
	Body   []byte // for who asked; it is in no message
}

// Error implements the error interface.
func (e *StatusError) Error() string {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("%s answered %d: check the credential and its permissions", e.What, e.Status)
	}
	return fmt.Sprintf("%s answered %d", e.What, e.Status)
}

// Status returns the status of the [*StatusError] in an error's tree, or 0.
func Status(err error) int {
	var known *StatusError
	if errors.As(err, &known) {
		return known.Status
	}
	return 0
}

// Get returns the answer with status 200 to a GET. Every other is a
// [*StatusError], or a *source.RetryError around one if it says when to come
// back. A credential that is refused is tried once more, afresh.
func (c *Caller) Get(ctx context.Context, address string) (outbound.Response, error) {
	var waited time.Duration
	refused := ""
	for try := 1; ; try++ {
		response, authorization, err := c.once(ctx, address, refused)
		if err != nil {
			return outbound.Response{}, err
		}
		switch status := response.Status; {
		case status == http.StatusOK:
			return response, isJSON(c.What, response)
		case status == http.StatusUnauthorized && refused == "":
			refused = authorization
			continue
		case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
			pause := c.pause(response)
			if try < MaxTries && waited+pause <= MaxWait {
				waited += pause
				if err := c.Wait(ctx, pause); err != nil {
					return outbound.Response{}, err
				}
				continue
			}
			return outbound.Response{}, &source.RetryError{After: pause, Err: &StatusError{c.What, status, response.Body}}
		default:
			return outbound.Response{}, &StatusError{c.What, status, response.Body}
		}
	}
}

func (c *Caller) once(ctx context.Context, address, refused string) (response outbound.Response, authorization string, err error) {
	if authorization, err = c.Authorize(ctx, refused); err != nil {
		return response, "", err
	}
	header := c.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Accept", "application/json")
	header.Set("Authorization", authorization)
	if response, err = c.Client.Do(ctx, outbound.Request{URL: address, Header: header}); err != nil {
		return response, "", fmt.Errorf("%s could not be asked: %w", c.What, err)
	}
	return response, authorization, nil
}

// pause is how long the source is to be left alone.
func (c *Caller) pause(response outbound.Response) time.Duration {
	if wait, said := response.RetryAfter(c.Now()); said {
		return max(wait, time.Second)
	}
	return defaultWait
}

// isJSON refuses the sign-in page of something in between.
func isJSON(what string, response outbound.Response) error {
	kind, _, err := mime.ParseMediaType(response.ContentType)
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return fmt.Errorf("%s answered with %.60q instead of JSON: check its address", what, response.ContentType)
	}
	return nil
}

// Follow returns the address that an answer named, absolute. It must be on the
// host of Base, because it is sent our credential.
func (c *Caller) Follow(named string) (string, error) {
	base, err := url.Parse(c.Base)
	if err != nil {
		return "", err
	}
	next, err := base.Parse(named)
	if err != nil {
		return "", fmt.Errorf("%s names a next page that is no address", c.What)
	}
	if next.Scheme != base.Scheme || !strings.EqualFold(next.Host, base.Host) || next.User != nil {
		return "", fmt.Errorf("%s names a next page on another host (%.80q), which is not called", c.What, next.Host)
	}
	next.Fragment = ""
	return next.String(), nil
}
