package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this test program as the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cyberbadge":    func() { os.Exit(mainStatus()) },
		"cyberbadge-at": func() { os.Exit(statusAt(os.Args[1:])) },
	})
}

// statusAt runs the command at another time than now:
//
//	cyberbadge-at 2026-12-24T08:00:00Z program advance --dir issuer
func statusAt(args []string) int {
	at, err := time.Parse(time.RFC3339, args[0])
	if err != nil {
		panic(err)
	}
	return run(context.Background(), args[1:], streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), now: func() time.Time { return at },
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":   checkStatus,
			"mode":     checkMode,
			"sample":   writeSample,
			"verdicts": checkVerdicts,
			"field":    readField,
			"await":    awaitServer,
			"fetch":    fetchFile,
			"concern":  raiseConcern,
			"tablet":   runTablet,
			"settings": askSettings,
			"face":     drawFace,
			"append":   appendLine,
			"soon":     runUntil,
			"number":   readNumber,
		},
	})
}
