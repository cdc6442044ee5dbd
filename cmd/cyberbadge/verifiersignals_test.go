package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// TestWholeProgram_ASignalReachesAVerifier that polls for it. That it denies before
// any list does is shown in package signal; here the list comes as fast.
func TestWholeProgram_ASignalReachesAVerifier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.run("signal", "add", "--dir", w.issuerDir, "--name", "plant-7", "--audience", "https://gate.plant-7.example", "--badge")
	dir := w.file("site")
	_, port, err := net.SplitHostPort(w.issuerAddr)
	if err != nil {
		t.Fatal(err)
	}
	address := w.address()
	w.run("verifier", "init", "--dir", dir, "--listen", address, "--allow-port", port, "--insecure-allow-loopback")
	w.runWith(w.office, w.run("issuer", "trust", "--dir", w.issuerDir), "verifier", "trust", "--dir", dir, "--add", "-")
	if err := os.WriteFile(filepath.Join(dir, "signals.token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	addVerifierSettings(t, dir, fmt.Sprintf("  signals:\n    - {issuer: \"http://%s\", token: {file: signals.token}}\n", w.issuerAddr))
	w.verifierURL = "http://" + address
	log := w.serveLogged(w.gate, w.verifierURL, "verifier", "serve", "--dir", dir)

	lost, kept := w.issue("0700004"), w.issue("0700003")
	w.expect(w.scan(lost), verifier.OK)
	w.run("badge", "revoke", "--dir", w.issuerDir, lost.id)
	w.awaitLog(log, `"msg":"signal taken"`, `/credential-change","change":"revoke"`)
	w.expect(w.scan(lost), verifier.Revoked)
	w.expect(w.scan(kept), verifier.OK)
	if shown := w.run("signal", "show", "--dir", w.issuerDir, "plant-7"); !strings.Contains(shown, "poll") {
		t.Errorf("the office sees of the stream:\n%s", shown)
	}
}

// serveLogged runs a server until the test ends, and returns what it logs.
func (w *world) serveLogged(c *clocktest.Clock, url string, args ...string) *logtest.Log {
	w.t.Helper()
	log := &logtest.Log{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, args, streams{in: strings.NewReader(""), out: io.Discard, err: log, now: c.Now})
	}()
	w.t.Cleanup(func() {
		cancel()
		if status := <-ended; status != statusOK {
			w.t.Errorf("cyberbadge %s: exit status %d\n%s", strings.Join(args, " "), status, log)
		}
	})
	if err := untilHealthy(url); err != nil {
		w.t.Fatal(err)
	}
	return log
}

// awaitLog waits for a line of a log that has all of the parts.
func (w *world) awaitLog(log *logtest.Log, parts ...string) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(log.String()) {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
				return
			}
		}
	}
	w.t.Fatalf("no line with %q in\n%s", parts, log)
}

func addVerifierSettings(t *testing.T, dir, settings string) {
	t.Helper()
	path := filepath.Join(dir, verifierConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, settings...), 0o600); err != nil {
		t.Fatal(err)
	}
}
