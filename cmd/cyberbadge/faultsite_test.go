package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/faultproxy"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	issuerserver "github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// eligibleInSample is somebody in the sample program who gets a badge.
const eligibleInSample = "0700003"

// vendorHost is a name that only a site's own name server knows.
const vendorHost = "badge.vendor.test"

// unlimited is for clocks that stand still.
func unlimited() issuerserver.Limits {
	limit := issuerserver.Limit{PerSecond: 50, Burst: 1_000_000}
	return issuerserver.Limits{Callers: limit, Public: limit, SignIns: limit, Documents: limit, StreamsPerClient: 1024}
}

// brokenRoad is an issuer and whatever stands between it and its verifiers.
type brokenRoad struct {
	now      func() time.Time
	path     string // of the issuer's database
	listSize uint32
	front    *httptest.Server
	proxy    *faultproxy.Proxy
	names    *faultproxy.Names

	handler atomic.Pointer[http.Handler] // nil while the issuer is stopped
	issuer  atomic.Pointer[runningIssuer]
}

// runningIssuer is one life of the issuer.
type runningIssuer struct {
	*issuer.Program
	store   *sqlite.Store
	service *issuerserver.Server
	stop    func()
}

// newRoad builds the road, with no issuer at its end yet.
func newRoad(t testing.TB, now func() time.Time) *brokenRoad {
	t.Helper()
	r := &brokenRoad{now: now, listSize: 1 << 16, path: filepath.Join(t.TempDir(), "db", "store.db")}
	r.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		handler := r.handler.Load()
		if handler == nil {
			panic(http.ErrAbortHandler)
		}
		(*handler).ServeHTTP(w, request)
	}))
	t.Cleanup(r.front.Close)
	target, err := url.Parse(r.front.URL)
	if err != nil {
		t.Fatal(err)
	}
	if r.proxy, err = faultproxy.New(faultproxy.Config{Name: vendorHost, Target: target}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	r.names = faultproxy.NewNames(netip.MustParseAddr("127.0.0.1"))
	return r
}

// start starts the issuer over its database, as a process does.
func (r *brokenRoad) start(t testing.TB) *runningIssuer {
	t.Helper()
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: r.path, Create: true, ListSize: r.listSize, Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	config := issuertest.Config(database, r.now)
	config.URL = r.proxy.URL()
	i := &runningIssuer{Program: issuertest.New(t, config), store: database}
	i.service, err = issuerserver.New(issuerserver.Config{Program: i.Program, Tokens: database, Limits: unlimited(), Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- i.PublishLists(ctx) }()
	handler := i.service.Handler()
	r.issuer.Store(i)
	r.handler.Store(&handler)
	i.stop = sync.OnceFunc(func() {
		r.handler.Store(nil)
		r.front.CloseClientConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(i.stop)
	return i
}

// issue issues a badge of somebody in the sample to credentialtest.HolderKey.
func (i *runningIssuer) issue(t testing.TB) issuer.Issued {
	t.Helper()
	issued, err := i.Issue(t.Context(), issuer.IssueRequest{Person: eligibleInSample, HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func (i *runningIssuer) revoke(t testing.TB, badge issuer.Issued) {
	t.Helper()
	if _, err := i.SetStatus(t.Context(), badge.ID, store.Invalid, "key lost", "a test"); err != nil {
		t.Fatal(err)
	}
}

// checkpoint is a real verifier service at the other end of a road.
type checkpoint struct {
	*verifier.Verifier
	road *brokenRoad
	url  string

	mu     sync.Mutex
	events []revocation.Event
}

// checkpoint opens one, whose fetches end after that time, as changed.
func (r *brokenRoad) checkpoint(t testing.TB, timeout time.Duration, change func(*verifier.Config, *verifierserver.Config)) *checkpoint {
	t.Helper()
	c := &checkpoint{road: r}
	client, err := fetch.New(fetch.Config{
		AllowHosts: []string{vendorHost}, AllowPorts: []uint16{r.proxy.Port()}, AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Timeout: timeout, RootCAs: r.proxy.Roots(), Resolver: r.names.Resolver(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	config := verifier.Config{Trust: r.trust(t), Fetcher: client, Aggregator: client, Follower: client, Now: r.now, Observe: c.observe}
	settings := verifierserver.Config{Site: "plant-7", Now: r.now}
	if change != nil {
		change(&config, &settings)
	}
	if c.Verifier, err = verifier.New(config); err != nil {
		t.Fatal(err)
	}
	settings.Verifier = c.Verifier
	service, err := verifierserver.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service.Handler())
	c.url = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Go(func() { c.KeepLists(ctx) })
	t.Cleanup(func() {
		cancel()
		keeping.Wait()
		service.EndStreams()
		server.Close()
		_ = c.Close()
	})
	return c
}

// trust is what the issuer hands to its customers.
func (r *brokenRoad) trust(t testing.TB) *verifier.Trust {
	t.Helper()
	list, err := r.issuer.Load().TrustList()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verifier.ParseTrust(text)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func (c *checkpoint) observe(e revocation.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
}

// told returns how many events of that kind the operator was told of, because of why.
func (c *checkpoint) told(kind revocation.EventKind, why string) (n int) {
	for _, e := range c.all() {
		if e.Kind == kind && (why == "" || e.Err != nil && strings.Contains(e.Err.Error(), why)) {
			n++
		}
	}
	return n
}

func (c *checkpoint) all() []revocation.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// presented is the badge with a fresh proof for a gate.
func presented(t testing.TB, text string, at time.Time) string {
	t.Helper()
	return credentialtest.MustBind(t, text, credential.Proof{Audience: credential.GateAudience, Nonce: rand.Text(), IssuedAt: at})
}

// decide asks the service about a badge.
func (c *checkpoint) decide(t testing.TB, badge issuer.Issued) verifier.Decision {
	t.Helper()
	body, err := json.Marshal(map[string]string{"presentation": presented(t, badge.Text, c.road.now()), "access": "onsite"})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(c.url+"/v1/verify", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var d verifier.Decision
	if err := json.NewDecoder(response.Body).Decode(&d); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", response.Status, err)
	}
	return d
}

// allowed is the code of a decision that allows.
const allowed code.Code = ""

// expect asks about a badge, and wants that code.
func (c *checkpoint) expect(t testing.TB, badge issuer.Issued, want code.Code) verifier.Decision {
	t.Helper()
	d := c.decide(t, badge)
	if d.Code != want || d.Allow != (want == allowed) {
		t.Fatalf("allow %v, %s (%s: %s), want %q", d.Allow, d.Reason, d.Code, d.Detail, want)
	}
	return d
}

// await asks until that is the answer; meanwhile may be nil.
func (c *checkpoint) await(t testing.TB, badge issuer.Issued, want code.Code, meanwhile func()) verifier.Decision {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		d := c.decide(t, badge)
		if d.Code == want {
			return d
		}
		if time.Now().After(until) {
			t.Fatalf("still allow %v, %s (%s: %s), want %q", d.Allow, d.Reason, d.Code, d.Detail, want)
		}
		if meanwhile != nil {
			meanwhile()
		}
	}
}
