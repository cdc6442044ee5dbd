package runner_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/graph"
	"github.com/cyberbadge/cyberbadge/issuer/source/lrs"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// shop is a database that evidence goes into.
type shop struct {
	*sqlite.Store
	done chan string // who has brought something
}

func openShop(t *testing.T, now func() time.Time) *shop {
	t.Helper()
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "db", "store.db"), Create: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	people, err := source.People(bytes.NewReader(file(t, sample.People)))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{database, make(chan string, 100)}
	if _, err := database.ApplyImport(t.Context(), store.Import{By: "test", People: people.Records}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) Receive(ctx context.Context, im store.Import) (store.ImportResult, error) {
	result, err := s.ApplyImport(ctx, im)
	s.done <- im.By
	return result, err
}

func (s *shop) DeviceIDs(context.Context, string) ([]string, error) { return nil, nil }

// everything is what is held of everybody.
func (s *shop) everything(t *testing.T) (training map[evidence.Origin]evidence.Training, devices map[evidence.Origin]evidence.Device) {
	t.Helper()
	training, devices = map[evidence.Origin]evidence.Training{}, map[evidence.Origin]evidence.Device{}
	err := s.AllEvidence(t.Context(), func(_ evidence.Person, records []evidence.Training, held []evidence.Device) error {
		for _, r := range records {
			training[r.Origin] = r
		}
		for _, d := range held {
			devices[d.Origin] = d
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return training, devices
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := sample.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The sample program, served by a record store and Microsoft Graph, is in the
// database as its files bring it.
func TestTheSampleIsAsItsFilesBringIt(t *testing.T) {
	t.Parallel()
	at, err := time.Parse(time.RFC3339, sample.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	clock := sourcetest.NewClock(at)
	byFile, byFeed := openShop(t, clock.Now), openShop(t, clock.Now)
	training, err := source.Training(bytes.NewReader(file(t, sample.Training)), source.Config{Source: lrs.DefaultName})
	if err != nil {
		t.Fatal(err)
	}
	devices, err := source.Devices(bytes.NewReader(file(t, sample.Devices)), source.Config{Source: graph.DefaultName})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := byFile.ApplyImport(t.Context(), store.Import{By: "test", Training: training.Records, Devices: devices.Records}); err != nil {
		t.Fatal(err)
	}

	lrsURL, lrsClient := sourcetest.Serve(t, sourcetest.NewLRS(t, file(t, sample.Training)))
	records, err := lrs.New(lrs.Config{
		URL: lrsURL + sourcetest.LRSPath, User: sourcetest.LRSUser, Password: sourcetest.LRSPassword, Client: lrsClient, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	graphURL, graphClient := sourcetest.Serve(t, sourcetest.NewGraph(t, file(t, sample.Devices), clock.Now))
	intune, err := graph.New(graph.Config{
		Tenant: sourcetest.GraphTenant, ClientID: sourcetest.GraphClient, ClientSecret: sourcetest.GraphSecret,
		GraphURL: graphURL, LoginURL: graphURL, Client: graphClient, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := runner.New(runner.Config{
		Sources:  []runner.Source{{Name: lrs.DefaultName, Feed: records}, {Name: graph.DefaultName, Feed: intune}},
		Receiver: byFeed, Inventory: byFeed, Cursors: new(runner.Memory), Now: clock.Now, Random: func() float64 { return 0 },
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
	brought := map[string]bool{}
	for len(brought) < 2 {
		brought[<-byFeed.done] = true
	}
	cancel()
	<-ended

	wantTraining, wantDevices := byFile.everything(t)
	gotTraining, gotDevices := byFeed.everything(t)
	if len(gotTraining) != len(wantTraining) || len(gotDevices) != len(wantDevices) || len(gotTraining) == 0 || len(gotDevices) == 0 {
		t.Fatalf("%d and %d records, want %d and %d", len(gotTraining), len(gotDevices), len(wantTraining), len(wantDevices))
	}
	for origin, want := range wantTraining {
		if got := gotTraining[origin]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	for origin, want := range wantDevices {
		if got := gotDevices[origin]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
