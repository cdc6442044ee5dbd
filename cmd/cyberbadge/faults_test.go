package main

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/faultproxy"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// faultySite is an issuer, a verifier service, and a clock that both go by.
type faultySite struct {
	*clocktest.Clock
	*brokenRoad
	*checkpoint
	office            *runningIssuer
	kept, lost, later issuer.Issued // good; revoked, and the verifier knows; revoked during the fault
	before            string        // the list from before anybody was revoked
}

// fetchTimeout is short, because a test has to wait for what never comes.
const fetchTimeout = time.Second

func newFaultySite(t *testing.T, timeout time.Duration) *faultySite {
	t.Helper()
	s := &faultySite{Clock: issuertest.Clock(t)}
	s.brokenRoad = newRoad(t, s.Now)
	s.office = s.start(t)
	issuertest.ImportSample(t, s.office.Program)
	s.kept, s.lost, s.later = s.office.issue(t), s.office.issue(t), s.office.issue(t)
	list, err := s.office.ListToken(t.Context(), s.kept.ListID)
	if err != nil {
		t.Fatal(err)
	}
	s.before = list.Text
	s.checkpoint = s.brokenRoad.checkpoint(t, timeout, nil)
	s.await(t, s.kept, allowed, nil)
	s.office.revoke(t, s.lost)
	s.await(t, s.lost, code.StatusRevoked, nil)
	return s
}

// heals has the clock go on after each fetch that fails, so that the next one is due.
func (s *faultySite) heals(t *testing.T, c *checkpoint) {
	t.Helper()
	failures := c.told(revocation.ListFailed, "")
	s.Move(revocation.MaxCooldown)
	d := c.await(t, s.kept, allowed, func() {
		if n := c.told(revocation.ListFailed, ""); n != failures {
			failures = n
			s.Move(revocation.MaxCooldown)
		}
	})
	if limit := int64(revocation.DefaultMaxAge / time.Second); d.Status.AgeSeconds > limit {
		t.Errorf("a list of %d s is relied on", d.Status.AgeSeconds)
	}
	for _, badge := range []issuer.Issued{s.lost, s.later} {
		c.await(t, badge, code.StatusRevoked, nil)
	}
}

