package server

import (
	"context"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source/graph"
	"github.com/cyberbadge/cyberbadge/issuer/source/lrs"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// received tells of each delivery that went in.
type received struct {
	*issuer.Program
	from chan string
}

func (r received) Receive(ctx context.Context, im store.Import) (store.ImportResult, error) {
	result, err := r.Program.Receive(ctx, im)
	r.from <- im.By
	return result, err
}

// askSources brings the sample's training from a record store and its devices from
// Microsoft Graph, as the issuer asks them.
func (o *office) askSources(t *testing.T) {
	t.Helper()
	lrsURL, lrsClient := sourcetest.Serve(t, sourcetest.NewLRS(t, []byte(sampleFile(t, sample.Training))))
	records, err := lrs.New(lrs.Config{
		URL: lrsURL + sourcetest.LRSPath, User: sourcetest.LRSUser, Password: sourcetest.LRSPassword, Client: lrsClient, Now: o.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	graphURL, graphClient := sourcetest.Serve(t, sourcetest.NewGraph(t, []byte(sampleFile(t, sample.Devices)), o.Now))
	intune, err := graph.New(graph.Config{
		Tenant: sourcetest.GraphTenant, ClientID: sourcetest.GraphClient, ClientSecret: sourcetest.GraphSecret,
		GraphURL: graphURL, LoginURL: graphURL, Client: graphClient, Now: o.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	into := received{o.program, make(chan string, 1000)}
	r, err := runner.New(runner.Config{
		Sources:  []runner.Source{{Name: lrs.DefaultName, Feed: records}, {Name: graph.DefaultName, Feed: intune}},
		Receiver: into, Inventory: o.program, Cursors: o.program.Cursors(), Now: o.Now, Random: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	for came := map[string]bool{}; len(came) < 2; {
		came[<-into.from] = true
	}
	cancel()
	<-ended
}
