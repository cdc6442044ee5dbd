package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier"
)

var (
	invitedGate    = regexp.MustCompile(`(?m)^  gate +(\S+)/gate/#pair=(\S+)$`)
	printedCommand = regexp.MustCompile(`(?m)^  \S+ (badge revoke .*)$`)
)

// TestDemo_WhatItSaysToTryReachesAGate does by hand what the demonstration says once
// it serves: it pairs the gate, lets somebody in, and runs the command.
func TestDemo_WhatItSaysToTryReachesAGate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := serveDemo(t, dir)
	link, command := invitedGate.FindStringSubmatch(text), printedCommand.FindStringSubmatch(text)
	if link == nil || command == nil {
		t.Fatalf("no link or no command:\n%s", text)
	}
	revoke := strings.Fields(command[1])
	person, file := revoke[len(revoke)-1], func(name string) string { return filepath.Join(dir, name) }

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	gate, err := pairGate(ctx, link[1], link[2], time.Now)
	if err != nil {
		t.Fatal(err)
	}
	typed(t, "badge", "issue", "--dir", file(demoIssuer), "--person", person, "--holder-key", file("phone.jwk"), "--out", file("shown.txt"))
	show := func() (d verifier.Decision) {
		t.Helper()
		code := typed(t, "badge", "present", "--badge", file("shown.txt"), "--holder-key", file(demoPhoneKey), "--code")
		if err := gate.post(ctx, "decisions", map[string]string{"presentation": strings.TrimSpace(code)}, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	in := show()
	if !in.Allow {
		t.Fatalf("%s (%s: %s), want it allowed", in.Reason, in.Code, in.Detail)
	}

	heard := make(chan verifier.Reason, demoMoments)
	var listening sync.WaitGroup
	defer listening.Wait()
	listenContext, stop := context.WithCancel(ctx)
	defer stop()
	listening.Go(func() {
		if err := gate.hear(listenContext, in.ID, func(r verifier.Reason) { heard <- r }); !errors.Is(err, context.Canceled) {
			t.Errorf("the gate's events: %v", err)
		}
	})
	for _, want := range []verifier.Reason{"", verifier.Revoked} {
		got, err := waitFor(ctx, heard)
		if err != nil || got != want {
			t.Fatalf("%q, %v, want %q", got, err, want)
		}
		if want == "" {
			typed(t, revoke...)
		}
	}
	if d := show(); d.Reason != verifier.Revoked || d.Code != "status_revoked" {
		t.Errorf("%s (%s), want revoked (status_revoked)", d.Reason, d.Code)
	}
}

// serveDemo runs the demonstration until the test ends, and returns what it has said
// once it invites.
func serveDemo(t *testing.T, dir string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	said, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		status := run(ctx, []string{"demo", "--quiet", "--dir", dir}, streams{in: strings.NewReader(""), out: out, err: t.Output(), now: time.Now})
		out.Close()
		ended <- status
	}()
	t.Cleanup(func() {
		stop()
		said.Close()
		if status := <-ended; status != statusOK {
			t.Errorf("the demonstration: exit status %d", status)
		}
	})
	var text strings.Builder
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "openapi.json") {
			return text.String()
		}
	}
	t.Fatalf("it invites nobody:\n%s", &text)
	return ""
}

// typed runs a command and returns what it prints.
func typed(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now}); status != statusOK {
		t.Fatalf("cyberbadge %s: exit status %d\n%s", strings.Join(args, " "), status, &errs)
	}
	return out.String()
}
