//go:build unix

package verifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// The bounds of these benchmarks, as ratios to two raw P-256 verifications, are
// 1.35 cold and 0.75 warm.

// threeClaims are what a guard needs to greet somebody. The other benchmarks
// disclose every claim there is.
var threeClaims = []string{"given_name", "family_name", "role"}

func BenchmarkVerifyCold(b *testing.B)             { benchmarkCold(b, credential.Disclosable()) }
func BenchmarkVerifyCold_ThreeClaims(b *testing.B) { benchmarkCold(b, threeClaims) }
func BenchmarkVerifyWarm(b *testing.B)             { benchmarkWarm(b, credential.Disclosable()) }
func BenchmarkVerifyWarm_ThreeClaims(b *testing.B) { benchmarkWarm(b, threeClaims) }

// benchmarkCold decides over badges that the verifier never saw.
func benchmarkCold(b *testing.B, names []string) {
	presentations := make([]string, 512)
	for n := range presentations {
		presentations[n] = mustShow(b, fmt.Sprintf("subject-%d", n), names, credentialtest.Nonce)
	}
	benchmarkVerify(b, presentations, func(*verifier.Verifier) {})
}

// benchmarkWarm decides over one badge with ever new proofs.
func benchmarkWarm(b *testing.B, names []string) {
	presentations := make([]string, 2048)
	for n := range presentations {
		presentations[n] = mustShow(b, "subject", names, fmt.Sprintf("%s-%d", credentialtest.Nonce, n))
	}
	first := mustShow(b, "subject", names, credentialtest.Nonce)
	benchmarkVerify(b, presentations, func(v *verifier.Verifier) { mustAllow(b, v, first) })
}

// mustShow presents the badge of that subject: the same badge for the same subject.
func mustShow(b *testing.B, subject string, names []string, nonce string) string {
	b.Helper()
	claims := credentialtest.Claims()
	claims.Subject = subject
	badge, err := credential.Disclose(credentialtest.MustIssue(b, claims), names...)
	if err != nil {
		b.Fatal(err)
	}
	return credentialtest.MustBind(b, badge, credential.Proof{
		Audience: credential.GateAudience, Nonce: nonce, IssuedAt: credentialtest.Now,
	})
}

// benchmarkVerify compares decisions with raw verifications in processor time,
// the collector's included, batch by batch in turns: whatever else the machine
// does then weighs on neither. Each presentation is shown once to a verifier;
// prepare gets each new one.
func benchmarkVerify(b *testing.B, presentations []string, prepare func(*verifier.Verifier)) {
	const batch = 64
	raw := newRawPair(b)
	var v *verifier.Verifier
	var limit, ours []time.Duration // of each batch
	for n := 0; b.Loop(); n += batch {
		if n%len(presentations) == 0 {
			v = newVerifier(b)
			prepare(v)
			runtime.GC() // what it took to make it is not part of a decision
		}
		start := processorTime(b)
		for range batch {
			raw.verify(b)
		}
		between := processorTime(b)
		for i := range batch {
			mustAllow(b, v, presentations[n%len(presentations)+i])
		}
		limit, ours = append(limit, between-start), append(ours, processorTime(b)-between)
	}
	b.ReportMetric(0, "ns/op") // it would be a batch of both
	b.ReportMetric(float64(sum(limit))/float64(batch*len(limit)), "ns/raw2")
	b.ReportMetric(float64(sum(ours))/float64(batch*len(ours)), "ns/verify")
	b.ReportMetric(medianRatio(ours, limit), "x-raw2")
}

// medianRatio is the median over nine stretches of the run, each long enough that
// the collector's work is spread evenly over them.
func medianRatio(ours, limit []time.Duration) float64 {
	const stretches = 9
	size := max(len(ours)/stretches, 1)
	var ratios []float64
	for at := 0; at+size <= len(ours); at += size {
		ratios = append(ratios, float64(sum(ours[at:at+size]))/float64(sum(limit[at:at+size])))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func sum(durations []time.Duration) (total time.Duration) {
	for _, d := range durations {
		total += d
	}
	return total
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// rawPair is the least that a key-bound presentation costs: two hashes and two
// verifications.
type rawPair struct {
	key        *ecdsa.PrivateKey
	messages   [2][]byte
	signatures [2][]byte
}

func newRawPair(b *testing.B) rawPair {
	b.Helper()
	p := rawPair{key: credentialtest.IssuerKey.Private()}
	for n, size := range []int{1400, 250} {
		p.messages[n] = make([]byte, size)
		digest := sha256.Sum256(p.messages[n])
		signature, err := ecdsa.SignASN1(rand.Reader, p.key, digest[:])
		if err != nil {
			b.Fatal(err)
		}
		p.signatures[n] = signature
	}
	return p
}

func (p rawPair) verify(b *testing.B) {
	for n := range p.messages {
		digest := sha256.Sum256(p.messages[n])
		if !ecdsa.VerifyASN1(&p.key.PublicKey, digest[:], p.signatures[n]) {
			b.Fatal("a good signature is bad")
		}
	}
}

func newVerifier(t testing.TB) *verifier.Verifier {
	t.Helper()
	v, err := verifier.New(verifier.Config{
		Trust: verifiertest.Trust(t),
		Now:   func() time.Time { return credentialtest.Now },
	})
	if err != nil {
		t.Fatal(err)
	}
	// Small, so that making verifiers takes a benchmark no time.
	list, err := revocation.NewList(1 << 19)
	if err != nil {
		t.Fatal(err)
	}
	token := verifiertest.SignList(t, credentialtest.ListURI, credentialtest.Now, list)
	if err := v.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, token); err != nil {
		t.Fatal(err)
	}
	return v
}

func mustAllow(t testing.TB, v *verifier.Verifier, presentation string) {
	t.Helper()
	d := v.Verify(context.Background(), presentation, verifier.Request{Access: credential.Onsite})
	if !d.Allow {
		t.Fatalf("denied: %s %s", d.Code, d.Detail)
	}
}
