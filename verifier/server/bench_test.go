package server

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

const (
	benchCallers = 8    // with a connection each
	benchCalls   = 1000 // in one round
)

// BenchmarkVerify compares calls of POST /v1/verify with calls of a bare
// net/http handler that does no more than it must: it reads the same bodies,
// does two hashes and two P-256 verifications and sends an answer of the same
// size. Both run in this process, with the same callers over loopback, by turns.
// x-bare is the throughput as a share of the bare handler's, the median over the
// rounds.
//
// Cold, no badge was seen before. Warm, it is one badge with a fresh proof each
// time, whose issuer signature is remembered. The bounds are 0.75 and 1.1.
func BenchmarkVerify(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(GCPercent)) // for both handlers
	badge := credentialtest.MustIssue(b, credentialtest.Claims())
	warm := make([]string, benchCalls)
	for i := range warm {
		warm[i] = ask(bound(b, badge, fmt.Sprint("warm-", i)), "onsite")
	}
	first := ask(bound(b, badge, "first"), "onsite")
	b.Run("warm", func(b *testing.B) { compare(b, warm, first) })

	issuer, err := credential.NewIssuer(credentialtest.IssuerConfig(b.Name()))
	if err != nil {
		b.Fatal(err)
	}
	cold := make([]string, benchCalls)
	for i := range cold {
		claims := credentialtest.Claims()
		claims.Subject = fmt.Sprint("person-", i)
		draft, err := issuer.Prepare(claims)
		if err != nil {
			b.Fatal(err)
		}
		badge, err := issuer.Sign(draft)
		if err != nil {
			b.Fatal(err)
		}
		cold[i] = ask(bound(b, badge, "cold"), "onsite")
	}
	b.Run("cold", func(b *testing.B) { compare(b, cold, first) })
}

// compare runs b.N rounds. Each has a verifier that remembers nothing but what
// it saw in the call first, so that the same bodies serve every round.
func compare(b *testing.B, bodies []string, first string) {
	var current atomic.Value // http.Handler of the round
	current.Store(http.NotFoundHandler().(http.HandlerFunc))
	service := serve(b, func(address string) httpserver.Config {
		return httpserver.Config{
			Addr:    address,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Load().(http.HandlerFunc)(w, r) }),
			Logger:  benchLogger(),
		}
	})
	bare := serveBare(b, allowed(b))
	trusted, lists := verifiertest.Trust(b), listed(b, revocation.Valid)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchCallers}}
	b.Cleanup(client.CloseIdleConnections)

	var ours, theirs []time.Duration
	for b.Loop() {
		v := newVerifier(b, func(c *verifier.Config) { c.Trust, c.Fetcher, c.Logger = trusted, lists, benchLogger() })
		s, err := New(Config{Verifier: v, Logger: benchLogger()})
		if err != nil {
			b.Fatal(err)
		}
		current.Store(http.HandlerFunc(s.Handler().ServeHTTP))
		callAll(b, client, service, []string{first}) // gets the status list, too
		theirs = append(theirs, callAll(b, client, bare, bodies))
		ours = append(ours, callAll(b, client, service, bodies))
	}
	ratios := make([]float64, b.N)
	for i := range ratios {
		ratios[i] = theirs[i].Seconds() / ours[i].Seconds()
	}
	b.ReportMetric(0, "ns/op") // it would be the sum of the two
	b.ReportMetric(float64(len(bodies))/median(ours).Seconds(), "calls/s")
	b.ReportMetric(float64(len(bodies))/median(theirs).Seconds(), "bare/s")
	b.ReportMetric(median(ratios), "x-bare")
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func benchLogger() *slog.Logger { return slog.New(slog.NewJSONHandler(io.Discard, nil)) }

// callAll posts every body once and returns how long that took in all.
func callAll(b *testing.B, client *http.Client, url string, bodies []string) time.Duration {
	var next atomic.Int64
	var callers sync.WaitGroup
	failures := make(chan error, benchCallers)
	started := time.Now()
	for range benchCallers {
		callers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) {
					return
				}
				if err := post(client, url, bodies[i]); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	callers.Wait()
	took := time.Since(started)
	close(failures)
	for err := range failures {
		b.Fatal(err)
	}
	return took
}

func post(client *http.Client, url, body string) error {
	response, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"allow":true`)) {
		return fmt.Errorf("%d %s", response.StatusCode, text)
	}
	return nil
}

func serve(b *testing.B, config func(address string) httpserver.Config) string {
	server, err := httpserver.New(config("127.0.0.1:0"))
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Listen(); err != nil {
		b.Fatal(err)
	}
	ctx := b.Context() // ends before Cleanup
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	b.Cleanup(func() {
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return "http://" + server.Addr().String() + "/v1/verify"
}

// allowed is the answer for the badge of credentialtest.
func allowed(b *testing.B) []byte {
	v := newVerifier(b)
	decision := v.Verify(b.Context(), fresh(b, "bare"), verifier.Request{Access: credential.Onsite})
	text, err := json.Marshal(decision)
	if err != nil || !decision.Allow {
		b.Fatal(err, decision.Reason)
	}
	return text
}

// serveBare has none of what surrounds a handler in earnest.
func serveBare(b *testing.B, answer []byte) string {
	badge, proof := newSigned(b, 1400), newSigned(b, 250)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if err != nil || !badge.verify() || !proof.verify() {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(answer)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	b.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return "http://" + listener.Addr().String() + "/"
}

// signed is a message of about the size of a JWT in a presentation.
type signed struct{ message, signature []byte }

func newSigned(b *testing.B, size int) signed {
	message := make([]byte, size)
	digest := sha256.Sum256(message)
	signature, err := ecdsa.SignASN1(rand.Reader, credentialtest.IssuerKey.Private(), digest[:])
	if err != nil {
		b.Fatal(err)
	}
	return signed{message, signature}
}

func (s signed) verify() bool {
	digest := sha256.Sum256(s.message)
	return ecdsa.VerifyASN1(credentialtest.IssuerKey.PublicKey(), digest[:], s.signature)
}
