package issuer_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// TestListFolder_IsServedByNginx runs the web server, where there is one, on the
// folder and with the settings that are written into it.
func TestListFolder_IsServedByNginx(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	for _, base := range []string{"", "/tenant/1234"} {
		path, url := t.TempDir(), "https://badge.vendor.example"+base
		if err := os.Chmod(filepath.Dir(path), 0o755); err != nil { // so that nginx may enter
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
		folder := openFolder(t, path, url, true)
		token := strings.Repeat("a token ", 50)
		for _, err := range []error{
			folder.WriteList(url+"/status-lists/1", token), folder.WriteIndex([]string{url + "/status-lists/1"}),
			folder.WriteTrustList(issuer.TrustList{}), folder.WriteGuide(issuer.DefaultListTTL),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		served := runNginx(t, program, path) + base

		answer, body := fetch(t, served+"/status-lists/1")
		for name, want := range map[string]string{
			"Content-Type": revocation.MediaType, "Cache-Control": "public, max-age=1, stale-if-error=60",
			"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding",
			"Etag": "", "Content-Encoding": "", "Accept-Ranges": "",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if answer.StatusCode != http.StatusOK || body != token {
			t.Errorf("%d %q", answer.StatusCode, body)
		}
		answer, body = fetch(t, served+"/status-lists/1", "Accept-Encoding", "gzip")
		zipped, err := gzip.NewReader(strings.NewReader(body))
		if err != nil || answer.Header.Get("Content-Encoding") != "gzip" || answer.Header.Get("Content-Type") != revocation.MediaType {
			t.Fatalf("%v %v", answer.Header, err)
		}
		if text, err := io.ReadAll(zipped); err != nil || string(text) != token {
			t.Errorf("compressed it is %q, %v", text, err)
		}

		// A list of the same second and size is another list.
		changed := strings.ToUpper(token)
		before := answer.Header.Get("Last-Modified")
		if err := folder.WriteList(url+"/status-lists/1", changed); err != nil {
			t.Fatal(err)
		}
		if answer, body := fetch(t, served+"/status-lists/1", "If-Modified-Since", before, "If-None-Match", "*"); answer.StatusCode != http.StatusOK || body != changed {
			t.Errorf("the next list: %d %q", answer.StatusCode, body)
		}
		if answer, body := fetch(t, served+"/status-lists"); answer.Header.Get("Content-Type") != "application/json" || !strings.Contains(body, url+"/status-lists/1") {
			t.Errorf("the index: %v %s", answer.Header, body)
		}
		if answer, body := fetch(t, strings.TrimSuffix(served, base)+"/trust-list.json"); answer.StatusCode != http.StatusOK || !strings.Contains(body, "issuers") {
			t.Errorf("the trust list: %d %s", answer.StatusCode, body)
		}
		for path, want := range map[string]int{
			"/status-lists/1?time=1": 501, "/status-lists/1?x=1&time": 501, "/status-lists/1?sometime=1": 200,
			"/status-lists/2": 404, "/status-lists/1.gz": 404, "/status-lists/.staged-1": 404, "/status-lists/": 403,
		} {
			if answer, _ := fetch(t, served+path); answer.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
			}
		}
	}
}

// runNginx serves a folder by its own guide and returns where.
func runNginx(t *testing.T, program, folder string) (address string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	settings := filepath.Join(scratch, "nginx.conf")
	text := fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log stderr; events {}
http { access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  default_type text/plain;
  server { listen %[2]s; include "%[3]s/nginx.conf"; } }`, scratch, listen, folder)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-p", scratch, "-c", settings)
	command.Stderr = t.Output()
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // it was interrupted
	for range 1000 {
		if connection, err := net.Dial("tcp", listen); err == nil {
			_ = connection.Close()
			return "http://" + listen
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nginx does not answer")
	return ""
}

// fetch asks as a client does that takes answers as they come.
func fetch(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}
