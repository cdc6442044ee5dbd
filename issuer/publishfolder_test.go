package issuer_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func openFolder(t testing.TB, path, url string, gzip bool) *issuer.ListFolder {
	t.Helper()
	folder, err := issuer.OpenListFolder(path, url, gzip)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestListFolder_HasWhatIsServedWhereItIsServed(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/tenant/1234"} {
		path, url := t.TempDir(), "https://badge.vendor.example"+base
		folder := openFolder(t, path, url, true)
		token := strings.Repeat("a token ", 50)
		for _, err := range []error{
			folder.WriteList(url+"/status-lists/1", token), folder.WriteList(url+"/status-lists/12", token),
			folder.WriteIndex([]string{url + "/status-lists/1"}),
			folder.WriteTrustList(issuer.TrustList{Issuers: []issuer.TrustedIssuer{{Issuer: url}}}),
			folder.WriteGuide(issuer.DefaultListTTL),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, path, base, "status-lists/1"); got != token {
			t.Errorf("the list is %q", got)
		}
		zipped, err := gzip.NewReader(strings.NewReader(read(t, path, base, "status-lists/12.gz")))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(zipped); err != nil || string(text) != token {
			t.Errorf("compressed it is %q, %v", text, err)
		}
		if got, want := read(t, path, base, "status-lists.json"), `{"status_lists":["`+url+`/status-lists/1"]}`+"\n"; got != want {
			t.Errorf("the index is %s", got)
		}
		var trust issuer.TrustList
		if err := json.Unmarshal([]byte(read(t, path, "trust-list.json")), &trust); err != nil || trust.Issuers[0].Issuer != url {
			t.Errorf("the trust list is %+v, %v", trust, err)
		}
		guide := read(t, path, "nginx.conf")
		for _, line := range []string{
			"location = " + base + "/status-lists {", "location " + base + "/status-lists/ {", `root "` + path + `";`,
			"default_type application/statuslist+jwt;", "gzip_static on;", `"public, max-age=1, stale-if-error=60"`,
		} {
			if !strings.Contains(guide, line) {
				t.Errorf("the guide has no %q:\n%s", line, guide)
			}
		}
		if info, err := os.Stat(filepath.Join(path, base, "status-lists/1")); err != nil || info.Mode() != 0o644 {
			t.Errorf("%v, %v: a web server must be able to read it", info, err)
		}
	}
}

func TestListFolder_TakesListsOfItsIssuerOnly(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder := openFolder(t, path, credentialtest.IssuerURL, false)
	for _, uri := range []string{
		"", "1", "/status-lists/1", "https://other.example/status-lists/1", credentialtest.IssuerURL + "/status-lists/",
		credentialtest.IssuerURL + "/status-lists/01", credentialtest.IssuerURL + "/status-lists/../../x",
		credentialtest.IssuerURL + "/status-lists/-1", credentialtest.IssuerURL + "/status-lists/9223372036854775808",
	} {
		if err := folder.WriteList(uri, "x"); err == nil || !strings.Contains(err.Error(), "is no list of "+credentialtest.IssuerURL) {
			t.Errorf("%q: %v", uri, err)
		}
	}
	if files, err := os.ReadDir(filepath.Join(path, "status-lists")); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
	for _, path := range []string{`/srv/"lists`, "/srv/$lists", `/srv/lists\`, "/srv/\nlists"} {
		if _, err := issuer.OpenListFolder(path, credentialtest.IssuerURL, false); err == nil || !strings.Contains(err.Error(), "web servers read in their own way") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestListFolder_TakesAwayWhatWasLeftUnfinished(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	openFolder(t, path, credentialtest.IssuerURL, false)
	left := []string{filepath.Join(path, ".staged-1"), filepath.Join(path, "status-lists", ".staged-2")}
	for _, name := range left {
		if err := os.WriteFile(name, []byte("half a li"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openFolder(t, path, credentialtest.IssuerURL, false)
	for _, name := range left {
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestListFolder_ReadersGetOneListOrTheOther(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder := openFolder(t, path, credentialtest.IssuerURL, true)
	lists := []string{strings.Repeat("a", 50_000), strings.Repeat("b", 20_000)}
	if err := folder.WriteList(credentialtest.ListURI, lists[0]); err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	done := make(chan int)
	go func() {
		reads := 0
		for ; !stop.Load(); reads++ {
			text, err := os.ReadFile(filepath.Join(path, "status-lists/1"))
			if err != nil || string(text) != lists[0] && string(text) != lists[1] {
				t.Errorf("read %d bytes, %v", len(text), err)
				break
			}
		}
		done <- reads
	}()
	for i := range 100 {
		if err := folder.WriteList(credentialtest.ListURI, lists[i%2]); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	if reads := <-done; reads == 0 {
		t.Error("nothing was read meanwhile")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// keep starts keeping a folder and returns how to end it.
func (p *publishing) keep(t testing.TB, folder *issuer.ListFolder) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.KeepListFolder(ctx, folder) }()
	return func() {
		stop()
		if err := receive(t, ended); err != nil {
			t.Error(err)
		}
	}
}

// fileSays is what the file of a list says of a badge.
func (p *publishing) fileSays(t testing.TB, path string, b store.Badge) revocation.Status {
	t.Helper()
	return p.saidBy(t, read(t, path, "status-lists/1"), b)
}

func TestKeepListFolder_WritesWhatIsPublished(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	p.run(t)
	receive(t, p.tokens)
	path := t.TempDir()
	end := p.keep(t, openFolder(t, path, p.URL(), true))
	p.settle(t)
	p.revoke(t, badge)
	p.waits.next(t) // everybody was told
	end()           // and what they were told of is written
	if got := p.fileSays(t, path, badge); got != revocation.Invalid {
		t.Errorf("the file says %v", got)
	}
	if got, want := read(t, path, "status-lists.json"), `{"status_lists":["`+p.ListURI(1)+`"]}`+"\n"; got != want {
		t.Errorf("the index is %s", got)
	}
	trust, err := p.TrustList()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.MarshalIndent(trust, "", "  "); err != nil || read(t, path, "trust-list.json") != string(text)+"\n" {
		t.Errorf("the trust list is %s, %v", read(t, path, "trust-list.json"), err)
	}
}
