package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// TestWholeProgram_FromEvidenceToAVerdict plays a badge's life with a real
// issuer, a real verifier and a foreign QR reader, all clocks in hand.
func TestWholeProgram_FromEvidenceToAVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost := w.issue("0700004")
	kept := w.issue("0700003")

	shown := w.scan(lost)
	w.expect(shown, verifier.OK)
	w.gate.Move(100 * time.Second)
	w.expect(shown, verifier.StalePresentation)
	w.advance(100*time.Second, w.office, w.phone)

	// Revoked: told at once, long before the list is due again.
	w.expect(w.scan(lost), verifier.OK)
	w.run("badge", "revoke", "--dir", w.issuerDir, lost.id)
	w.await(lost, verifier.Revoked)
	w.expect(w.scan(kept), verifier.OK)

	// Without the issuer the verifier decides on what it has, up to the limit.
	w.stopIssuer()
	w.advance(revocation.DefaultMaxAge/2, w.phone, w.gate)
	if age := w.expect(w.scan(kept), verifier.OK).Status.AgeSeconds; age < int64(revocation.DefaultMaxAge/2/time.Second) {
		t.Errorf("the list is said to be %d s old", age)
	}
	w.expect(w.scan(lost), verifier.Revoked)
	w.advance(revocation.DefaultMaxAge, w.phone, w.gate)
	w.expect(w.scan(kept), verifier.StatusStale)
	w.expect(w.scan(lost), verifier.StatusStale)
}

// world is an issuer, a phone and a verifier, each with a clock of its own.
type world struct {
	t                   *testing.T
	dir, issuerDir      string
	issuerAddr          string // host and port
	verifierURL         string
	office, phone, gate *clocktest.Clock
	stopIssuer          func()
}

// holding is a badge on the phone.
type holding struct{ id, badge, key string }

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, issuer.DefaultListTTL, "")
}

// newWorldWith has an issuer with further settings.
func newWorldWith(t *testing.T, listTTL time.Duration, settings string) *world {
	t.Helper()
	start, err := time.Parse(time.RFC3339, sample.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &world{
		t: t, dir: dir, issuerDir: filepath.Join(dir, "issuer"),
		office: clocktest.New(start), phone: clocktest.New(start), gate: clocktest.New(start),
	}
	issuerAddr, verifierAddr := w.address(), w.address()
	w.issuerAddr = issuerAddr
	w.setUpIssuer(issuerAddr, start, listTTL, settings)
	w.stopIssuer = w.serve(w.office, "http://"+issuerAddr, "issuer", "serve", "--dir", w.issuerDir)
	w.setUpVerifier(issuerAddr, verifierAddr)
	w.verifierURL = "http://" + verifierAddr
	w.serve(w.gate, w.verifierURL, "verifier", "serve", "--dir", w.file("verifier"))
	return w
}

func (w *world) address() string {
	w.t.Helper()
	address, err := freeAddress()
	if err != nil {
		w.t.Fatal(err)
	}
	return address
}

func (w *world) setUpIssuer(address string, at time.Time, listTTL time.Duration, settings string) {
	w.t.Helper()
	w.run("issuer", "init", "--dir", w.issuerDir, "--url", "http://"+address, "--listen", address,
		"--insecure-plain-keys", "--list-size", "65536", "--list-ttl", listTTL.String())
	addSettings(w.t, w.issuerDir, settings)
	if err := exportSample(w.dir, at); err != nil {
		w.t.Fatal(err)
	}
	w.run("issuer", "import", "--dir", w.issuerDir, "--people", w.file(sample.People),
		"--training", w.file(sample.Training), "--devices", w.file(sample.Devices))
}

func (w *world) setUpVerifier(issuerAddr, address string) {
	w.t.Helper()
	_, port, err := net.SplitHostPort(issuerAddr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.run("verifier", "init", "--dir", w.file("verifier"), "--listen", address, "--allow-port", port, "--insecure-allow-loopback")
	trust := w.run("issuer", "trust", "--dir", w.issuerDir)
	w.runWith(w.office, trust, "verifier", "trust", "--dir", w.file("verifier"), "--add", "-")
}

func (w *world) file(name string) string { return filepath.Join(w.dir, name) }

func (w *world) advance(by time.Duration, clocks ...*clocktest.Clock) {
	for _, c := range clocks {
		c.Move(by)
	}
}

// run is a command typed at the office.
func (w *world) run(args ...string) string {
	w.t.Helper()
	return w.runWith(w.office, "", args...)
}

func (w *world) runWith(c *clocktest.Clock, in string, args ...string) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	status := run(w.t.Context(), args, streams{in: strings.NewReader(in), out: &out, err: &errs, now: c.Now})
	if status != statusOK {
		w.t.Fatalf("cyberbadge %s: exit status %d\n%s", strings.Join(args, " "), status, &errs)
	}
	return out.String()
}

// serve runs a server until the test ends or it is stopped.
func (w *world) serve(c *clocktest.Clock, url string, args ...string) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	s := streams{in: strings.NewReader(""), out: io.Discard, err: w.t.Output(), now: c.Now}
	go func() { ended <- run(ctx, args, s) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if status := <-ended; status != statusOK {
			w.t.Errorf("cyberbadge %s: exit status %d", strings.Join(args, " "), status)
		}
	})
	w.t.Cleanup(stop)
	if err := untilHealthy(url); err != nil {
		w.t.Fatal(err)
	}
	return stop
}

