package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/issuer/server"
)

// reach says how a command gets to an issuer. Whatever the way, it speaks the
// issuer's API, so that there is one way to do a thing.
type reach struct {
	dir       string
	server    string
	tokenFile string
	streams   streams
	public    bool // what is asked for needs no token
}

func (r *reach) flags(c *cobra.Command) {
	c.Flags().StringVar(&r.dir, "dir", "", "the issuer's folder, on this machine")
	c.Flags().StringVar(&r.server, "server", "", "URL of an issuer elsewhere, in place of --dir")
	c.Flags().StringVar(&r.tokenFile, "token-file", "", "file with the API token for --server, of mode 0600")
}

// api calls an issuer.
type api struct {
	client *http.Client
	base   string
	token  string
	by     string
	close  func() error
}

// maxAnswer bounds what is read of an answer: the standing of 100,000 people is
// some 20 MiB.
const maxAnswer = 256 << 20

// open connects: to a server elsewhere, to the one that runs on the folder, or,
// when none does, to the folder's program in this process.
func (r *reach) open(ctx context.Context) (*api, error) {
	switch {
	case r.server != "" && r.dir != "":
		return nil, misuse("give either --dir or --server")
	case r.server != "":
		return r.remote()
	case r.dir == "":
		return nil, misuse("--dir is missing: the issuer's folder; or --server for an issuer elsewhere")
	}
	folder, err := openIssuerFolder(r.dir, r.streams)
	if err != nil {
		return nil, err
	}
	if socket, err := net.Dial("unix", folder.file(socketFile)); err == nil {
		socket.Close()
		return overSocket(folder.file(socketFile)), nil
	}
	return inProcess(ctx, folder, r.streams.err)
}

func (r *reach) remote() (*api, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	return &api{
		client: &http.Client{Timeout: time.Minute},
		base:   strings.TrimSuffix(r.server, "/"),
		token:  token,
		close:  func() error { return nil },
	}, nil
}

func (r *reach) token() (string, error) {
	switch {
	case r.tokenFile == "" && r.public:
		return "", nil
	case r.tokenFile == "":
		return "", misuse("--token-file is missing: an issuer elsewhere asks for an API token; make one there with: cyberbadge issuer token")
	case !private(r.server):
		return "", misuse("--server %s: a token goes over https only, or to this machine", r.server)
	}
	token, err := readPrivate(r.tokenFile, config.MaxSecretSize)
	if err != nil {
		return "", misuseError{err}
	}
	return strings.TrimSpace(string(token)), nil
}

// private reports whether nobody on the way can read what is sent there.
func private(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func overSocket(path string) *api {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &api{
		client: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}},
		base:   "http://issuer",
		by:     operator(),
		close:  func() error { return nil },
	}
}

// inProcess reports on errs what a server would have in its log: the cause of
// an answer that only says that something went wrong.
func inProcess(ctx context.Context, folder *issuerFolder, errs io.Writer) (*api, error) {
	logger := slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	settings, err := folder.settings(logger)
	if err != nil {
		return nil, err
	}
	program, database, err := folder.program(ctx, settings)
	if err != nil {
		return nil, err
	}
	desk, err := folder.office(program, database, logger)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	signals, err := folder.signals(program, database, logger)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	s, err := server.New(server.Config{
		Signals: signals,
		Office:  desk, TokenUses: database, TrustBundle: folder.trustBundle,
		Program: program, Tokens: database, Now: folder.now, Logger: logger,
		Courier: ownCourier{folder, program, database, logger},
	})
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return &api{
		client: &http.Client{Transport: handlerTransport{s.Local()}},
		base:   "http://issuer",
		by:     operator(),
		close: func() error {
			signals.Close()
			return database.Close()
		},
	}, nil
}

// operator is who is at this machine, for the record, in the characters that the
// header takes.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, u.Username)
	return name[:min(len(name), server.MaxOperator)]
}

// handlerTransport answers requests with a handler in this process.
type handlerTransport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &answer{header: make(http.Header), status: http.StatusOK}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	t.handler.ServeHTTP(answer, r)
	return &http.Response{
		StatusCode: answer.status,
		Status:     http.StatusText(answer.status),
		Header:     answer.header,
		Body:       io.NopCloser(&answer.body),
		Request:    r,
	}, nil
}

type answer struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) WriteHeader(status int)      { a.status = status }

// get and post call the API and decode the answer into result, which may be nil.
func (a *api) get(ctx context.Context, path string, result any) error {
	return a.call(ctx, http.MethodGet, path, "", nil, result)
}

func (a *api) post(ctx context.Context, path string, body, result any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return a.call(ctx, http.MethodPost, path, "application/json", bytes.NewReader(text), result)
}

func (a *api) call(ctx context.Context, method, path, contentType string, body io.Reader, result any) error {
	text, err := a.read(ctx, method, path, contentType, body)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(text, result)
}

// read returns the body of an answer that is not a problem.
func (a *api) read(ctx context.Context, method, path, contentType string, body io.Reader) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.by != "" {
		request.Header.Set(server.OperatorHeader, a.by)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, problemError(response.StatusCode, text)
	}
	return text, nil
}

// refusal is what a server refused with, as one line for a terminal.
type refusal struct{ code, text string }

// Error is the line.
func (r *refusal) Error() string { return r.text }

// problemError is the refusal that an answer is.
func problemError(status int, text []byte) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
		// Reasons say why somebody is not in good standing.
		Reasons []string `json:"reasons"`
	}
	if json.Unmarshal(text, &problem) != nil || problem.Code == "" {
		return fmt.Errorf("the server answered %d %s", status, http.StatusText(status))
	}
	if problem.Detail == "" {
		problem.Detail = problem.Title
	}
	if len(problem.Reasons) > 0 {
		problem.Detail = strings.TrimSuffix(problem.Detail, ".") + ": " + strings.Join(problem.Reasons, ", ")
	}
	return &refusal{problem.Code, fmt.Sprintf("%s (%s)", problem.Detail, problem.Code)}
}

// withAPI opens the API for the time of one command.
func (r *reach) withAPI(ctx context.Context, do func(*api) error) (err error) {
	a, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return do(a)
}

// openAll opens files for reading; missing names stay nil.
func openAll(names map[string]string) (files map[string]*os.File, closeAll func(), err error) {
	files = make(map[string]*os.File)
	closeAll = func() {
		for _, f := range files {
			f.Close()
		}
	}
	for part, name := range names {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			closeAll()
			return nil, nil, misuseError{err}
		}
		files[part] = f
	}
	return files, closeAll, nil
}
