package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/eventstream/eventstreamtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
	"github.com/cyberbadge/cyberbadge/verifier/sqlite"
)

// How many verifiers are connected, and how many of them have a gate whose page is.
const (
	connectedVerifiers = 200
	connectedGates     = 10
	fetchingVerifiers  = 1000
)

// quantileOf is the duration below which that share of all lie, in milliseconds.
func quantileOf(all []time.Duration, share float64) float64 {
	slices.Sort(all)
	return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000
}

// arrival is when something was heard of the list with that number.
type arrival struct {
	verifier int
	at       time.Time
}

// BenchmarkRevocation_ToTheGate measures from the call that revokes a badge until it
// has returned; until the signed list is published; until the badge is denied at each
// of the connected verifiers, which get the list by TLS; and until the page of a gate
// that has let somebody in with it is told so. All of them run on this machine, and
// each revocation waits for all of the one before.
//
//	go test -run xxx -bench Revocation_ToTheGate -benchtime 200x ./cmd/cyberbadge
func BenchmarkRevocation_ToTheGate(b *testing.B) {
	r := newRoad(b, time.Now)
	r.listSize = revocationListSize
	office := r.start(b)
	importSampleNow(b, office)
	badges := make([]issuer.Issued, b.N)
	for i := range badges {
		badges[i] = office.issue(b)
	}
	published := make(chan time.Time, 1024)
	seq := uint64(0)
	defer office.OnListPublished(func(token issuer.ListToken) {
		if token.Seq > seq {
			seq = token.Seq
			published <- time.Now()
		}
	})()
	<-published
	denied := make(chan arrival, 1<<16)
	var gates []*benchGate
	for i := range connectedVerifiers {
		c, g := r.benchCheckpoint(b, i < connectedGates)
		if g != nil {
			gates = append(gates, g)
		}
		c.OnList(func(change revocation.ListChange) {
			if change.Entries {
				denied <- arrival{i, time.Now()}
			}
		})
		for until := time.Now().Add(patience); c.told(revocation.ListNewer, "") == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				b.Fatal("a verifier got no list")
			}
		}
	}
	office.awaitStreams(b, connectedVerifiers)
	for _, g := range gates {
		g.listen(b)
	}
	for len(denied) > 0 {
		<-denied
	}

	var calls, lists, each, slowest, red []time.Duration
	b.ResetTimer()
	for _, badge := range badges {
		for _, g := range gates {
			g.letIn(b, badge)
		}
		began := time.Now()
		office.revoke(b, badge)
		calls = append(calls, time.Since(began))
		var last time.Duration
		for range connectedVerifiers {
			took := receiveSoon(b, denied).at.Sub(began)
			each, last = append(each, took), max(last, took)
		}
		slowest = append(slowest, last)
		for _, g := range gates {
			red = append(red, receiveSoon(b, g.ended).Sub(began))
		}
		lists = append(lists, receiveSoon(b, published).Sub(began))
	}
	b.StopTimer()
	for name, all := range map[string][]time.Duration{"call": calls, "published": lists, "denied": each, "denied-by-all": slowest, "red": red} {
		b.ReportMetric(quantileOf(all, .5), name+"-p50-ms")
		b.ReportMetric(quantileOf(all, .99), name+"-p99-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// revocationListSize is what a program has unless it says otherwise.
const revocationListSize = 1 << 20

func receiveSoon[T any](b *testing.B, from <-chan T) T {
	b.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		b.Fatal("nothing came")
	}
	panic("unreachable")
}

// importSampleNow has everybody in the sample be as they were, today.
func importSampleNow(b *testing.B, office *runningIssuer) {
	b.Helper()
	var files issuer.Files
	for name, to := range map[string]*io.Reader{sample.People: &files.People, sample.Training: &files.Training, sample.Devices: &files.Devices} {
		text, err := sample.At(name, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		*to = bytes.NewReader(text)
	}
	if _, err := office.Import(b.Context(), files, "benchmark"); err != nil {
		b.Fatal(err)
	}
}

// awaitStreams waits until so many verifiers follow.
func (i *runningIssuer) awaitStreams(b *testing.B, want int) {
	b.Helper()
	open := fmt.Sprintf("\ncyberbadge_issuer_event_streams %d\n", want)
	for until := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		answer := httptest.NewRecorder()
		i.service.Operations().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if strings.Contains(answer.Body.String(), open) {
			return
		}
		if time.Now().After(until) {
			b.Fatalf("not all of %d verifiers follow", want)
		}
	}
}

// benchGate is a gate whose page is connected.
type benchGate struct {
	*tablet
	road  *brokenRoad
	ended chan time.Time
}

func (r *brokenRoad) benchCheckpoint(b *testing.B, withGate bool) (*checkpoint, *benchGate) {
	b.Helper()
	if !withGate {
		return r.checkpoint(b, 10*time.Second, nil), nil
	}
	records, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "gates.db"), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = records.Close() })
	desk, err := gate.NewDesk(gate.Config{Store: records})
	if err != nil {
		b.Fatal(err)
	}
	c := r.checkpoint(b, 10*time.Second, func(_ *verifier.Config, settings *verifierserver.Config) { settings.Gates = desk })
	code, _, err := desk.Invite(b.Context(), gate.Invitation{Name: "North gate", Access: credential.Onsite, By: "benchmark"})
	if err != nil {
		b.Fatal(err)
	}
	tb, err := pairTablet(c.url, code)
	if err != nil {
		b.Fatal(err)
	}
	return c, &benchGate{tb, r, make(chan time.Time, 1024)}
}

