//go:build pages

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// service is the program as it is built, in a folder of its own.
type service struct {
	program string // the binary
	noun    string // issuer or verifier
	folder  string

	mu      sync.Mutex
	serving *exec.Cmd // nil while it is stopped
}

// newService builds the program. What it serves is stopped with the test.
func newService(t *testing.T, noun string) *service {
	t.Helper()
	s := &service{program: filepath.Join(t.TempDir(), "cyberbadge"), noun: noun, folder: filepath.Join(t.TempDir(), noun)}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, "../../cmd/cyberbadge").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	t.Cleanup(func() { _ = s.stop() })
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (s *service) must(t *testing.T, args ...string) {
	t.Helper()
	if _, err := s.run(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// run returns what a command prints that works on the folder.
func (s *service) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, s.program, append(args, "--dir", s.folder)...)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("cyberbadge %s: %w: %s", strings.Join(args, " "), err, &problems)
	}
	return output, nil
}

// start returns once the service listens.
func (s *service) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving != nil {
		return nil
	}
	command := exec.Command(s.program, s.noun, "serve", "--dir", s.folder)
	said, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	var before strings.Builder
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listens on") {
			s.serving = command
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return nil
		}
		fmt.Fprintln(&before, lines.Text())
	}
	return fmt.Errorf("the %s did not start: %w: %s", s.noun, command.Wait(), before.String())
}

// stop returns once nothing listens any more.
func (s *service) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving == nil {
		return nil
	}
	command := s.serving
	s.serving = nil
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return command.Wait()
}
