package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
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