func (w *world) issue(person string) holding {
	w.t.Helper()
	h := holding{badge: w.file(person + ".txt"), key: w.file(person + ".key")}
	w.run("keys", "generate", "--out", h.key, "--insecure-plain")
	text := w.run("badge", "issue", "--dir", w.issuerDir, "--person", person,
		"--holder-key", w.file(person+".jwk"), "--out", h.badge, "--json")
	var issued struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(text), &issued); err != nil {
		w.t.Fatal(err)
	}
	h.id = issued.ID
	return h
}

// scan has the phone draw a fresh gate code and reads the picture with zbarimg,
// whose every byte goes to the verifier as it is.
func (w *world) scan(h holding) string {
	w.t.Helper()
	picture := w.file("code.png")
	w.runWith(w.phone, "", "badge", "present", "--badge", h.badge, "--holder-key", h.key, "--png", picture)
	reader, err := exec.LookPath("zbarimg")
	if err != nil {
		w.t.Fatal("zbarimg is missing, which reads the gate code as a camera would; install the Debian package zbar-tools")
	}
	text, err := exec.CommandContext(w.t.Context(), reader, "--quiet", "--raw", picture).Output()
	if err != nil {
		w.t.Fatalf("zbarimg: %v", err)
	}
	return string(text)
}

func (w *world) expect(scanned string, want verifier.Reason) verifier.Decision {
	w.t.Helper()
	d := w.verify(scanned)
	if d.Reason != want || d.Allow != (want == verifier.OK) {
		w.t.Fatalf("allow %v, %s (%s: %s), want %s", d.Allow, d.Reason, d.Code, d.Detail, want)
	}
	return d
}

// await shows fresh codes until the answer is the one that must come.
func (w *world) await(h holding, want verifier.Reason) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	d := w.verify(w.scan(h))
	for d.Reason != want {
		if ctx.Err() != nil {
			w.t.Fatalf("still %s (%s), want %s", d.Reason, d.Detail, want)
		}
		d = w.verify(w.scan(h))
	}
}

func (w *world) verify(scanned string) verifier.Decision {
	w.t.Helper()
	body, err := json.Marshal(map[string]string{"presentation": scanned, "access": "onsite"})
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := http.Post(w.verifierURL+"/v1/verify", "application/json", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		w.t.Fatalf("%s: %s", response.Status, text)
	}
	var d verifier.Decision
	if err := json.NewDecoder(response.Body).Decode(&d); err != nil {
		w.t.Fatal(err)
	}
	return d
}