// TestFaults_BetweenIssuerAndVerifier has each fault befall a service that was fine,
// and one that never got a list.
func TestFaults_BetweenIssuerAndVerifier(t *testing.T) {
	t.Parallel()
	fixed := func(f faultproxy.Fault) func(*faultySite, *testing.T) faultproxy.Fault {
		return func(*faultySite, *testing.T) faultproxy.Fault { return f }
	}
	for name, c := range map[string]struct {
		fault func(*faultySite, *testing.T) faultproxy.Fault
		kind  revocation.EventKind // that the operator is told of
		why   string               // and why
		cold  code.Code            // what a verifier decides that has no list
	}{
		"black hole":           {fixed(faultproxy.BlackHole()), revocation.ListFailed, "fetch_failed", code.StatusUnavailable},
		"reset":                {fixed(faultproxy.Reset()), revocation.ListFailed, "connection reset by peer", code.StatusUnavailable},
		"truncated body":       {fixed(faultproxy.Truncated(100)), revocation.ListFailed, "unexpected EOF", code.StatusUnavailable},
		"wrong media type":     {fixed(faultproxy.MediaType("application/jwt")), revocation.ListFailed, "content type", code.StatusUnavailable},
		"a page in its place":  {fixed(faultproxy.Instead("text/html", "<h1>Sign in to the guests' network</h1>")), revocation.ListFailed, "content type", code.StatusUnavailable},
		"changed certificate":  {fixed(faultproxy.OtherCertificate()), revocation.ListFailed, "fetch_tls", code.StatusUnavailable},
		"redirect loop":        {fixed(faultproxy.RedirectLoop()), revocation.ListFailed, "fetch_redirect_refused", code.StatusUnavailable},
		"inner address":        {toInnerAddress, revocation.ListFailed, "fetch_blocked: 10.20.30.40", code.StatusUnavailable},
		"old list":             {anOldList, revocation.ListRollback, "status_rollback", code.StatusStale},
		"another issuer's":     {aRivalsList, revocation.ListFailed, "status_signature_invalid", code.StatusSignatureInvalid},
		"another issuer's own": {aRivalsOwnList, revocation.ListFailed, "status_signature_invalid", code.StatusSignatureInvalid},
		"4 GiB when inflated":  {aBomb(4 << 30), revocation.ListFailed, "status_too_large", code.StatusTooLarge},
		"2 GiB, in a token that is no larger than any may be": {aBomb(2 << 30), revocation.ListFailed, "status_too_large", code.StatusTooLarge},
		"no token": {fixed(faultproxy.Instead(revocation.MediaType, "this is no token")), revocation.ListFailed, "token_malformed", code.StatusUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultySite(t, fetchTimeout)
			s.proxy.Set(c.fault(s, t))
			s.office.revoke(t, s.later)
			s.Move(revocation.DefaultMaxAge / 3)
			if d := s.expect(t, s.kept, allowed); d.Status.AgeSeconds != int64(revocation.DefaultMaxAge/3/time.Second) {
				t.Errorf("the list is said to be %d s old", d.Status.AgeSeconds)
			}
			s.expect(t, s.lost, code.StatusRevoked)
			s.expect(t, s.later, allowed)
			for until := time.Now().Add(patience); s.told(c.kind, c.why) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(until) {
					t.Fatalf("the operator was told of %v, not of %s %q", s.all(), c.kind, c.why)
				}
			}

			s.Move(revocation.DefaultMaxAge)
			for _, badge := range []issuer.Issued{s.kept, s.lost, s.later} {
				s.expect(t, badge, code.StatusStale)
			}
			cold := s.brokenRoad.checkpoint(t, fetchTimeout, nil)
			for _, badge := range []issuer.Issued{s.kept, s.lost, s.later} {
				cold.expect(t, badge, c.cold)
			}

			s.proxy.Set(faultproxy.Fault{})
			s.names.Set(netip.MustParseAddr("127.0.0.1"))
			s.heals(t, s.checkpoint)
			s.heals(t, cold)
			next := s.office.issue(t)
			s.await(t, next, allowed, nil)
			s.office.revoke(t, next)
			s.await(t, next, code.StatusRevoked, nil) // with the clock standing still: by the stream
		})
	}
}

// toInnerAddress has the issuer's name point into the customer's network. What was
// connected before is dropped.
func toInnerAddress(s *faultySite, _ *testing.T) faultproxy.Fault {
	s.names.Set(netip.MustParseAddr("10.20.30.40"))
	return faultproxy.OtherCertificate() // for the drop
}

func anOldList(s *faultySite, _ *testing.T) faultproxy.Fault {
	return faultproxy.Instead(revocation.MediaType, s.before)
}

// aRivalsList is signed by another issuer's key, as if it were ours.
func aRivalsList(s *faultySite, t *testing.T) faultproxy.Fault {
	at := s.Now().Add(revocation.DefaultMaxAge)
	list := verifiertest.List(t, revocation.Valid)
	return faultproxy.Instead(revocation.MediaType, verifiertest.SignListFor(t, verifiertest.RivalKey, s.office.ListURI(s.kept.ListID), at, 24*time.Hour, list))
}

// aRivalsOwnList is good, and about somebody else's badges.
func aRivalsOwnList(s *faultySite, t *testing.T) faultproxy.Fault {
	list := verifiertest.List(t, revocation.Valid)
	return faultproxy.Instead(revocation.MediaType,
		verifiertest.SignListFor(t, verifiertest.RivalKey, verifiertest.RivalIssuerURL+"/status-lists/1", s.Now(), 24*time.Hour, list))
}

// aBomb is a list of so many bytes of entries, signed by the right key.
func aBomb(inflated int64) func(*faultySite, *testing.T) faultproxy.Fault {
	return func(s *faultySite, t *testing.T) faultproxy.Fault {
		token := bombToken(t, s.office.ListURI(s.kept.ListID), s.Now().Add(time.Second), inflated)
		if fits := inflated <= 2<<30; fits != (len(token) <= revocation.MaxTokenSize) {
			t.Fatalf("a token of %d bytes", len(token))
		}
		return faultproxy.Instead(revocation.MediaType, token)
	}
}

