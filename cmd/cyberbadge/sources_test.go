package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// loadEvidence reads issuer.yaml's section as issuer.yaml is read.
func loadEvidence(t *testing.T, text string) (evidenceSection, error) {
	t.Helper()
	folder := t.TempDir()
	for name, secret := range map[string]string{
		"lrs.secret": sourcetest.LRSPassword, "graph.secret": sourcetest.GraphSecret, "fleet.secret": sourcetest.FleetToken,
		"hook.secret": "whsec_" + strings.Repeat("A", 32), "next.secret": "whsec_" + strings.Repeat("B", 32), "bad.secret": "letmein",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "issuer.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Evidence evidenceSection `yaml:"evidence"`
	}
	err := config.Load(path, nil, &file)
	return file.Evidence, err
}

// intake keeps what comes in.
type intake struct {
	runner.Memory
	mu       sync.Mutex
	training map[evidence.Origin]bool
	devices  map[evidence.Origin]bool
	came     chan struct{}
}

func newIntake() *intake {
	return &intake{training: map[evidence.Origin]bool{}, devices: map[evidence.Origin]bool{}, came: make(chan struct{}, 100)}
}

func (i *intake) Receive(_ context.Context, im store.Import) (store.ImportResult, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range im.Training {
		i.training[r.Origin] = true
	}
	for _, d := range im.Devices {
		i.devices[d.Origin] = true
	}
	i.came <- struct{}{}
	return store.ImportResult{}, im.Validate()
}

func (i *intake) DeviceIDs(context.Context, string) ([]string, error) { return nil, nil }

func (i *intake) PersonID(_ context.Context, name string) (string, error) { return name, nil }

func (i *intake) counts() (training, devices int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.training), len(i.devices)
}

func (i *intake) parts(roots *x509.CertPool) evidenceParts {
	now := func() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }
	return evidenceParts{receiver: i, inventory: i, cursors: i, directory: i, roots: roots, now: now}
}

