package httpserver

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBodyAtItsBound(t *testing.T) {
	t.Parallel()
	const bound = 1000
	s := start(t, Config{MaxBody: bound})
	for size, want := range map[int]int{bound: 200, bound + 1: 413} {
		status, _, text := call(t, "POST", s.url, strings.NewReader(strings.Repeat("x", size)))
		if status != want {
			t.Errorf("%d bytes: %d, want %d", size, status, want)
		}
		// Without a length, in chunks.
		status, _, _ = call(t, "POST", s.url, io.MultiReader(strings.NewReader(strings.Repeat("x", size))))
		if status != want {
			t.Errorf("%d bytes in chunks: %d, want %d", size, status, want)
		}
		if want == 413 && problemCode(t, text) != "request_too_large" {
			t.Error(text)
		}
	}
}

func TestHeadersBeyondTheirBoundAreRefused(t *testing.T) {
	t.Parallel()
	// net/http adds 4096 bytes of slack for its buffer to the bound, and the
	// request line and the other headers count too.
	const bound, slack, rest = 8 << 10, 4096, 300
	s := start(t, Config{MaxHeaderBytes: bound})
	for size, want := range map[int]int{bound: 200, bound + slack - rest: 200, bound + slack + 1: 431} {
		request, _ := http.NewRequestWithContext(t.Context(), "GET", s.url, nil)
		request.Header.Set("X-Long", strings.Repeat("x", size))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, response.StatusCode, want)
		}
	}
}

func TestSlowHeadersAreCutOff(t *testing.T) {
	t.Parallel()
	s := start(t, Config{ReadHeaderTimeout: 50 * time.Millisecond})
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection was not closed in order: %v", err)
	}
}

func TestSlowBodyIsAnswered408(t *testing.T) {
	t.Parallel()
	s := start(t, Config{ReadTimeout: 50 * time.Millisecond})
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != 408 || problemCode(t, string(text)) != "request_timeout" {
		t.Errorf("%d %s", response.StatusCode, text)
	}
}
