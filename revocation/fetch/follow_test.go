package fetch_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
)

// follow listens to a stream of that text, and returns what was heard and how it
// ended.
func follow(t *testing.T, mediaType, text string) ([]revocation.Notice, string) {
	t.Helper()
	server, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != fetch.EventStream {
			t.Errorf("Accept is %q", got)
		}
		w.Header().Set("Content-Type", mediaType)
		fmt.Fprint(w, text)
	})
	var heard []revocation.Notice
	client := mustClient(t, fetch.Config{AllowPorts: []uint16{port}, InsecureAllowLoopback: true})
	err := client.Follow(t.Context(), server.URL+"/v1/events", func(n revocation.Notice) { heard = append(heard, n) })
	if err == nil {
		t.Fatal("ended without saying why")
	}
	return heard, err.Error()
}

func TestFollow_HearsWhatTheStreamSays(t *testing.T) {
	t.Parallel()
	heard, end := follow(t, "text/event-stream; charset=utf-8", ": welcome\n\nid: 7\nevent: hello\ndata: {}\n\n"+
		"event: list\ndata: {\"uri\":\"https://issuer.example/status-lists/1\",\"iat\":1,\"seq\":2}\n\n: still here\n\n"+
		"event: other\ndata: anything\n\n"+
		"event:list\ndata:{\"uri\":\"https://issuer.example/status-lists/2\",\ndata: \"token\":\"a.b.c\"}\n\n")
	want := []revocation.Notice{{}, {URI: "https://issuer.example/status-lists/1"}, {URI: "https://issuer.example/status-lists/2", Token: "a.b.c"}}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	if !strings.HasSuffix(end, "the stream ended") {
		t.Errorf("ended with %q", end)
	}
}

func TestFollow_RefusesWhatIsNoStream(t *testing.T) {
	t.Parallel()
	list := "event: list\ndata: %s\n\n"
	for name, c := range map[string]struct{ mediaType, text, end string }{
		"a page":               {"text/html", "<html>", "content type \"text/html\" instead of \"text/event-stream\""},
		"damaged JSON":         {fetch.EventStream, fmt.Sprintf(list, "{"), "json_invalid"},
		"no list named":        {fetch.EventStream, fmt.Sprintf(list, `{"token":"a"}`), "an event names no list"},
		"a token of no text":   {fetch.EventStream, fmt.Sprintf(list, `{"uri":"https://i.example/1","token":1}`), "an event names no list"},
		"a slow reader's end":  {fetch.EventStream, "event: dropped\ndata: {}\n\n", "the issuer ended the stream: dropped"},
		"the issuer's own end": {fetch.EventStream, "event: bye\ndata: {}\n\n", "the issuer ended the stream: bye"},
		"an endless line":      {fetch.EventStream, "data: " + strings.Repeat("a", fetch.MaxEvent), "token too long"},
		"endless data":         {fetch.EventStream, strings.Repeat("data: "+strings.Repeat("a", fetch.MaxEvent/2)+"\n", 3), "an event of more than 262144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, end := follow(t, c.mediaType, c.text); !strings.Contains(end, c.end) {
				t.Errorf("ended with %q, want %q", end, c.end)
			}
		})
	}
}

func TestFollow_TakesAnEventUpToTheBound(t *testing.T) {
	t.Parallel()
	frame := len(`{"uri":"https://i.example/1","token":""}`)
	for size, want := range map[int]int{fetch.MaxEvent: 2, fetch.MaxEvent + 1: 1} {
		data := fmt.Sprintf(`{"uri":"https://i.example/1","token":"%s"}`, strings.Repeat("a", size-frame))
		// In two lines, for in one the field's name would count, too.
		text := "event: list\ndata: " + data[:size/2] + "\ndata: " + data[size/2:] + "\n\n"
		if heard, end := follow(t, fetch.EventStream, text); len(heard) != want {
			t.Errorf("%d bytes: heard %d notices, want %d, the hello among them; %s", size, len(heard), want, end)
		}
	}
}
