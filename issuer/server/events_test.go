package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/eventstream/eventstreamtest"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// listener is a reader of the event stream.
type listener struct {
	*eventstreamtest.Listener
	lastID string
}

// follow begins to read the stream.
func follow(t testing.TB, url, lastID string, with ...string) *listener {
	t.Helper()
	l, err := dial(url, lastID, with...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func dial(url, lastID string, with ...string) (*listener, error) {
	request, err := http.NewRequest(http.MethodGet, url+issuer.EventsPath, nil)
	if err != nil {
		return nil, err
	}
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	for i := 0; i < len(with); i += 2 {
		request.Header.Set(with[i], with[i+1])
	}
	l, err := eventstreamtest.Dial(context.Background(), request)
	return &listener{l, lastID}, err
}

// read returns the next event, comments aside.
func (l *listener) read() (eventstreamtest.Event, error) {
	for {
		e, err := l.Read()
		if e.ID != "" {
			l.lastID = e.ID
		}
		if err != nil || e != (eventstreamtest.Event{}) {
			return e, err
		}
	}
}

func (l *listener) next(t testing.TB) eventstreamtest.Event {
	t.Helper()
	alarm := time.AfterFunc(eventstreamtest.Patience, l.Close)
	defer alarm.Stop()
	e, err := l.read()
	if err != nil {
		t.Fatalf("no event: %v", err)
	}
	return e
}

// list is what the next event says of a list.
func (l *listener) list(t testing.TB) listState {
	t.Helper()
	return listOf(t, l.next(t))
}

func listOf(t testing.TB, e eventstreamtest.Event) (state listState) {
	t.Helper()
	if e.Name != "list" {
		t.Fatalf("%s %s, want a list", e.Name, e.Data)
	}
	if err := json.Unmarshal([]byte(e.Data), &state); err != nil {
		t.Fatal(err)
	}
	return state
}

// end reads to the end of the stream and returns the last event.
func (l *listener) end(t testing.TB) (last eventstreamtest.Event) {
	t.Helper()
	for {
		e, err := l.read()
		if err == io.EOF {
			return last
		}
		if err != nil {
			t.Fatal(err)
		}
		last = e
	}
}

func (l *listener) hello(t testing.TB) (h hello) {
	t.Helper()
	e := l.next(t)
	if err := json.Unmarshal([]byte(e.Data), &h); err != nil || e.Name != "hello" {
		t.Fatalf("it began with %s %s, %v", e.Name, e.Data, err)
	}
	return h
}

// publishLists publishes until the test is over.
func (o *office) publishLists(t testing.TB) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.program.PublishLists(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// streams waits until there are so many.
func (o *office) streams(t testing.TB, want int) {
	t.Helper()
	for until := time.Now().Add(eventstreamtest.Patience); o.service.streams.Open() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d streams, want %d", o.service.streams.Open(), want)
		}
	}
}

func TestEvents_SayWhichListChanged(t *testing.T) {
	t.Parallel()
	o := start(t)
	issued := o.issue(t, eligible(t).ID)
	o.publishLists(t)
	o.get(t, "/status-lists/1")
	l := follow(t, o.url, "")
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no",
		"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Content-Encoding": "",
	} {
		if got := l.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if h := l.hello(t); h != (hello{Issuer: o.url, Heartbeat: 15}) {
		t.Errorf("it began with %+v", h)
	}
	uri := o.url + "/status-lists/1"
	if got, want := l.list(t), (listState{URI: uri, IssuedAt: o.Now().Unix(), Seq: 1}); got != want {
		t.Errorf("the list that there was: %+v, want %+v", got, want)
	}
	o.setStatus(t, issued.ID, "revoke", "key lost")
	event := l.list(t)
	token, err := revocation.Open(event.Token, uri, issuerListKey)
	if err != nil {
		t.Fatal(err)
	}
	if event.URI != uri || event.Seq != 2 || token.Seq != 2 || event.IssuedAt != token.IssuedAt.Unix() {
		t.Errorf("%+v with %+v", event, token)
	}
	if status, err := token.List.Status(uint64(issued.Index)); err != nil || status != revocation.Invalid {
		t.Errorf("the token that came says %v, %v", status, err)
	}
	if got := string(o.get(t, "/status-lists/1").body); got != event.Token {
		t.Error("another token is served")
	}
}

func TestEvents_GoOnWhereAReaderWas(t *testing.T) {
	t.Parallel()
	o := start(t)
	issued := o.issue(t, eligible(t).ID)
	o.publishLists(t)
	o.get(t, "/status-lists/1")
	first := follow(t, o.url, "")
	first.hello(t)
	first.next(t)
	first.Close()
	o.setStatus(t, issued.ID, "suspend", "r")
	o.get(t, "/status-lists/1")
	again := follow(t, o.url, first.lastID)
	if h := again.hello(t); !h.Resumed {
		t.Error("it was not resumed")
	}
	if e := again.list(t); e.Seq != 2 || e.Token == "" {
		t.Errorf("what came meanwhile: %+v", e)
	}
	o.setStatus(t, issued.ID, "reinstate", "r")
	if e := again.list(t); e.Seq != 3 {
		t.Errorf("what came then: %+v", e)
	}
	for _, unknown := range []string{"another-1", "x", first.lastID + "0", "-1", o.service.changes.boot, o.service.changes.boot + "-", strings.Repeat("x", 5000)} {
		l := follow(t, o.url, unknown)
		if h := l.hello(t); h.Resumed {
			t.Errorf("%.80q was resumed", unknown)
		}
		if e := l.list(t); e.Seq != 3 || e.Token != "" {
			t.Errorf("%.80q: %+v", unknown, e)
		}
		if l.lastID != again.lastID {
			t.Errorf("it goes on from %s, the others from %s", l.lastID, again.lastID)
		}
	}
}

func TestEvents_OfAnIssuerWithoutLists(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.publishLists(t)
	l := follow(t, o.url, "")
	l.hello(t)
	if l.lastID == "" {
		t.Error("there is nothing to go on from")
	}
	o.issue(t, eligible(t).ID)
	if e := l.list(t); e.Seq != 1 || e.Token == "" {
		t.Errorf("the first list: %+v", e)
	}
}

func TestEvents_AskedForInOtherWays(t *testing.T) {
	t.Parallel()
	o := open(t, options{path: "/tenant/1234"})
	head := o.send(t, http.DefaultClient, "HEAD", "/tenant/1234"+issuer.EventsPath, nil, nil)
	if head.status != http.StatusOK || head.header.Get("Content-Type") != "text/event-stream" || len(head.body) != 0 {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	before := o.send(t, http.DefaultClient, "OPTIONS", "/tenant/1234"+issuer.EventsPath, nil,
		headers{"Origin", "https://customer.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "last-event-id"})
	if before.status != http.StatusNoContent || before.header.Get("Access-Control-Allow-Headers") != "Last-Event-ID" {
		t.Errorf("OPTIONS: %d %v", before.status, before.header)
	}
	o.send(t, http.DefaultClient, "GET", issuer.EventsPath, nil, nil).problem(t, http.StatusNotFound, CodeNotFound)
	var d description
	o.get(t, "/openapi.json").decode(t, http.StatusOK, &d)
	if d.Paths["/tenant/1234"+issuer.EventsPath] == nil {
		t.Error("openapi.json has another path")
	}
	if got := o.measured(t)["cyberbadge_issuer_event_streams"]; got != "0" {
		t.Errorf("%s streams are left", got)
	}
}

func TestEvents_StreamsAreBounded(t *testing.T) {
	t.Parallel()
	o := open(t, options{change: func(c *Config) { c.Limits.Streams, c.Limits.StreamsPerClient, c.Limits.Proxies = 3, 2, 1 }})
	from := func(client string) reply {
		return o.get(t, issuer.EventsPath, "X-Forwarded-For", client)
	}
	leaving := follow(t, o.url, "", "X-Forwarded-For", "192.0.2.1")
	follow(t, o.url, "", "X-Forwarded-For", "192.0.2.1")
	refused := from("192.0.2.1")
	refused.problem(t, http.StatusTooManyRequests, CodeTooManyRequests)
	if got := refused.header.Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After is %q", got)
	}
	follow(t, o.url, "", "X-Forwarded-For", "192.0.2.2")
	from("192.0.2.3").problem(t, http.StatusServiceUnavailable, CodeOverloaded)
	leaving.Close()
	o.streams(t, 2)
	follow(t, o.url, "", "X-Forwarded-For", "192.0.2.1")
	for _, limits := range []Limits{{Streams: -1}, {Streams: eventstream.MaxStreams + 1}, {StreamsPerClient: -1}, {StreamsPerClient: eventstream.MaxStreams + 1}} {
		config := o.service.config
		config.Limits = limits
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), "it must be from 1 to 65536") {
			t.Errorf("%+v: %v", limits, err)
		}
	}
}

// short is a timeout that a stream has to outlive.
const short = 500 * time.Millisecond

// served runs the office's handler in the real server, with timeouts that are far
// shorter than a stream, and returns its address and how to end it.
func (o *office) served(t *testing.T) (url string, end func() time.Duration) {
	t.Helper()
	server, err := httpserver.New(httpserver.Config{
		Addr: "127.0.0.1:0", Handler: o.service.Handler(), OnShutdown: o.service.EndStreams, Logger: o.service.config.Logger,
		ReadTimeout: short, ReadHeaderTimeout: short, WriteTimeout: short, ShutdownGrace: eventstreamtest.Patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	return "http://" + server.Addr().String(), func() time.Duration {
		begun := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return time.Since(begun)
	}
}

func TestEvents_OutliveTheServersTimeoutsAndEndWithIt(t *testing.T) {
	t.Parallel()
	o := start(t)
	var err error
	if o.service.streams, err = eventstream.New(eventstream.Config{Heartbeat: short / 5}); err != nil {
		t.Fatal(err)
	}
	issued := o.issue(t, eligible(t).ID)
	o.publishLists(t)
	url, end := o.served(t)
	var streams []*listener
	for range 20 {
		l := follow(t, url, "")
		l.hello(t)
		streams = append(streams, l)
	}
	for beats := 0; beats < 15; { // three times the timeouts
		e, err := streams[0].Read()
		if err != nil {
			t.Fatal(err)
		}
		if e == (eventstreamtest.Event{}) {
			beats++
		}
	}
	o.setStatus(t, issued.ID, "revoke", "r")
	took := make(chan time.Duration, 1)
	go func() {
		o.streams(t, 20)
		took <- end()
	}()
	for i, l := range streams {
		if last := l.end(t); last.Name != "bye" || !strings.Contains(last.Data, eventstream.Stopping) {
			t.Errorf("stream %d ended with %s %s", i, last.Name, last.Data)
		}
	}
	if d := <-took; d >= eventstreamtest.Patience {
		t.Errorf("stopping took %v", d)
	}
	o.streams(t, 0)
	// Whoever comes now is heard to come again.
	o.send(t, http.DefaultClient, "GET", issuer.EventsPath, nil, nil).problem(t, http.StatusServiceUnavailable, CodeOverloaded)
}
