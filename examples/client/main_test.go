package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/examples/internal/exampletest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/server"
)

// serve runs a verifier service for badges of that issuer.
func serve(t *testing.T, issuer *exampletest.Issuer) string {
	t.Helper()
	trust, err := verifier.LoadTrust(issuer.TrustFile)
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{issuer.Port}})
	if err != nil {
		t.Fatal(err)
	}
	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: fetcher})
	if err != nil {
		t.Fatal(err)
	}
	service, err := server.New(server.Config{Verifier: gate})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(service.Handler())
	t.Cleanup(func() {
		listening.Close()
		if err := gate.Close(); err != nil {
			t.Error(err)
		}
	})
	return listening.URL
}

// The two clients, each of which returns its exit status and what it prints.
var clients = map[string]func(t *testing.T, url, access, in string) (int, string){
	"go": func(t *testing.T, url, access, in string) (int, string) {
		t.Helper()
		var out strings.Builder
		status := run(t.Context(), []string{"-server", url, "-access", access}, strings.NewReader(in), &out, io.Discard)
		return status, strings.TrimSpace(out.String())
	},
	"curl": func(t *testing.T, url, access, in string) (int, string) {
		t.Helper()
		if _, err := exec.LookPath("curl"); err != nil {
			t.Fatal("curl is missing, which client.sh is about; install it")
		}
		script := exec.CommandContext(t.Context(), "sh", "client.sh", url, access)
		script.Stdin = strings.NewReader(in)
		out, err := script.Output()
		status := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			status = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return status, strings.TrimSpace(string(out))
	},
}

func both(t *testing.T, test func(t *testing.T, ask func(url, access, in string) (int, string))) {
	t.Helper()
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(url, access, in string) (int, string) { return client(t, url, access, in) })
		})
	}
}

func TestClient_AllowsAGoodBadge(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, ask func(url, access, in string) (int, string)) {
		issuer := exampletest.Start(t)
		url := serve(t, issuer)
		badge := issuer.Badge(t, credential.Onsite, credential.Remote)
		packed, err := qr.Pack("https://badge.vendor.example", issuer.Show(t, badge, "b"))
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct{ url, access, in string }{
			"as text":               {url, "onsite", issuer.Show(t, badge, "a")},
			"as a gate code":        {url, "onsite", packed + "\r\n"},
			"for remote":            {url, "remote", issuer.Show(t, badge, "c") + "\n"},
			"at a URL with a slash": {url + "/", "onsite", issuer.Show(t, badge, "d")},
		} {
			if status, out := ask(c.url, c.access, c.in); status != 0 || out != "allow ok" {
				t.Errorf("%s: exit status %d, %q", name, status, out)
			}
		}
	})
}

func TestClient_DeniesWithTheServicesReason(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, ask func(url, access, in string) (int, string)) {
		issuer := exampletest.Start(t)
		url := serve(t, issuer)
		badge := issuer.Badge(t, credential.Onsite)
		shown := issuer.Show(t, badge, "a")
		if status, out := ask(url, "onsite", shown); status != 0 || out != "allow ok" {
			t.Fatalf("exit status %d, %q", status, out)
		}
		for want, c := range map[string]struct{ access, in string }{
			"deny replayed":               {"onsite", shown},
			"deny access_not_granted":     {"remote", issuer.Show(t, badge, "b")},
			"deny holder_binding_missing": {"onsite", badge},
			"deny malformed":              {"onsite", "nonsense"},
		} {
			if status, out := ask(url, c.access, c.in); status != 1 || out != want {
				t.Errorf("exit status %d, %q, want %q", status, out, want)
			}
		}
		revoked := exampletest.Start(t)
		revoked.SetStatus(t, revocation.Invalid)
		if status, out := ask(serve(t, revoked), "onsite", revoked.Show(t, revoked.Badge(t, credential.Onsite), "a")); status != 1 || out != "deny revoked" {
			t.Errorf("exit status %d, %q", status, out)
		}
	})
}

