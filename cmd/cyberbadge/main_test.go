package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this test program as the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cyberbadge": func() { os.Exit(mainStatus()) },
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
			"tablet":   runTablet,
			"settings": askSettings,
			"face":     drawFace,
		},
	})
}