func TestEvidenceSection_AsksEverySource(t *testing.T) {
	t.Parallel()
	file := func(name string) []byte {
		text, err := sample.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	roots := x509.NewCertPool()
	var ports []string
	serve := func(server *httptest.Server) string {
		t.Cleanup(server.Close)
		roots.AddCert(server.Certificate())
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, u.Port())
		return server.URL
	}
	i := newIntake()
	lrsURL := serve(httptest.NewTLSServer(sourcetest.NewLRS(t, file(sample.Training))))
	graphURL := serve(httptest.NewTLSServer(sourcetest.NewGraph(t, file(sample.Devices), i.parts(nil).now)))
	fleetURL := serve(httptest.NewTLSServer(sourcetest.NewFleet(t, sourcetest.FleetHost{"id": 7})))
	section, err := loadEvidence(t, fmt.Sprintf(`
evidence:
  home_page: https://hr.vendor.example
  network:
    allow_ports: [%s]
    allow_private_networks: [127.0.0.0/8]
  sources:
    - interval: 5m
      lrs: {url: %s/xapi, user: badge, password: {file: lrs.secret}}
    - name: graph
      interval: 15m
      graph: {tenant: vendor.example, client_id: badge-program, client_secret: {file: graph.secret}, graph_url: %s, login_url: %s}
    - fleet: {url: %s, token: {file: fleet.secret}, policies: [1, 2]}
  webhooks:
    - source: kolide
      secret: {file: hook.secret}
      next_secret: {file: next.secret}
  tables:
    - name: academy
      columns: {person_external_id: Employee}
      delimiter: ";"
      dates: DD.MM.YYYY HH:mm
      time_zone: Europe/Berlin
`, strings.Join(ports, ", "), lrsURL, graphURL, graphURL, fleetURL))
	if err != nil {
		t.Fatal(err)
	}
	pushed, asked, err := section.build(i.parts(roots))
	if err != nil {
		t.Fatal(err)
	}
	if len(pushed.Senders) != 1 || len(pushed.Senders[0].Secrets) != 2 || len(pushed.Tables) != 1 ||
		pushed.Tables[0].Zone == nil || pushed.Tables[0].Delimiter != ';' || pushed.Sources == nil {
		t.Errorf("got %+v", pushed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		asked.Run(ctx)
	}()
	for _, name := range []string{"xapi", "graph", "fleet"} {
		if err := asked.Ask(name); err != nil { // at once, whatever the jitter
			t.Error(err)
		}
	}
	for training, devices := i.counts(); (training < 814 || devices < 267) && ctx.Err() == nil; training, devices = i.counts() {
		select {
		case <-i.came:
		case <-ctx.Done():
			t.Errorf("%d training records, %d devices: %+v", training, devices, asked.Reports())
		}
	}
	cancel()
	<-ended
	if training, devices := i.counts(); training != 814 || devices != 267 {
		t.Errorf("%d training records, %d devices", training, devices)
	}
}

func TestEvidenceSection_NothingIsAskedWhenNothingIsConfigured(t *testing.T) {
	t.Parallel()
	pushed, asked, err := new(evidenceSection).build(newIntake().parts(nil))
	if err != nil || asked != nil || pushed.Sources != nil {
		t.Errorf("got %+v, %v, %v", pushed, asked, err)
	}
}

func TestEvidenceSection_ReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	section, err := loadEvidence(t, `
evidence:
  sources:
    - name: both
      lrs: {url: "https://lrs.example/xapi", token: {file: lrs.secret}}
      fleet: {url: "https://fleet.example", token: {file: fleet.secret}}
    - name: none
    - name: graph
      graph: {tenant: "a/b"}
  webhooks:
    - source: kolide
    - source: jamf
      secret: {file: bad.secret}
  tables:
    - name: a
      delimiter: ";;"
    - name: b
      time_zone: Mars/Olympus
    - name: c
      time_zone: Local
    - name: d
      dates: DD.MM.YY
`)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = section.build(newIntake().parts(nil))
	for _, want := range []string{
		`sources: number 1, "both": give one of lrs, graph and fleet`, `sources: number 2, "none": give one of`,
		`sources: number 3, "graph": graph: Tenant`, `webhooks: number 1, "kolide": secret is missing`, `webhooks: number 2, "jamf": webhook: a secret begins with`,
		`tables: number 1, "a": delimiter`, `tables: number 2, "b": time_zone "Mars/Olympus" is none`, `tables: number 3, "c": time_zone "Local"`,
		`tables: number 4, "d": config: Dates`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "letmein") {
		t.Error("a secret is in the message")
	}
	for text, want := range map[string]string{
		"evidence: {network: {allow_private_networks: [x]}, sources: [{name: a}]}":                                                                          `"x" is not a network`,
		"evidence: {sources: [{lrs: {url: 'https://a.example', token: {file: lrs.secret}}}, {lrs: {url: 'https://b.example', token: {file: lrs.secret}}}]}": `two sources are named "xapi"`,
		"evidence: {sources: [{interval: 1s, lrs: {url: 'https://a.example', token: {file: lrs.secret}}}]}":                                                 "the interval is 10s to 24h0m0s, not 1s",
	} {
		section, err := loadEvidence(t, text)
		if err == nil {
			_, _, err = section.build(newIntake().parts(nil))
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if _, err := loadEvidence(t, "evidence: {source: []}"); err == nil || !strings.Contains(err.Error(), `unknown key "source"`) {
		t.Errorf("a misspelled key: %v", err)
	}
}

func TestEvidence_AFileOfAuthoritiesHoldsSome(t *testing.T) {
	t.Parallel()
	f := &issuerFolder{path: t.TempDir()}
	f.whole.Evidence.Network.CAFile = "authorities.pem"
	path := filepath.Join(f.path, "authorities.pem")
	if err := os.WriteFile(path, []byte("none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "evidence.network.ca_file: " + path + " holds no certificate in PEM"
	if _, _, err := f.evidence(nil, nil); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