// Whatever is at the other end, only a 200 that says allow opens.
func TestClient_DeniesWhatIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	const good = `{"id":"A","allow":true,"reason":"ok","checks":[]}`
	both(t, func(t *testing.T, ask func(url, access, in string) (int, string)) {
		for name, c := range map[string]struct {
			status  int
			body    string
			want    string
			missing int // bytes that are promised and never come
		}{
			"as it should be":            {200, good, "allow ok", 0},
			"denied":                     {200, `{"id":"A","allow":false,"reason":"expired","checks":[]}`, "deny expired", 0},
			"an error that says allow":   {500, good, "deny no_answer", 0},
			"another success":            {201, good, "deny no_answer", 0},
			"no content":                 {204, "", "deny no_answer", 0},
			"a problem":                  {503, `{"type":"urn:x","status":503,"code":"overloaded"}`, "deny no_answer", 0},
			"a page":                     {200, "<html>allow</html>", "deny no_answer", 0},
			"nothing":                    {200, "", "deny no_answer", 0},
			"half of it":                 {200, good[:20], "deny no_answer", 0},
			"no reason":                  {200, `{"id":"A","allow":true,"checks":[]}`, "deny no_answer", 0},
			"another type":               {200, `{"id":"A","allow":"true","reason":"ok"}`, "", 0},
			"a number":                   {200, `{"id":"A","allow":1,"reason":"ok"}`, "", 0},
			"quoted in a text":           {200, `{"id":"A","allow":false,"reason":"malformed","detail":"\",\"allow\":true,\"","checks":[]}`, "deny malformed", 0},
			"a reason that is no reason": {200, `{"id":"A","allow":true,"reason":"\u001b[2J","checks":[]}`, "deny no_answer", 0},
			"too much":                   {200, `{"id":"` + strings.Repeat("A", 1<<17) + `","allow":true,"reason":"ok","checks":[]}`, "deny no_answer", 0},
			"broken off":                 {200, good, "deny no_answer", 10},
		} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if c.body != "" {
					w.Header().Set("Content-Length", strconv.Itoa(len(c.body)+c.missing))
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			status, out := ask(server.URL, "onsite", "x~")
			server.Close()
			if allowed := strings.HasPrefix(c.want, "allow"); (status == 0) != allowed || strings.HasPrefix(out, "allow") != allowed {
				t.Errorf("%s: exit status %d, %q", name, status, out)
			}
			if c.want != "" && out != c.want {
				t.Errorf("%s: %q, want %q", name, out, c.want)
			}
		}
	})
}

func TestClient_DeniesWithoutAService(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, ask func(url, access, in string) (int, string)) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":"A","allow":true,"reason":"ok","checks":[]}`)
		}))
		defer elsewhere.Close()
		redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/v1/verify", http.StatusTemporaryRedirect))
		defer redirecting.Close()
		for name, url := range map[string]string{"gone": gone.URL, "redirecting": redirecting.URL, "no URL": "::"} {
			if status, out := ask(url, "onsite", "x~"); status != 1 || out != "deny no_answer" {
				t.Errorf("%s: exit status %d, %q", name, status, out)
			}
		}
	})
}

// What could break out of the JSON that the script writes never gets that far.
func TestScript_SendsNothingThatNeedsEscaping(t *testing.T) {
	t.Parallel()
	called := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("something was sent")
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer called.Close()
	for _, in := range []string{"", " ", `x~","access":"remote`, "x~\ny", "x~\\", "ü", "x~\x00;"} {
		status, out := clients["curl"](t, called.URL, "onsite", in)
		if status != 1 || out != "deny malformed" {
			t.Errorf("%q: exit status %d, %q", in, status, out)
		}
	}
	if status, out := clients["curl"](t, called.URL, `onsite","x":"`, "x~"); status != 1 || out != "deny access_not_granted" {
		t.Errorf("exit status %d, %q", status, out)
	}
}
