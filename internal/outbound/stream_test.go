package outbound

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// held answers and keeps the connection open until the other side goes.
func held(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, text)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func TestStreams_AreReadAsTheyCome(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, held("hello"))
	stream, err := mustClient(t, cfg).Open(t.Context(), Request{URL: server.URL}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text := make([]byte, 5)
	if _, err := io.ReadFull(stream, text); err != nil || string(text) != "hello" {
		t.Errorf("read %q, %v", text, err)
	}
	if stream.Status != http.StatusOK || stream.ContentType != "text/event-stream" {
		t.Errorf("status %d, content type %q", stream.Status, stream.ContentType)
	}
}

func TestStreams_EndWhenNothingComes(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, held("hello"))
	stream, err := mustClient(t, cfg).Open(t.Context(), Request{URL: server.URL}, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if _, err := io.ReadAll(stream); CodeOf(err) != CodeFailed {
		t.Errorf("ended with %v, want %s", err, CodeFailed)
	}
}

func TestStreams_HaveToBeginInTime(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	cfg.Timeout = 50 * time.Millisecond
	if _, err := mustClient(t, cfg).Open(t.Context(), Request{URL: server.URL}, time.Hour); CodeOf(err) != CodeFailed {
		t.Errorf("opened with %v, want %s", err, CodeFailed)
	}
}

func TestStreams_AreNotBoundByTheTimeOfACall(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-more
		fmt.Fprint(w, "late")
	})
	cfg.Timeout = 50 * time.Millisecond
	client := mustClient(t, cfg)
	stream, err := client.Open(t.Context(), Request{URL: server.URL}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	// A call that is bound runs out of its time beside it.
	if _, err := client.Get(t.Context(), server.URL, "", ""); CodeOf(err) != CodeFailed {
		t.Fatalf("the call ended with %v", err)
	}
	close(more)
	if text, err := io.ReadAll(stream); err != nil || string(text) != "late" {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestStreams_GoWhereCallsMayGo(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, held(""))
	if _, err := mustClient(t, Config{}).Open(t.Context(), Request{URL: server.URL}, time.Minute); CodeOf(err) != CodeBlocked {
		t.Errorf("opened with %v, want %s", err, CodeBlocked)
	}
	packed, cfg := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "br") })
	if _, err := mustClient(t, cfg).Open(t.Context(), Request{URL: packed.URL}, time.Minute); CodeOf(err) != CodeFailed {
		t.Errorf("opened with %v, want %s", err, CodeFailed)
	}
}
