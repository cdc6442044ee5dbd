package fetch_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
)

func aggregation(t *testing.T, n int) string {
	t.Helper()
	lists := make([]string, n)
	for i := range lists {
		lists[i] = fmt.Sprintf("https://issuer.example/status-lists/%d", i+1)
	}
	text, err := json.Marshal(map[string]any{"status_lists": lists})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAggregateReadsTheAddressesOfLists(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8"} {
		server, port := serve(t, answer(200, contentType, aggregation(t, 2)))
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		lists, err := client.Aggregate(t.Context(), server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"https://issuer.example/status-lists/1", "https://issuer.example/status-lists/2"}; !slices.Equal(lists, want) {
			t.Errorf("got %q", lists)
		}
	}
}

func TestAggregateTakesSoManyListsAndNoMore(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		revocation.MaxLists:     "",
		revocation.MaxLists + 1: "status_lists is not an array of at most 1024",
	} {
		server, port := serve(t, answer(200, "application/json", aggregation(t, n)))
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		_, err := client.Aggregate(t.Context(), server.URL)
		if fmt.Sprint(err) != "revocation/fetch: aggregation: "+want && (err != nil || want != "") {
			t.Errorf("%d lists: %v", n, err)
		}
	}
}

func TestAggregateRefusesWhatIsNoAggregation(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		status            int
		contentType, body string
		want              string
	}{
		"an error":        {503, "application/json", `{"status_lists":[]}`, "HTTP status 503"},
		"a login page":    {200, "text/html", `{"status_lists":[]}`, "content type"},
		"not JSON":        {200, "application/json", `status_lists`, "json"},
		"another answer":  {200, "application/json", `{"lists":[]}`, "not an array"},
		"not an array":    {200, "application/json", `{"status_lists":"https://a/1"}`, "not an array"},
		"not all strings": {200, "application/json", `{"status_lists":["https://a/1",2]}`, "other than strings"},
		"twice":           {200, "application/json", `{"status_lists":[],"status_lists":["https://a/1"]}`, "twice"},
	} {
		server, port := serve(t, answer(step.status, step.contentType, step.body))
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		if _, err := client.Aggregate(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), step.want) {
			t.Errorf("%s: %v, want %q", name, err, step.want)
		}
	}
}
