package sqlitefiletest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// pathVariable, set to a database's path, turns the test program into the process that
// is killed.
const pathVariable = "CYBERBADGE_KILL_TEST_PATH"

// Work writes to the database at path until it is killed, and calls acknowledge with
// one line for each write that the database acknowledged. Several goroutines may call
// acknowledge. A Work that returns an error fails the test; one that returns none is
// done.
type Work func(path string, acknowledge func(line string)) error

// Main is a package's TestMain: it runs the tests or, in the process that a test
// started, the work.
func Main(m *testing.M, work Work) {
	path := os.Getenv(pathVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	var mutex sync.Mutex
	err := work(path, func(line string) {
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Println(line)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Start has the work done in a process of its own and hands each line to acknowledged.
// It kills the process a while after that many lines; with 0 it lets it come to its
// end, which must be without an error. It returns how many lines there were.
func Start(t *testing.T, path string, lines int, wait time.Duration, acknowledged func(line string)) int {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program)
	command.Env = append(os.Environ(), pathVariable+"="+path)
	command.Stderr = t.Output()
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for reader := bufio.NewReader(output); ; {
		line, err := reader.ReadString('\n')
		if err != nil {
			break // the pipe's end; an incomplete line was not acknowledged
		}
		acknowledged(line)
		if seen++; seen == lines {
			time.AfterFunc(wait, func() { command.Process.Kill() })
		}
	}
	err = command.Wait()
	if ended := command.ProcessState.Exited(); lines == 0 && err != nil || lines > 0 && ended {
		t.Fatalf("the process ended by itself after %d lines: %v", seen, err)
	}
	return seen
}

// Killing kills the process again and again.
type Killing struct {
	Path   string
	Kills  int
	Within time.Duration // of the first line it is killed; never before a fiftieth of a second

	Acknowledged func(line string)
	Survived     func() // looks at what is left, and fails the test if something is lost
}

// soonest is how long the process works at least.
const soonest = 20 * time.Millisecond

// Run kills, each time at a random moment, and has looked at what survived. It returns
// how many lines were acknowledged.
func (k Killing) Run(t *testing.T) int {
	t.Helper()
	acknowledged := 0
	for kill := range k.Kills {
		lines := Start(t, k.Path, 1, soonest+rand.N(k.Within-soonest), k.Acknowledged)
		if lines == 0 {
			t.Errorf("kill %d: nothing had been acknowledged", kill)
		}
		acknowledged += lines
		k.Survived()
		if t.Failed() {
			t.Fatalf("after kill %d", kill)
		}
	}
	return acknowledged
}
