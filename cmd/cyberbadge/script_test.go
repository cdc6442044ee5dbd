package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cyberbadge/cyberbadge/issuer/sample"
)

// patience is how long a test waits for what should take moments.
const patience = 30 * time.Second

// setUpScript gives each script two addresses of its own and a folder where keys
// may lie.
func setUpScript(env *testscript.Env) error {
	issuer, err := freeAddress()
	if err != nil {
		return err
	}
	verifier, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(issuer)
	if err != nil {
		return err
	}
	env.Setenv("ISSUER", issuer)
	env.Setenv("ISSUER_PORT", port)
	env.Setenv("VERIFIER", verifier)
	env.Setenv("HOME", env.WorkDir)
	// A program built with -race waits for a second before it ends, unless told
	// otherwise.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	return os.Chmod(env.WorkDir, 0o700)
}

// The ports handed out lie below those that systems give to connections, so that
// none is taken between the look and its use.
const (
	firstPort = 20_000
	lastPort  = 30_000
)

var nextPort atomic.Uint32

func freeAddress() (string, error) {
	nextPort.CompareAndSwap(0, 1+rand.Uint32N(lastPort-firstPort))
	for range 1000 {
		port := firstPort + int(nextPort.Add(1))%(lastPort-firstPort)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", fmt.Errorf("no free port from %d to %d", firstPort, lastPort)
}

// checkStatus runs a command and compares its exit status:
//
//	status 2 cyberbadge verify
func checkStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status NUMBER COMMAND…")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// checkMode compares the mode of files:
//
//	mode 0600 issuer/keys/badge.key
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode MODE FILE…")
	}
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

// writeSample writes the sample program into the current folder as its source
// systems would export it now, or at another time:
//
//	sample [TIME]
func writeSample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: sample [TIME]")
	}
	at := time.Now()
	if len(args) == 1 {
		var err error
		at, err = time.Parse(time.RFC3339, args[0])
		ts.Check(err)
	}
	ts.Check(exportSample(ts.MkAbs("."), at))
}

func exportSample(folder string, at time.Time) error {
	for _, name := range []string{sample.People, sample.Training, sample.Devices} {
		text, err := sample.At(name, at)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// verdict is what a standing and the expected verdicts have in common.
type verdict struct {
	ID         string   `json:"id"`
	ExternalID string   `json:"externalId"`
	Eligible   bool     `json:"eligible"`
	Access     []string `json:"access"`
	Reasons    []string `json:"reasons"`
}

// checkVerdicts compares a printed standing with what was computed
// independently for the sample program:
//
//	verdicts stdout
func checkVerdicts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: verdicts FILE")
	}
	var got []verdict
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &got))
	text, err := sample.Files.ReadFile(sample.Expected)
	ts.Check(err)
	var want struct {
		People   int       `json:"people"`
		Verdicts []verdict `json:"verdicts"`
	}
	ts.Check(json.Unmarshal(text, &want))
	if len(got) != want.People || len(got) != len(want.Verdicts) {
		ts.Fatalf("%d verdicts, want %d", len(got), want.People)
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want.Verdicts[i]) {
			ts.Fatalf("got  %+v\nwant %+v", got[i], want.Verdicts[i])
		}
	}
}

// readField puts a member of a JSON object into a variable:
//
//	field ID stdout id
func readField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field VARIABLE FILE MEMBER")
	}
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &object))
	value, ok := object[args[2]].(string)
	if !ok {
		ts.Fatalf("no text %q in %s", args[2], args[1])
	}
	ts.Setenv(args[0], value)
}

// awaitServer waits until a server answers at an address:
//
//	await $ISSUER
func awaitServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await ADDRESS")
	}
	ts.Check(untilHealthy("http://" + args[0]))
}

func untilHealthy(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		response, err := http.Get(url + "/healthz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", url, ctx.Err())
		}
	}
}

// fetchFile saves what is at a URL:
//
//	fetch http://$ISSUER/status-lists/1 list.jwt
func fetchFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fetch URL FILE")
	}
	response, err := http.Get(args[0])
	ts.Check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	ts.Check(err)
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s: %s", args[0], response.Status, text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}