// bombToken is a list token whose entries are that many zeros. They are never
// anywhere at once: a megabyte is deflated, again and again.
func bombToken(t testing.TB, uri string, at time.Time, inflated int64) string {
	t.Helper()
	const block = 1 << 20
	var deflated bytes.Buffer
	writer, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, block)
	var each []int // where each of the first blocks ends
	for range 2 {
		if _, err := writer.Write(zeros); err != nil {
			t.Fatal(err)
		}
		if err := writer.Flush(); err != nil {
			t.Fatal(err)
		}
		each = append(each, deflated.Len())
	}
	first, further := deflated.Bytes()[:each[0]], deflated.Bytes()[each[0]:each[1]]
	zlib := append([]byte{0x78, 0xDA}, first...)
	for range inflated/block - 1 {
		zlib = append(zlib, further...)
	}
	zlib = append(zlib, 0x01, 0x00, 0x00, 0xFF, 0xFF) // an empty last block
	// Adler-32 of zeros counts them (RFC 1950, section 9).
	zlib = binary.BigEndian.AppendUint32(zlib, uint32(inflated%65521)<<16|1)
	encode := base64.RawURLEncoding.EncodeToString
	return credentialtest.MustSign(t, credentialtest.ListKey,
		fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"statuslist+jwt"}`, credentialtest.ListKey.KeyID()),
		fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d,"ttl":60,"seq":99,"status_list":{"bits":2,"lst":%q}}`, uri, at.Unix(), at.Add(24*time.Hour).Unix(), encode(zlib)))
}

// TestFaults_ABombTakesLittleMemory is not parallel, because it counts what all take.
func TestFaults_ABombTakesLittleMemory(t *testing.T) {
	const uri, most = "https://badge.vendor.test/status-lists/1", 48 << 20
	token := bombToken(t, uri, issuertest.Clock(t).Now(), 2<<30)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := revocation.Open(token, uri, func(string) (*ecdsa.PublicKey, error) { return credentialtest.ListKey.PublicKey(), nil })
	runtime.ReadMemStats(&after)
	if code.Of(err) != code.StatusTooLarge {
		t.Errorf("%v, want %s", err, code.StatusTooLarge)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
		t.Errorf("it took %d bytes, want %d at most", taken, most)
	}
}

// TestFaults_LatencyOfFiveSeconds: who waits at a gate is answered by what is known,
// and what comes late counts when it comes.
func TestFaults_LatencyOfFiveSeconds(t *testing.T) {
	t.Parallel()
	const latency = 5 * time.Second
	s := newFaultySite(t, 3*latency)
	s.proxy.Set(faultproxy.Latency(latency))
	s.office.revoke(t, s.later)
	s.Move(revocation.DefaultMaxAge / 3)
	for _, badge := range []issuer.Issued{s.kept, s.later} {
		began := time.Now()
		s.expect(t, badge, allowed)
		if took := time.Since(began); took > latency-time.Second {
			t.Errorf("the decision took %v", took)
		}
	}
	s.expect(t, s.lost, code.StatusRevoked)
	cold := s.brokenRoad.checkpoint(t, 3*latency, nil)
	s.await(t, s.later, code.StatusRevoked, nil)
	if d := s.expect(t, s.kept, allowed); d.Status.AgeSeconds != 0 {
		t.Errorf("the list that came late is said to be %d s old", d.Status.AgeSeconds)
	}
	cold.await(t, s.kept, allowed, nil)
	cold.expect(t, s.later, code.StatusRevoked)
}

// TestFaults_HalfOpenConnections: the stream is dead and nobody was told. The list is
// fetched when it is due, by a connection that works.
func TestFaults_HalfOpenConnections(t *testing.T) {
	t.Parallel()
	s := newFaultySite(t, fetchTimeout)
	s.proxy.Set(faultproxy.HalfOpen())
	s.office.revoke(t, s.later)
	s.expect(t, s.later, allowed)
	s.heals(t, s.checkpoint)
	cold := s.brokenRoad.checkpoint(t, fetchTimeout, nil)
	cold.await(t, s.kept, allowed, nil)
	cold.expect(t, s.later, code.StatusRevoked)
}
