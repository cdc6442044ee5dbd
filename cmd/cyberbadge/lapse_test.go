package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// addSettings adds to the configuration of an issuer's folder.
func addSettings(t *testing.T, dir, settings string) {
	t.Helper()
	path := filepath.Join(dir, issuerConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, settings...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWholeProgram_ALapseSuspendsTellsAndMends has a laptop reported noncompliant
// while issuer and verifier serve. By all their clocks no time passes until the
// verifier denies, and again until it allows: it is told, and waits for no list's ttl.
func TestWholeProgram_ALapseSuspendsTellsAndMends(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, issuer.DefaultListTTL, demoNotify)
	lapsing, other := w.issue(demoLapsing), w.issue("0700004")
	w.expect(w.scan(lapsing), verifier.OK)

	published := w.report("noncompliant")
	w.await(lapsing, verifier.Suspended)
	t.Logf("denied %v of real time after the list was there", time.Since(published))
	w.expect(w.scan(other), verifier.OK)
	w.expectMail("lapse", "Eino García Márquez <u0700004@vendor.example>", "Mateusz Andersson: badge suspended on 23 November 2026, bring WIN-0700013-0 into line")
	w.expectMail("lapse", "Mateusz Andersson <u0700013@vendor.example>", "Badge suspended on 23 November 2026, bring WIN-0700013-0 into line")

	published = w.report("compliant")
	w.await(lapsing, verifier.OK)
	t.Logf("allowed %v of real time after the list was there", time.Since(published))
	w.expectMail("restored", "Eino García Márquez <u0700004@vendor.example>", "Mateusz Andersson: badge good again since 23 November 2026, nothing to do")
	w.expectMail("restored", "Mateusz Andersson <u0700013@vendor.example>", "Badge good again since 23 November 2026, nothing to do")

	// What was told stays told: a start finds nothing to send again.
	before := w.letters("*")
	w.stopIssuer()
	if after := w.letters("*"); len(after) != len(before) {
		t.Errorf("%d letters before the stop, %d after it", len(before), len(after))
	}
}

// report imports what the device manager says about the laptop of the person who
// lapses. From its end on the list that follows from it is served.
func (w *world) report(state string) time.Time {
	w.t.Helper()
	text, err := laptopReport(w.file(sample.Devices), state, w.office.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.file("laptop.json"), text, 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.run("issuer", "import", "--dir", w.issuerDir, "--devices", w.file("laptop.json"))
	return time.Now()
}

func (w *world) letters(kind string) []string {
	w.t.Helper()
	names, err := filepath.Glob(w.file(filepath.Join(demoInbox, "*-"+kind+"-*.eml")))
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

// expectMail waits for the letter of a kind to somebody.
func (w *world) expectMail(kind, to, subject string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var seen []string
		for _, name := range w.letters(kind) {
			gotTo, gotSubject, err := readLetter(name)
			if err != nil {
				w.t.Fatal(err)
			}
			if gotTo == to && gotSubject == subject {
				return
			}
			seen = append(seen, gotTo+": "+gotSubject)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.t.Fatalf("no letter to %s: %s; there are\n%s", to, subject, strings.Join(seen, "\n"))
		}
	}
}
