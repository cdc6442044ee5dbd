//go:build pages

// Package e2e opens the pages in Chromium, served by a real issuer, with badges
// that it really issued. It needs the built pages, node, npm and Chromium, and
// fails where one is missing: make pages brings them.
package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// fixture is a running issuer over the sample program.
type fixture struct {
	url     string
	program *issuer.Program
	office  http.Handler // the server for callers on this machine
	picture []byte
	invited atomic.Int64 // people who were given something to hold
	kept    sync.Map     // badges by their id

	customer      *customer      // nil: there is none
	sticks        string         // folder of bundles; empty: its customer has no use for them
	programOffice *programOffice // nil: the same
}

func start(t *testing.T) *fixture {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	f := &fixture{url: "http://" + listener.Listener.Addr().String(), picture: portrait(t)}
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "db", "store.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	f.program, err = issuer.New(issuer.Config{
		URL: f.url, Store: database, Policy: policy.Default(),
		BadgeKey: credentialtest.IssuerKey, ListKey: credentialtest.ListKey,
		SubjectKey: bytes.Repeat([]byte{7}, issuer.MinSubjectKey),
		ListTTL:    time.Second, // so that a revocation is seen while a test watches
	})
	if err != nil {
		t.Fatal(err)
	}
	service, err := server.New(server.Config{Program: f.program, Tokens: database, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f.office = service.Local()
	mux := http.NewServeMux()
	mux.Handle("/", service.Handler())
	// A picture that is not one of the issuer's portraits.
	mux.HandleFunc("GET /pictures/portrait", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(f.picture)
	})
	listener.Config.Handler = mux
	listener.Start()
	t.Cleanup(listener.Close)
	t.Cleanup(service.EndStreams)
	f.importSample(t)
	f.publish(t)
	return f
}

// publish keeps the status lists published until the test ends.
func (f *fixture) publish(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.program.PublishLists(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (f *fixture) importSample(t *testing.T) {
	t.Helper()
	read := func(name string) *bytes.Reader {
		text, err := sample.At(name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(text)
	}
	files := issuer.Files{People: read(sample.People), Training: read(sample.Training), Devices: read(sample.Devices)}
	if _, err := f.program.Import(t.Context(), files, "test"); err != nil {
		t.Fatal(err)
	}
}

// portrait draws somebody who does not exist.
func portrait(t *testing.T) []byte {
	t.Helper()
	const size = 240
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	inside := func(x, y, cx, cy, rx, ry int) bool {
		dx, dy := float64(x-cx)/float64(rx), float64(y-cy)/float64(ry)
		return dx*dx+dy*dy < 1
	}
	for y := range size {
		for x := range size {
			shade := color.RGBA{170, 196, 214, 255}
			switch {
			case inside(x, y, 120, 60, 52, 46) && y < 82:
				shade = color.RGBA{74, 48, 36, 255}
			case inside(x, y, 120, 98, 46, 58):
				shade = color.RGBA{224, 178, 146, 255}
			case inside(x, y, 120, 250, 96, 92):
				shade = color.RGBA{24, 62, 104, 255}
			}
			picture.Set(x, y, shade)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// somebody issues a badge to an eligible person who has the access, and to no
// other; the same person each time.
func (f *fixture) somebody(ctx context.Context, access ...credential.Access) (issuer.Issued, error) {
	var found string
	err := f.program.Standings(ctx, time.Now(), func(s issuer.Standing) error {
		if s.Eligible && found == "" && fmt.Sprint(s.Access) == fmt.Sprint(access) {
			found = s.Person.ID
		}
		return nil
	})
	if err != nil {
		return issuer.Issued{}, err
	}
	return f.program.Issue(ctx, issuer.IssueRequest{Person: found, HolderKey: credentialtest.HolderKey.PublicKey(), By: "test"})
}

// resigned is a badge of the issuer with changed claims, on the status list entry
// that the given badge has.
func (f *fixture) resigned(badge string, change func(*credential.Claims)) (string, error) {
	opener := credential.Opener{Keys: anyKey{}}
	opened, err := opener.Open(badge)
	if err != nil {
		return "", err
	}
	claims := opened.Claims
	change(&claims)
	signer, err := credential.NewIssuer(credential.IssuerConfig{
		URL: claims.Issuer, Types: []string{claims.Type}, Key: credentialtest.IssuerKey, KeyID: credentialtest.IssuerKey.KeyID(),
	})
	if err != nil {
		return "", err
	}
	draft, err := signer.Prepare(claims)
	if err != nil {
		return "", err
	}
	return signer.Sign(draft)
}

func (f *fixture) integrity() string {
	sum := sha256.Sum256(f.picture)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestPages_InChromium(t *testing.T) {
	start(t).inChromium(t, "check", "concern", "speed", "update")
}

func TestPages_BadgeInChromium(t *testing.T) { start(t).inChromium(t, "badge.e2e") }

func TestPages_GateInChromium(t *testing.T) { start(t).atCustomer(t).inChromium(t, "gate.e2e") }

func TestPages_LiveInChromium(t *testing.T) { start(t).atCustomer(t).inChromium(t, "live.e2e") }

func TestPages_ConsoleInChromium(t *testing.T) { start(t).withOffice(t).inChromium(t, "console") }

// TestScreenshots asserts nothing: somebody has to look.
func TestScreenshots(t *testing.T) { start(t).atCustomer(t).withOffice(t).inChromium(t, "screenshots") }

// TestBench prints figures and asserts nothing.
func TestBench(t *testing.T) { start(t).atCustomer(t).inChromium(t, "measure") }

// inChromium runs the files of that name.
func (f *fixture) inChromium(t *testing.T, names ...string) {
	t.Helper()
	web, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, needed := range []string{"dist/check.html", "node_modules/playwright-core"} {
		if _, err := os.Stat(filepath.Join(web, needed)); err != nil {
			t.Fatalf("%v: run make web first", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", f.codes())
	f.phones(t, mux)
	f.concerns(mux)
	environment := append(os.Environ(), "CYBERBADGE_ISSUER="+f.url, "NO_COLOR=1")
	if f.customer != nil {
		f.gates(mux)
		environment = append(environment, "CYBERBADGE_CUSTOMER=http://"+f.customer.address)
	}
	if f.programOffice != nil {
		f.offices(mux)
		environment = append(environment, "CYBERBADGE_OFFICE="+f.programOffice.url, "CYBERBADGE_PROVIDER="+f.programOffice.provider,
			"CYBERBADGE_INBOX="+f.programOffice.inbox)
	}
	codes := httptest.NewServer(mux)
	t.Cleanup(codes.Close)
	command := exec.CommandContext(t.Context(), "npm", append([]string{"run", "--silent", "test:browser", "--"}, names...)...)
	command.Dir = web
	command.Env = append(environment, "CYBERBADGE_CODES="+codes.URL)
	output, err := command.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(output), "passed") {
		t.Fatal("no test ran")
	}
}
