package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
)

// receiver is a customer's system that is told of what ends.
type receiver struct {
	*httptest.Server
	secret string
	posts  chan post
}

type post struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{posts: make(chan post, 16)}
	_, r.secret = webhook.NewSecret()
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, call *http.Request) {
		body, _ := io.ReadAll(call.Body)
		r.posts <- post{call.Header, body}
	}))
	t.Cleanup(r.Close)
	return r
}

// settings are what a verifier's folder needs to reach it.
func (r *receiver) settings(t *testing.T, dir string) string {
	t.Helper()
	authority := filepath.Join(dir, "soc.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "soc.secret")
	if err := os.WriteFile(secret, []byte(r.secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(r.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`  ended:
    webhooks:
      - url: %s/hook
        secret: {file: soc.secret}
    network:
      allow_ports: [%s]
      allow_private_networks: [127.0.0.0/8]
      ca_file: soc.pem
`, r.URL, port)
}

// TestWholeProgram_ARevocationEndsWhatAnotherSystemGranted: a jump host asks for a
// decision, the office revokes, and the host's keeper is told which session to end.
func TestWholeProgram_ARevocationEndsWhatAnotherSystemGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	soc := newReceiver(t)
	dir := w.file("site")
	_, port, err := net.SplitHostPort(w.issuerAddr)
	if err != nil {
		t.Fatal(err)
	}
	address := w.address()
	w.run("verifier", "init", "--dir", dir, "--listen", address, "--allow-port", port, "--insecure-allow-loopback")
	w.runWith(w.office, w.run("issuer", "trust", "--dir", w.issuerDir), "verifier", "trust", "--dir", dir, "--add", "-")
	path := filepath.Join(dir, verifierConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, soc.settings(t, dir)...), 0o600); err != nil {
		t.Fatal(err)
	}
	w.verifierURL = "http://" + address
	w.serve(w.gate, w.verifierURL, "verifier", "serve", "--dir", dir)

	kept, lost := w.issue("0700003"), w.issue("0700004")
	over := w.expect(w.scan(lost), verifier.OK)
	open := w.expect(w.scan(lost), verifier.OK)
	w.expect(w.scan(kept), verifier.OK)
	w.forget(over)
	w.run("badge", "revoke", "--dir", w.issuerDir, lost.id)

	var told post
	select {
	case told = <-soc.posts:
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
	secret, err := webhook.ParseSecret(soc.secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.Verify([]webhook.Secret{secret}, told.header, told.body, w.gate.Now()); err != nil {
		t.Error(err)
	}
	var event struct {
		Type string
		Data grant.Ending
	}
	if err := json.Unmarshal(told.body, &event); err != nil {
		t.Fatal(err)
	}
	if event.Type != "grant.ended" || event.Data.Decision != open.ID || event.Data.Reason != verifier.Revoked || event.Data.Subject != open.Badge.Subject {
		t.Errorf("told %s", told.body)
	}
	w.await(lost, verifier.Revoked)
	if n := len(soc.posts); n != 0 {
		t.Errorf("told %d times more", n)
	}
}

// forget tells the verifier that what a decision allowed is over.
func (w *world) forget(d verifier.Decision) {
	w.t.Helper()
	call, err := http.NewRequest(http.MethodDelete, w.verifierURL+"/v1/grants/"+d.ID, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(call)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		w.t.Fatal(answer.Status)
	}
}
