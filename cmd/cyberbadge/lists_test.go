package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
)

// files is what the lists say that a server keeps in a folder.
func (w *world) files(folder string) (lists []fetchedList) {
	w.t.Helper()
	var trust issuer.TrustList
	text, err := os.ReadFile(filepath.Join(folder, "trust-list.json"))
	if err != nil {
		return nil // not there yet
	}
	if err := json.Unmarshal(text, &trust); err != nil {
		w.t.Fatal(err)
	}
	keys, err := keysByID(trust.Issuers[0].Lists.Keys)
	if err != nil {
		w.t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "status-lists", "[0-9]"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			w.t.Fatal(err)
		}
		list, err := openList(string(text), trust.Issuers[0].Lists.Under+filepath.Base(name), keys)
		if err != nil {
			w.t.Fatal(err)
		}
		lists = append(lists, list)
	}
	return lists
}

func TestIssuerServe_KeepsFilesOfTheLists(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, issuer.DefaultListTTL, "lists:\n  export_folder: files\n  export_gzip: true\n")
	badge := w.issue("0700004")
	w.run("badge", "revoke", "--dir", w.issuerDir, badge.id)
	folder := filepath.Join(w.issuerDir, "files")
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if lists := w.files(folder); len(lists) == 1 && show(lists[0]).Revoked == 1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the file does not say that the badge was revoked")
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "status-lists", "1.gz")); err != nil {
		t.Error(err)
	}
	shown := w.run("issuer", "lists", "show", "--dir", w.issuerDir, "--json")
	if !strings.Contains(shown, `"revoked": 1`) || !strings.Contains(shown, `"seq": 2`) {
		t.Errorf("the command says %s", shown)
	}
}

func TestIssuerServe_SaysGoodbyeToReadersOfEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	badge := w.issue("0700004")
	var trust issuer.TrustList
	if err := json.Unmarshal([]byte(w.run("issuer", "trust", "--dir", w.issuerDir)), &trust); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(trust.Issuers[0].Lists.Events)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	until := func(what string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), what) {
				return
			}
		}
		t.Fatalf("the stream ended before %q: %v", what, lines.Err())
	}
	until("event: hello")
	w.run("badge", "revoke", "--dir", w.issuerDir, badge.id)
	until(`"seq":2`)
	begun := time.Now()
	w.stopIssuer()
	if took := time.Since(begun); took > 10*time.Second { // the server's grace is longer
		t.Errorf("stopping took %v", took)
	}
	until("event: bye")
}
