//go:build pages

package e2e

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// programOffice is a whole issuer over the sample program: the program as it is
// built, with officers who sign in, and letters that go into a folder.
type programOffice struct {
	*service
	url      string
	provider string // the identity provider
	inbox    string
	holder   string // file with the key that badges are bound to
}

const (
	providerFolder = "../../internal/conformance/npm"
	officeClient   = "cyberbadge-office"
	officeSecret   = "a secret for the test alone"
)

// officeSettings are what an operator adds to what init wrote.
const officeSettings = `
notify:
  program: Badge program
  fallback: {name: Badge office, mail: office@vendor.example, language: en}
mail:
  folder: %s
  from: badges@vendor.example
office:
  issuer: %s
  client_id: ` + officeClient + `
  client_secret: {file: office.secret}
  role_claim: groups
  roles: {badge-admins: admin, badge-officers: officer, badge-viewers: viewer}
outbound:
  allow_ports: [%d]
  allow_private_networks: [127.0.0.0/8]
  ca_file: provider.pem
`

// withOffice adds a program office.
func (f *fixture) withOffice(t *testing.T) *fixture {
	t.Helper()
	address := freeAddress(t)
	o := &programOffice{service: newService(t, "issuer"), url: "http://" + address, inbox: t.TempDir()}
	o.must(t, "issuer", "init", "--url", o.url, "--listen", address, "--insecure-plain-keys", "--list-ttl", "1s")
	certificate, port := o.startProvider(t)
	o.write(t, "provider.pem", certificate)
	o.write(t, "office.secret", officeSecret)
	jwk, err := credential.MarshalJWK(credentialtest.HolderKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	o.holder = o.write(t, "holder.jwk", string(jwk))
	o.importSample(t)
	// Only now, so that nobody is told of the sample.
	o.append(t, "issuer.yaml", fmt.Sprintf(officeSettings, o.inbox, o.provider, port))
	o.giveUp(t)
	if err := o.start(); err != nil {
		t.Fatal(err)
	}
	f.programOffice = o
	return f
}

func (o *programOffice) write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(o.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (o *programOffice) append(t *testing.T, name, text string) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(o.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, name, string(before)+text)
}

func (o *programOffice) importSample(t *testing.T) {
	t.Helper()
	arguments := []string{"issuer", "import"}
	for flag, name := range map[string]string{"--people": sample.People, "--training": sample.Training, "--devices": sample.Devices} {
		text, err := sample.At(name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, flag, o.write(t, name, string(text)))
	}
	o.must(t, arguments...)
}

// giveUp leaves a letter behind that could not be delivered, as three days of a
// mail server that refuses would.
func (o *programOffice) giveUp(t *testing.T) {
	t.Helper()
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(o.folder, "data", "issuer.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	now := time.Now()
	people, err := database.People(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	body, err := notify.Body{At: now}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	letter := notify.Message{Key: "test", Person: people[0].ID, Kind: notify.Restored, Channel: notify.Mail, To: notify.ToPerson, Created: now, Due: now, Body: body}
	if err := database.Queue(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	claimed, err := database.Claim(t.Context(), notify.Mail, now.Add(time.Second), 2, time.Minute)
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	outcome := notify.Outcome{Attempt: claimed[0].Attempts, State: notify.Dead, At: now, To: notify.ToPerson, Note: "550 mailbox unavailable"}
	if err := database.Finish(t.Context(), claimed[0].ID, outcome); err != nil {
		t.Fatal(err)
	}
}

// startProvider runs the identity provider of the conformance tests, and returns
// the certificate that it shows, and its port.
func (o *programOffice) startProvider(t *testing.T) (certificate string, port uint16) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(providerFolder, "node_modules", "oidc-provider")); err != nil {
		t.Fatalf("the identity provider is not installed: run make test, or npm ci --ignore-scripts in internal/conformance/npm (%v)", err)
	}
	key, certificate := providerCertificate(t)
	account := func(name, group string) map[string]any {
		return map[string]any{"name": name, "groups": []string{"everybody", group}}
	}
	configuration, err := json.Marshal(map[string]any{
		"key": key, "cert": certificate, "algorithm": "ES256",
		"clients": []any{map[string]any{
			"client_id": officeClient, "client_secret": officeSecret, "redirect_uris": []string{o.url + "/office/callback"},
		}},
		"accounts": map[string]any{
			"zoe": account("Zoë Nuñez", "badge-admins"), "ada": account("Ada Oyelaran", "badge-admins"),
			"olga": account("Olga Brandt", "badge-officers"), "vic": account("Vic Moreau", "badge-viewers"), "eve": account("Eve", "others"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "oidc.mjs")
	command.Dir, command.Stderr = providerFolder, t.Output()
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
		_ = input.Close() // ends it
		_ = command.Wait()
	})
	if _, err := fmt.Fprintf(input, "%s\n", configuration); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var listening struct{ Port uint16 }
	if err := json.Unmarshal(line, &listening); err != nil {
		t.Fatal(err)
	}
	o.provider = "https://" + netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), listening.Port).String()
	return certificate, listening.Port
}

// providerCertificate is the one that Go's own test servers have: it is good for
// this machine, and its own authority.
func providerCertificate(t *testing.T) (key, certificate string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("PRIVATE KEY", secret), text("CERTIFICATE", pair.Certificate[0])
}

// offices adds what the tests of the console need from outside of it.
func (f *fixture) offices(mux *http.ServeMux) {
	// A badge of another eligible person each time.
	mux.HandleFunc("POST /office/badge", func(w http.ResponseWriter, r *http.Request) {
		badge, err := f.officeBadge(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(badge)
	})
}

func (f *fixture) officeBadge(ctx context.Context) ([]byte, error) {
	// Both issuers have the same sample.
	id, err := f.nextPerson(ctx)
	if err != nil {
		return nil, err
	}
	person, err := f.program.Person(ctx, id)
	if err != nil {
		return nil, err
	}
	return f.programOffice.run(ctx, "badge", "issue", "--person", person.ExternalID, "--holder-key", f.programOffice.holder, "--json")
}
