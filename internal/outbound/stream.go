package outbound

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Stream is an answer that goes on for as long as both sides like, such as a
// stream of events. It is for one reader; Close may be called by another.
type Stream struct {
	Status      int
	ContentType string

	host string
	body io.ReadCloser
	idle time.Duration
	hush *time.Timer // cancels the call when nothing comes
	ctx  context.Context
	end  context.CancelFunc // of ctx
}

// Open makes a call whose answer is a stream. The bounds of [Config] hold for it
// up to the header; the body is bounded by its reader, and ends with ctx or when
// nothing has come for as long as idle: a peer that was unplugged says nothing
// about it. The caller closes it. Every error is an [*Error].
func (c *Client) Open(ctx context.Context, call Request, idle time.Duration) (*Stream, error) {
	c = c.to(call.URL)
	ctx, end := context.WithCancel(ctx)
	hush := time.AfterFunc(c.cfg.Timeout, end)
	host, response, err := c.send(ctx, call)
	if err != nil {
		hush.Stop()
		end()
		return nil, err
	}
	hush.Reset(idle)
	s := &Stream{
		Status: response.StatusCode, ContentType: response.Header.Get("Content-Type"),
		host: host, body: response.Body, idle: idle, hush: hush, ctx: ctx, end: end,
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		_ = s.Close()
		return nil, &Error{Code: CodeFailed, Host: host, Detail: fmt.Sprintf("the body has the encoding %.40q, which was not asked for", encoding)}
	}
	return s, nil
}

// Read implements io.Reader. Its errors are io.EOF and [*Error].
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if err == nil {
		s.hush.Reset(s.idle)
	}
	// A server that hears us hang up may end its answer properly.
	if err == io.EOF && s.ctx.Err() != nil {
		err = s.ctx.Err()
	}
	if err != nil && err != io.EOF {
		err = failure(s.host, err, false)
	}
	return n, err
}

// Close ends the call.
func (s *Stream) Close() error {
	s.hush.Stop()
	s.end()
	return s.body.Close()
}
