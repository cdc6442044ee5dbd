//go:build unix

package issuer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// benchmarkCallers is the number of callers for which the targets are set.
const benchmarkCallers = 32

// usual signs as an operator's key does: with randomness, unlike the keys of
// credentialtest.
type usual struct{ *ecdsa.PrivateKey }

func benchmarkProgram(b *testing.B, batch int) program {
	config, c := configure(b, sqlite.Config{BatchSize: batch})
	config.BadgeKey = usual{credentialtest.IssuerKey.Private()}
	p, err := issuer.New(config)
	if err != nil {
		b.Fatal(err)
	}
	issuertest.ImportSample(b, p)
	return program{p, c, config.Store.(*sqlite.Store)}
}

// issueTogether has many callers issue that many badges each.
func (p program) issueTogether(b *testing.B, people []issuer.Standing, each int) {
	var wait sync.WaitGroup
	for caller := range benchmarkCallers {
		wait.Go(func() {
			for i := range each {
				if _, err := p.issue(context.Background(), people[(caller+i)%len(people)].Person.ID); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkIssue_GroupCommitAgainstOneEach issues badges durably from 32
// callers, with group commit and with a transaction for each change, turn by
// turn in one run, since the disk's mood changes from one second to the next.
//
//	go test -run xxx -bench Issue_Group -benchtime 20000x ./issuer
func BenchmarkIssue_GroupCommitAgainstOneEach(b *testing.B) {
	const rounds = 6
	programs := [2]program{benchmarkProgram(b, sqlite.DefaultBatchSize), benchmarkProgram(b, 1)}
	people := programs[0].eligible(b)
	var spent [2]time.Duration
	each := max(1, b.N/rounds/benchmarkCallers)
	b.ResetTimer()
	for range rounds {
		for i, p := range programs {
			start := time.Now()
			p.issueTogether(b, people, each)
			spent[i] += time.Since(start)
		}
	}
	done := float64(rounds * each * benchmarkCallers)
	group, single := done/spent[0].Seconds(), done/spent[1].Seconds()
	b.ReportMetric(group, "group/s")
	b.ReportMetric(single, "single/s")
	b.ReportMetric(group/single, "ratio")
}

// BenchmarkIssue_CPUAgainstRawSignature compares the processor time, of all
// threads, that a badge costs with that of one P-256 signature and of one
// signature verified: every badge is opened again before it is handed out.
//
//	go test -run xxx -bench Issue_CPU -benchtime 10000x ./issuer
func BenchmarkIssue_CPUAgainstRawSignature(b *testing.B) {
	const rounds = 6
	p := benchmarkProgram(b, sqlite.DefaultBatchSize)
	people := p.eligible(b)
	each := max(1, b.N/rounds/benchmarkCallers)
	var issuing, signing, verifying time.Duration
	b.ResetTimer()
	for range rounds {
		issuing += used(func() { p.issueTogether(b, people, each) })
		signing += used(func() { raw(b, each, false) })
		verifying += used(func() { raw(b, each, true) })
	}
	done := float64(rounds * each * benchmarkCallers)
	b.ReportMetric(float64(issuing.Nanoseconds())/done, "issue-cpu-ns")
	b.ReportMetric(float64(signing.Nanoseconds())/done, "sign-cpu-ns")
	b.ReportMetric(float64(issuing)/float64(signing), "issue/sign")
	b.ReportMetric(float64(issuing)/float64(verifying), "issue/(sign+verify)")
}

// raw signs, and verifies if told so, on bare crypto/ecdsa, as often as
// issueTogether issues.
func raw(b *testing.B, each int, verify bool) {
	key := credentialtest.IssuerKey.Private()
	var wait sync.WaitGroup
	for caller := range benchmarkCallers {
		wait.Go(func() {
			for i := range each {
				sum := sha256.Sum256([]byte{byte(caller), byte(i), byte(i >> 8)})
				signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
				if err != nil || verify && !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
					b.Error("no signature", err)
				}
			}
		})
	}
	wait.Wait()
}

// used is the processor time, user and system, of all threads.
func used(do func()) time.Duration {
	before := processorTime()
	do()
	return processorTime() - before
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