// listen connects the gate's page.
func (g *benchGate) listen(b *testing.B) {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, g.base+"/gate/v1/events", nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Cookie", g.cookie)
	stream := eventstreamtest.Listen(b, request)
	stream.Expect(b, "hello", `{"heartbeat":15}`)
	go func() {
		for {
			e, err := stream.Read()
			if err != nil {
				return
			}
			if e.Name == "ended" {
				g.ended <- time.Now()
			}
		}
	}()
}

func (g *benchGate) letIn(b *testing.B, badge issuer.Issued) {
	b.Helper()
	var d verifier.Decision
	if _, err := g.call("POST", "decisions", map[string]string{"presentation": presented(b, badge.Text, g.road.now())}, &d); err != nil || !d.Allow {
		b.Fatalf("%v, %s (%s)", err, d.Code, d.Detail)
	}
}

// BenchmarkRevocation_AThousandFetch has a thousand verifiers, each with a connection
// of its own, fetch the list of a million at once, one in a hundred of it revoked:
// when none has it, and when all do.
//
//	go test -run xxx -bench Revocation_AThousand -benchtime 3x ./cmd/cyberbadge
func BenchmarkRevocation_AThousandFetch(b *testing.B) {
	r := newRoad(b, time.Now)
	r.listSize = revocationListSize
	office := r.start(b)
	office.fill(b, revocationListSize/100)
	uri := r.front.URL + issuer.StatusListPath + strconv.Itoa(1)
	front, err := netip.ParseAddrPort(r.front.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	clients := make([]*fetch.Client, fetchingVerifiers)
	for i := range clients {
		if clients[i], err = fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{front.Port()}, Timeout: time.Minute}); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = clients[i].Close() })
	}
	first, err := clients[0].FetchIfChanged(b.Context(), uri, revocation.Known{})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		known revocation.Known
	}{{"whole", revocation.Known{}}, {"304", revocation.Known{ETag: first.ETag}}} {
		b.Run(c.name, func(b *testing.B) {
			var each []time.Duration
			for range b.N {
				each = append(each, fetchAtOnce(b, clients, uri, c.known)...)
			}
			b.ReportMetric(quantileOf(each, .5), "p50-ms")
			b.ReportMetric(quantileOf(each, .99), "p99-ms")
			b.ReportMetric(float64(len(first.Token)), "token-bytes")
		})
	}
}

func fetchAtOnce(b *testing.B, clients []*fetch.Client, uri string, known revocation.Known) []time.Duration {
	b.Helper()
	each := make([]time.Duration, len(clients))
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() {
			began := time.Now()
			got, err := client.FetchIfChanged(b.Context(), uri, known)
			if err != nil || got.NotModified != (known.ETag != "") {
				b.Error(got.NotModified, err)
			}
			each[i] = time.Since(began)
		})
	}
	all.Wait()
	return each
}

// fill revokes so many badges of a person.
func (i *runningIssuer) fill(b *testing.B, badges int) {
	b.Helper()
	if _, err := i.store.ApplyImport(b.Context(), store.Import{People: storetest.People(1), By: "benchmark"}); err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	for caller := range 32 {
		all.Go(func() {
			for n := caller; n < badges; n += 32 {
				if _, err := i.store.ReserveBadge(b.Context(), storetest.Reservation(fmt.Sprint("b", n), 0)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	at := storetest.Reservation("", 0).IssuedAt
	if _, err := i.store.SetStatusOfPerson(b.Context(), store.PersonStatusChange{PersonID: "person-000", To: store.Invalid, Reason: "r", By: "benchmark", At: at}); err != nil {
		b.Fatal(err)
	}
}
