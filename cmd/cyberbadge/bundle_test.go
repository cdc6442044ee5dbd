package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// appendLine adds a line to a file:
//
//	append site/verifier.yaml '    every: 1s'
func appendLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append FILE LINE")
	}
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, append(text, args[1]+"\n"...), 0o600))
}

// runUntil runs a command again and again until it prints something, whatever its
// exit status is:
//
//	soon 'bundle 41' cyberbadge verify --server http://$VERIFIER presentation.txt
func runUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: soon PATTERN COMMAND…")
	}
	wanted, err := regexp.Compile(args[0])
	ts.Check(err)
	for end := time.Now().Add(patience); ; {
		_ = ts.Exec(args[1], args[2:]...) // denying is an answer, too
		if wanted.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("after %v it still prints no %q", patience, args[0])
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// readNumber puts a member of a JSON object that is a number into a variable:
//
//	number FIRST stdout number
func readNumber(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: number VARIABLE FILE MEMBER")
	}
	var members map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &members))
	number, ok := members[args[2]].(float64)
	if !ok {
		ts.Fatalf("no number %q in %s", args[2], args[1])
	}
	ts.Setenv(args[0], strconv.FormatFloat(number, 'f', -1, 64))
}

// TestVerifierConfig_RootsThatCouldNotWork has the settings about bundles that
// contradict each other.
func TestVerifierConfig_RootsThatCouldNotWork(t *testing.T) {
	t.Parallel()
	pin := bundle.Fingerprint{1}.String()
	good := rootSection{Root: pin, Customer: "plant-7"}
	for says, change := range map[string]func(*verifierConfig){
		"": func(*verifierConfig) {},
		"roots: 1: bundle: \"x\" is no fingerprint":      func(c *verifierConfig) { c.Roots[0].Root = "x" },
		"roots: 1: every is 999ms; give 1s or more":      func(c *verifierConfig) { c.Roots[0].URL, c.Roots[0].Every = "https://x.example", 999*time.Millisecond },
		"every without url":                              func(c *verifierConfig) { c.Roots[0].Every = time.Minute },
		"roots name a url, and verifier.fetch.off":       func(c *verifierConfig) { c.Verifier.Fetch.Off, c.Roots[0].URL = true, "https://x.example" },
		"verifier.fetch.off without roots":               func(c *verifierConfig) { c.Verifier.Fetch.Off, c.Roots = true, nil },
		"max_status_age is 0, which leaves the limit to": func(c *verifierConfig) { c.Verifier.MaxStatusAge = 0 },
	} {
		c := defaultVerifierConfig()
		c.Roots = []rootSection{good}
		change(&c)
		err := c.checkRoots()
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%v, want it to say %q", err, says)
		}
	}
	// Without a network a bundle's own limit counts, and one of its own may.
	for _, limit := range []time.Duration{0, time.Hour} {
		c := defaultVerifierConfig()
		c.Roots, c.Verifier.Fetch.Off, c.Verifier.MaxStatusAge = []rootSection{good}, true, limit
		if err := c.checkRoots(); err != nil {
			t.Error(err)
		}
	}
}

// TestShelf_TheHighestNumberStays: however imports come together, the newest bundle is
// the one that is found.
func TestShelf_TheHighestNumberStays(t *testing.T) {
	t.Parallel()
	shelf := bundleShelf{filepath.Join(t.TempDir(), bundlesFolder), bundle.Fingerprint{1}}
	if held, err := shelf.newest(); err != nil || held.number != 0 {
		t.Fatalf("%+v, %v", held, err)
	}
	var importing sync.WaitGroup
	for _, number := range []uint64{9, 10, 41, 40, 8} {
		importing.Go(func() {
			if err := shelf.keep(number, strconv.FormatUint(number, 10)); err != nil {
				t.Error(err)
			}
		})
	}
	importing.Wait()
	held, err := shelf.newest()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := held.read(); err != nil || text != "41" {
		t.Errorf("%q, %v", text, err)
	}
	other := bundleShelf{shelf.folder, bundle.Fingerprint{2}}
	if held, err := other.newest(); err != nil || held.number != 0 {
		t.Errorf("another root key's: %+v, %v", held, err)
	}
}
