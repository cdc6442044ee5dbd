package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// TestWholeProgram_AGateFromItsCodeToWhoIsOnSite has a tablet at a verifier that
// finds out by itself which lists there are.
func TestWholeProgram_AGateFromItsCodeToWhoIsOnSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shown := w.scan(w.issue("0700003")) // the first badge of all has the first list made
	dir, address := w.file("guarded"), w.address()
	issuer := strings.TrimSpace(w.run("verifier", "trust", "--dir", w.file("verifier")))
	port := issuer[strings.LastIndexByte(issuer, ':')+1:]
	w.run("verifier", "init", "--dir", dir, "--site", "plant 7", "--listen", address, "--gates", "--visits", "24h",
		"--allow-port", port, "--insecure-allow-loopback")
	w.run("verifier", "trust", "--dir", dir, "--add", w.file("verifier/trust.json"))
	stop := w.serve(w.gate, "http://"+address, "verifier", "serve", "--dir", dir)

	code := printedCode.FindStringSubmatch(w.runWith(w.gate, "", "verifier", "gate", "pair", "--dir", dir, "--name", "North gate"))
	if code == nil {
		t.Fatal("no code was printed")
	}
	north, err := pairTablet("http://"+address, code[1])
	if err != nil {
		t.Fatal(err)
	}
	north.awaitList(t, issuer)
	var d verifier.Decision
	if _, err := north.call("POST", "decisions", map[string]string{"presentation": shown}, &d); err != nil || !d.Allow || d.Gate != north.gate.ID {
		t.Fatalf("%s (%s) at %q, %v", d.Reason, d.Detail, d.Gate, err)
	}
	err = north.send(visit.Record{ID: "in-1", At: d.At, Event: visit.Admitted, Decision: d.ID, Badge: &visit.Badge{
		Issuer: d.Badge.Issuer, Subject: d.Badge.Subject, GivenName: d.Badge.GivenName, FamilyName: d.Badge.FamilyName, Expires: d.Badge.Expires,
	}})
	if err != nil {
		t.Fatal(err)
	}
	present := func() string {
		return w.runWith(w.gate, "", "verifier", "visits", "present", "--dir", dir)
	}
	if got := present(); !regexp.MustCompile(`^in-1  .*` + d.Badge.FamilyName + ` .*North gate\n$`).MatchString(got) {
		t.Errorf("on site is %q", got)
	}
	// What is old enough is forgotten by a service that starts.
	stop()
	w.advance(25*time.Hour, w.gate)
	w.serve(w.gate, "http://"+address, "verifier", "serve", "--dir", dir)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for present() != "" {
		if ctx.Err() != nil {
			t.Fatalf("a day later: %q", present())
		}
	}
}

// awaitList waits until the bundle has a list of the issuer.
func (tb *tablet) awaitList(t *testing.T, issuer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var bundle struct {
			Lists []struct{ Issuer, Token string }
		}
		if _, err := tb.call("GET", "bundle", nil, &bundle); err != nil {
			t.Fatal(err)
		}
		if len(bundle.Lists) > 0 && bundle.Lists[0].Issuer == issuer && bundle.Lists[0].Token != "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the bundle has %d lists", len(bundle.Lists))
		}
	}
}
