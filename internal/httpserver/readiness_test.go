package httpserver

import (
	"context"
	"net/http"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

// What only the operator needs does not take the node from the public.
func TestReadyMayDifferOnTheOperatorsListener(t *testing.T) {
	t.Parallel()
	late := func(context.Context) error { return problem.Errorf(503, "late", "") }
	fine := func(context.Context) error { return nil }
	for name, c := range map[string]struct {
		ready, operations func(context.Context) error
		public, operators int
	}{
		"both":               {late, nil, 503, 503},
		"the operator alone": {fine, late, 200, 503},
		"neither":            {nil, nil, 200, 200},
	} {
		server, err := New(Config{
			Addr: "127.0.0.1:0", Handler: ok(quiet()), MetricsAddr: "127.0.0.1:0", MetricsHandler: ok(quiet()),
			Ready: c.ready, OperationsReady: c.operations, Logger: quiet(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Listen(); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- server.Serve(ctx) }()
		for address, want := range map[string]int{server.Addr().String(): c.public, server.MetricsAddr().String(): c.operators} {
			answer, err := http.Get("http://" + address + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("%s: %s answers %d, want %d", name, address, answer.StatusCode, want)
			}
		}
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
}
