package conformance_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func needPeers(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("npm", "node_modules", ".package-lock.json")); err != nil {
		t.Fatalf("the JavaScript peers are not installed: run make test, or npm ci --ignore-scripts in internal/conformance/npm (%v)", err)
	}
}

// ask runs a script of npm/ over the questions.
func ask[Answer any](t *testing.T, script string, questions any) []Answer {
	t.Helper()
	needPeers(t)
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", script)
	command.Dir = "npm"
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, stderr.Bytes())
	}
	var answers []Answer
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, output)
	}
	return answers
}

// peer is a script of npm/ that runs until its input ends, and talks in lines of
// JSON.
type peer struct {
	script string
	input  io.WriteCloser
	lines  *bufio.Reader
}

func startPeer(t *testing.T, script string) *peer {
	t.Helper()
	needPeers(t)
	command := exec.CommandContext(t.Context(), "node", script)
	command.Dir, command.Stderr = "npm", t.Output()
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	return &peer{script, input, bufio.NewReader(output)}
}

// ask says one thing and reads the answer.
func (p *peer) ask(t *testing.T, question, answer any) {
	t.Helper()
	if err := json.NewEncoder(p.input).Encode(question); err != nil {
		t.Fatal(err)
	}
	line, err := p.lines.ReadBytes('\n')
	if err != nil || json.Unmarshal(line, answer) != nil {
		t.Fatalf("%s says %q: %v", p.script, line, err)
	}
}

// end ends the input and reads the last word.
func (p *peer) end(t *testing.T, answer any) {
	t.Helper()
	if err := p.input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(p.lines).Decode(answer); err != nil {
		t.Fatalf("%s says no last word: %v", p.script, err)
	}
}

// serverCertificate is one for this machine, in PEM with its key, and the pool that
// believes it.
func serverCertificate(t *testing.T) (key, certificate string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("PRIVATE KEY", secret), text("CERTIFICATE", der), roots
}
