package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// office is a running issuer.
type office struct {
	*clocktest.Clock
	service    *Server
	program    *issuer.Program
	store      *sqlite.Store
	url        string // of the public listener
	operations string // of the operator's listener
	local      *http.Client
	log        *logtest.Log
	all        string // a token with every scope
}

type options struct {
	path string // of the issuer's URL
	tls  bool
	// change changes the configuration of the server before it is made.
	change func(*Config)
}

// patient are limits for clocks that stand still.
var patient = Limits{
	Callers: Limit{PerSecond: 50, Burst: 100_000}, Public: Limit{PerSecond: 50, Burst: 100_000}, SignIns: Limit{PerSecond: 50, Burst: 100_000},
}

// open runs an issuer on loopback at the instant of the sample, with a database
// that knows nobody.
func open(t testing.TB, opts options) *office {
	t.Helper()
	o := &office{Clock: issuertest.Clock(t), log: new(logtest.Log)}
	logger := slog.New(slog.NewJSONHandler(o.log, nil))
	listener := httptest.NewUnstartedServer(nil)
	o.url = "http://" + listener.Listener.Addr().String()

	o.store = issuertest.Database(t, sqlite.Config{Now: o.Now})
	settings := issuertest.Config(o.store, o.Now)
	settings.URL, settings.Logger, settings.Keys = o.url+opts.path, logger, issuertest.NewKeys()
	o.program = issuertest.New(t, settings)
	config := Config{Program: o.program, Tokens: o.store, TLS: opts.tls, Now: o.Now, Logger: logger, Limits: patient}
	if opts.change != nil {
		opts.change(&config)
	}
	var err error
	if o.service, err = New(config); err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = o.around(logger, o.service.Handler())
	listener.Start()
	t.Cleanup(listener.Close)
	operations := httptest.NewServer(o.service.Operations())
	t.Cleanup(operations.Close)
	o.operations = operations.URL
	o.local = serveLocal(t, o.around(logger, o.service.Local()))
	o.all = o.token(t, Scopes()...)
	return o
}

// start is open with the sample program imported.
func start(t testing.TB) *office {
	t.Helper()
	o := open(t, options{})
	o.importSample(t)
	return o
}

// around is what package httpserver puts around a handler.
func (o *office) around(logger *slog.Logger, h http.Handler) http.Handler {
	return httpserver.RequestID(httpserver.AccessLog(logger, o.Now)(httpserver.Recover(logger)(h)))
}

// serveLocal mounts a handler on a unix socket and returns a client for it.
func serveLocal(t testing.TB, h http.Handler) *http.Client {
	t.Helper()
	// Not t.TempDir: a socket's path has little room.
	folder, err := os.MkdirTemp("", "cb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "s")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(socket)
	}()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-ended
	})
	return &http.Client{Transport: transport}
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) decode(t testing.TB, status int, into any) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

type failure struct {
	Type     string
	Title    string
	Status   int
	Detail   string
	Code     string
	Instance string
	Reasons  []string
}

// problem insists on a problem of that code, one that the API's description has.
func (r reply) problem(t testing.TB, status int, code string) failure {
	t.Helper()
	var f failure
	r.decode(t, status, &f)
	if f.Code != code || f.Status != status || f.Type != "urn:cyberbadge:problem:"+code {
		t.Errorf("got the problem %s, want %s", r.body, code)
	}
	if f.Instance != "urn:cyberbadge:request:"+r.header.Get("X-Request-Id") {
		t.Errorf("instance is %q, request id %q", f.Instance, r.header.Get("X-Request-Id"))
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("a problem came as %q", got)
	}
	if got := r.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a problem may be kept: Cache-Control is %q", got)
	}
	if !slices.Contains(describedCodes(t), code) {
		t.Errorf("openapi.json does not know the code %q", code)
	}
	return f
}

// headers of a call, by pairs of name and value; one name may come twice.
type headers []string

