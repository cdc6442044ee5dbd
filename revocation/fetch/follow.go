package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/revocation"
)

const (
	// EventStream is the media type of server-sent events.
	EventStream = "text/event-stream"
	// MaxEvent is how long one event may be, in bytes. A list that comes along has
	// 32 KiB at most.
	MaxEvent = 256 << 10
	// MaxSilence ends a stream on which nothing comes: the issuer says something
	// every 15 seconds, so by then the connection is dead.
	MaxSilence = 45 * time.Second
)

// Follow listens to the server-sent events at uri; see revocation.Follower. It
// connects once: when the stream ends, the caller waits a moment and calls again.
func (c *Client) Follow(ctx context.Context, uri string, heard func(revocation.Notice)) error {
	header := http.Header{"Accept": {EventStream}, "Cache-Control": {"no-store"}}
	stream, err := c.outbound.Open(ctx, outbound.Request{URL: uri, Header: header}, MaxSilence)
	if err != nil {
		return fmt.Errorf("revocation/fetch: events: %w", err)
	}
	defer stream.Close()
	if stream.Status != http.StatusOK {
		return fmt.Errorf("revocation/fetch: events: HTTP status %d", stream.Status)
	}
	if mediaType, _, err := mime.ParseMediaType(stream.ContentType); err != nil || mediaType != EventStream {
		return fmt.Errorf("revocation/fetch: events: content type %.80q instead of %q", stream.ContentType, EventStream)
	}
	heard(revocation.Notice{})
	return fmt.Errorf("revocation/fetch: events: %w", readEvents(stream, heard))
}

// event is one event as it is being read (HTML, section 9.2.6).
type event struct{ name, data string }

// readEvents reads until the stream ends, and returns why it did.
func readEvents(stream io.Reader, heard func(revocation.Notice)) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, MaxEvent)
	var e event
	for lines.Scan() {
		if line := lines.Text(); line != "" {
			if err := e.add(line); err != nil {
				return err
			}
			continue
		}
		if err := e.tell(heard); err != nil {
			return err
		}
		e = event{}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the stream ended")
}

// add takes a line. Comments, which keep the connection alive, and fields of no
// use here are passed over.
func (e *event) add(line string) error {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "event":
		e.name = value
	case "data":
		if len(e.data)+len(value) > MaxEvent {
			return fmt.Errorf("an event of more than %d bytes", MaxEvent)
		}
		e.data += value
	}
	return nil
}

func (e *event) tell(heard func(revocation.Notice)) error {
	switch e.name {
	case "list":
		notice, err := readNotice(e.data)
		if err == nil {
			heard(notice)
		}
		return err
	case "dropped", "bye":
		return fmt.Errorf("the issuer ended the stream: %s", e.name)
	}
	return nil // what a later version may say
}

func readNotice(data string) (revocation.Notice, error) {
	v, err := strictjson.Parse([]byte(data))
	if err != nil {
		return revocation.Notice{}, err
	}
	uri, _ := v.Member("uri")
	token, present := v.Member("token")
	if uri.Kind != strictjson.String || uri.Text == "" || present && token.Kind != strictjson.String {
		return revocation.Notice{}, errors.New("an event names no list")
	}
	return revocation.Notice{URI: uri.Text, Token: token.Text}, nil
}
