// Package cyberbadge_test holds the documents to the code: what they say can be
// compiled, run or looked up.
package cyberbadge_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const readme = "README.md"

// startPatience is how long a server may take to say that it listens.
const startPatience = 30 * time.Second

// blocks returns the fenced blocks of a document in a language.
func blocks(document, language string) []string {
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	var found []string
	for _, match := range fence.FindAllStringSubmatch(document, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestREADME_GoSnippetsCompile(t *testing.T) {
	t.Parallel()
	snippets := blocks(readFile(t, readme), "go")
	if len(snippets) == 0 {
		t.Fatal("there is no Go in the README any more")
	}
	for n, snippet := range snippets {
		// Inside of the module, so that its imports are the ones at hand; a name
		// with an underscore is invisible to "./...".
		folder, err := os.MkdirTemp(".", "_readme")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(folder) })
		if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(snippet), 0o600); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.CommandContext(t.Context(), "go", "vet", "./"+folder).CombinedOutput(); err != nil {
			t.Errorf("snippet %d: %v\n%s", n+1, err, output)
		}
	}
}

func TestDocuments_NameTargetsThatMakeHas(t *testing.T) {
	t.Parallel()
	makefile := readFile(t, "Makefile")
	for _, path := range documents(t) {
		for _, match := range regexp.MustCompile("(?m)[`^]make ([a-z]+)").FindAllStringSubmatch(readFile(t, path), -1) {
			// A line with "##" is one that make help lists.
			if !regexp.MustCompile(`(?m)^` + match[1] + `:.*## `).MatchString(makefile) {
				t.Errorf("%s says make %s, which make help does not list", path, match[1])
			}
		}
	}
}

// TestREADME_CommandsWork does what the README tells its readers to do, line by
// line, in an empty folder.
func TestREADME_CommandsWork(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the program and runs two servers")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("curl is not installed; make test installs it")
	}
	shell := newShell(t)
	issuer, verifier := freePort(t), freePort(t)
	lines := 0
	for _, block := range blocks(readFile(t, readme), "sh") {
		for line := range strings.Lines(block) {
			line = strings.NewReplacer("8080", issuer, "8090", verifier).Replace(strings.TrimSpace(line))
			if strings.HasPrefix(line, "make ") {
				continue
			}
			lines++
			output := shell.run(line)
			if strings.HasPrefix(line, "cyberbadge verify ") && !strings.HasPrefix(output, "ALLOW  ok") {
				t.Errorf("%s\nprinted\n%s", line, output)
			}
			if strings.HasPrefix(line, "curl ") && !strings.Contains(output, `"allow":true,"reason":"ok"`) {
				t.Errorf("%s\nprinted\n%s", line, output)
			}
		}
	}
	if lines < 10 {
		t.Errorf("only %d commands were found in the README", lines)
	}
}

// TestDocuments_NameCommandsAndFlagsThatThereAre asks each command of the
// documents for help and looks for its flags there.
func TestDocuments_NameCommandsAndFlagsThatThereAre(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the program")
	}
	shell := newShell(t)
	command := regexp.MustCompile("(?m)(?:^|`)cyberbadge((?: [a-z]+)+)((?: [^`\n]*)?)")
	for _, path := range documents(t) {
		for _, match := range command.FindAllStringSubmatch(readFile(t, path), -1) {
			help := shell.run("cyberbadge" + match[1] + " --help")
			for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(match[2], -1) {
				if !strings.Contains(help, flag+" ") {
					t.Errorf("%s: cyberbadge%s has no flag %s", path, match[1], flag)
				}
			}
		}
	}
}

// building keeps two tests from compiling the same program at once; the second
// finds it in the go command's cache.
var building sync.Mutex

// shell runs commands in a folder of its own, with the program in the PATH.
type shell struct {
	t      *testing.T
	folder string
	env    []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	bin := t.TempDir()
	building.Lock()
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/cyberbadge").CombinedOutput()
	building.Unlock()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	return &shell{t, t.TempDir(), append(os.Environ(), "PATH="+path)}
}

func (s *shell) command(ctx context.Context, line string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", line)
	c.Dir, c.Env = s.folder, s.env
	return c
}

// run runs a line and returns what it printed. One that ends in "&" is a server:
// run returns once it listens, and the test stops it at its end.
func (s *shell) run(line string) string {
	s.t.Helper()
	if server, ok := strings.CutSuffix(line, " &"); ok {
		s.start(server)
		return ""
	}
	var complaints strings.Builder
	c := s.command(s.t.Context(), line)
	c.Stderr = &complaints
	output, err := c.Output()
	if err != nil {
		s.t.Fatalf("%s\n%v\n%s%s", line, err, output, &complaints)
	}
	return string(output)
}

func (s *shell) start(line string) {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	c := s.command(ctx, "exec "+line)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	log, err := c.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		stop()
		_ = c.Wait() // an interrupt is how it ends
	})
	listens := make(chan error, 1)
	go func() { listens <- waitForListener(log) }()
	select {
	case err := <-listens:
		if err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
	case <-time.After(startPatience):
		s.t.Fatalf("%s does not listen after %v", line, startPatience)
	}
}

// waitForListener reads a server's log until it says that it listens, and then
// on, so that the server never waits for a reader.
func waitForListener(log io.Reader) error {
	lines := bufio.NewScanner(log)
	var said strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), " listens on ") {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return nil
		}
	}
	return fmt.Errorf("it ended:\n%s", &said)
}

// freePort returns a port that nobody listens on now. The README's lines need
// one before there is a server to ask.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