// send makes a call with those headers alone.
func (o *office) send(t testing.TB, client *http.Client, method, path string, body io.Reader, with headers) reply {
	t.Helper()
	address := o.url + path
	if client == o.local {
		address = "http://local" + path
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(with); i += 2 {
		request.Header.Add(with[i], with[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, text}
}

// call calls with the token that has every scope.
func (o *office) call(t testing.TB, method, path string) reply {
	t.Helper()
	return o.send(t, http.DefaultClient, method, path, nil, headers{"Authorization", "Bearer " + o.all})
}

// post sends JSON with the token that has every scope.
func (o *office) post(t testing.TB, path, body string) reply {
	t.Helper()
	return o.send(t, http.DefaultClient, "POST", path, strings.NewReader(body),
		headers{"Authorization", "Bearer " + o.all, "Content-Type", "application/json"})
}

// get asks as anybody may.
func (o *office) get(t testing.TB, path string, with ...string) reply {
	t.Helper()
	return o.send(t, http.DefaultClient, "GET", path, nil, with)
}

// token has the local operator make a token.
func (o *office) token(t testing.TB, scopes ...Scope) string {
	t.Helper()
	request, err := json.Marshal(map[string]any{"name": "a test " + rand.Text(), "scopes": scopes})
	if err != nil {
		t.Fatal(err)
	}
	var added addedToken
	o.send(t, o.local, "POST", "/v1/tokens", bytes.NewReader(request), headers{"Content-Type", "application/json"}).
		decode(t, http.StatusCreated, &added)
	return added.Secret
}

// part is one file of an import.
type part struct{ name, text string }

func form(t testing.TB, parts ...part) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		file, err := w.CreateFormFile(p.name, p.name+".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, p.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func (o *office) importParts(t testing.TB, parts ...part) reply {
	t.Helper()
	body, contentType := form(t, parts...)
	return o.send(t, http.DefaultClient, "POST", "/v1/import", bytes.NewReader(body),
		headers{"Authorization", "Bearer " + o.all, "Content-Type", contentType})
}

func sampleFile(t testing.TB, name string) string {
	t.Helper()
	text, err := sample.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (o *office) importSample(t testing.TB) issuer.ImportReport {
	t.Helper()
	var report issuer.ImportReport
	o.importParts(t,
		part{"devices", sampleFile(t, sample.Devices)}, // in any order
		part{"people", sampleFile(t, sample.People)},
		part{"training", sampleFile(t, sample.Training)},
	).decode(t, http.StatusOK, &report)
	return report
}

// expected is the verdict on one person of the sample, computed elsewhere.
type expected struct {
	ID         string   `json:"id"`
	ExternalID string   `json:"externalId"`
	Eligible   bool     `json:"eligible"`
	Access     []string `json:"access"`
	Reasons    []string `json:"reasons"`
}

func verdicts(t testing.TB) []expected {
	t.Helper()
	var file struct{ Verdicts []expected }
	if err := json.Unmarshal([]byte(sampleFile(t, sample.Expected)), &file); err != nil {
		t.Fatal(err)
	}
	return file.Verdicts
}

// eligible returns somebody with both kinds of access.
func eligible(t testing.TB) expected {
	t.Helper()
	for _, v := range verdicts(t) {
		if len(v.Access) == 2 {
			return v
		}
	}
	t.Fatal("nobody has both kinds of access")
	return expected{}
}

func holderKey(t testing.TB) string {
	t.Helper()
	jwk, err := credential.MarshalJWK(credentialtest.HolderKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return string(jwk)
}

// issue issues a badge to the test holder's key.
func (o *office) issue(t testing.TB, ref string) issuedBadge {
	t.Helper()
	var issued issuedBadge
	o.post(t, "/v1/people/"+ref+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t))).
		decode(t, http.StatusCreated, &issued)
	return issued
}

func (o *office) setStatus(t testing.TB, id, verb, reason string) reply {
	t.Helper()
	return o.post(t, "/v1/badges/"+id+"/"+verb, fmt.Sprintf(`{"reason":%q}`, reason))
}
