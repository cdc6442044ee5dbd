package signal_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

func TestMain(m *testing.M) { sqlitefiletest.Main(m, revokeUntilKilled) }

// killable is an issuer over a database that outlives it.
type killable struct {
	store   *sqlite.Store
	program *issuer.Program
	desk    *signal.Desk
}

func openKillable(path string, now func() time.Time) (*killable, error) {
	database, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Create: true, Now: now})
	if err != nil {
		return nil, err
	}
	settings := issuertest.Config(database, now)
	settings.Keys = sameKey{}
	program, err := issuer.New(settings)
	if err != nil {
		return nil, err
	}
	client, err := outbound.New(outbound.Config{InsecureAllowLoopback: true, AllowPorts: allPorts(path)})
	if err != nil {
		return nil, err
	}
	desk, err := signal.New(signal.Config{
		Issuer: program.URL(), Store: database, Keys: program, Secret: program.SignalSecret(), Client: client, Now: now,
	})
	return &killable{database, program, desk}, err
}

// sameKey is one key for signals, in every process.
type sameKey struct{}

func (sameKey) key() credentialtest.Key { return credentialtest.NewKey("signal") }

func (k sameKey) MakeKey(store.KeyPurpose) (*ecdsa.PublicKey, error) { return k.key().PublicKey(), nil }

func (k sameKey) Key(string) (crypto.Signer, error) { return k.key(), nil }

// allPorts is the port of the receiver, which the parent has written beside the
// database.
func allPorts(path string) []uint16 {
	text, err := os.ReadFile(path + ".port")
	if err != nil {
		return nil
	}
	port, _ := strconv.ParseUint(string(text), 10, 16)
	return []uint16{uint16(port)}
}

// revokeUntilKilled pushes what is queued while it issues and revokes one badge after
// the other, and acknowledges each revocation with the badge's index.
func revokeUntilKilled(path string, acknowledge func(line string)) error {
	start, err := os.ReadFile(path + ".now")
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, string(start))
	if err != nil {
		return err
	}
	k, err := openKillable(path, func() time.Time { return at })
	if err != nil {
		return err
	}
	go k.desk.Run(context.Background())
	person, err := os.ReadFile(path + ".person")
	if err != nil {
		return err
	}
	for {
		issued, err := k.program.Issue(context.Background(), issuer.IssueRequest{Person: string(person), HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"})
		if err != nil {
			return err
		}
		if _, err := k.program.SetStatus(context.Background(), issued.ID, store.Invalid, "r", "a test"); err != nil {
			return err
		}
		acknowledge(fmt.Sprint(issued.Index))
	}
}

func TestKilled_NoSignalOfAChangeIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	clock := issuertest.Clock(t)
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "db", "store.db")
	received := &receiver{arrived: make(chan string, 1)}
	listener := httptest.NewServer(received)
	defer listener.Close()
	u, err := url.Parse(listener.URL)
	if err != nil {
		t.Fatal(err)
	}
	write := func(ending, text string) {
		t.Helper()
		if err := os.WriteFile(path+ending, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".port", strconv.Itoa(int(netip.MustParseAddrPort(u.Host).Port())))
	write(".now", clock.Now().Format(time.RFC3339))
	k, err := openKillable(path, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	issuertest.ImportSample(t, k.program)
	write(".person", (&world{Clock: clock, program: k.program}).eligible(t))
	if _, err := k.desk.Register(t.Context(), signal.Registration{Name: "gate", Audience: audience, Badges: true, By: "local"}); err != nil {
		t.Fatal(err)
	}
	body := `{"delivery":{"method":"` + signal.Push + `","endpoint_url":"` + listener.URL + `"},"events_requested":["` + signal.CredentialChange + `"]}`
	if _, err := k.desk.Create(t.Context(), "gate", []byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := k.store.Close(); err != nil {
		t.Fatal(err)
	}

	acknowledged := make(map[string]bool)
	sqlitefiletest.Killing{
		Path: path, Kills: 8, Within: 300 * time.Millisecond,
		Acknowledged: func(line string) { acknowledged[strings.TrimSpace(line)] = true },
		Survived:     func() {},
	}.Run(t)

	k, err = openKillable(path, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer k.store.Close()
	clock.Move(signal.MaxRetry)
	if err := k.desk.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := make(map[string]int)
	byID := make(map[string]string)
	for _, text := range received.take() {
		id, index := readSet(t, text)
		told[index]++
		if before, again := byID[id]; again && before != index {
			t.Errorf("jti %s is that of %s and of %s", id, before, index)
		}
		byID[id] = index
	}
	for index := range acknowledged {
		if told[index] == 0 {
			t.Errorf("nobody was told that badge %s was revoked", index)
		}
	}
	for index := range told {
		n, _ := strconv.Atoi(index)
		if badge, err := k.store.BadgeByIndex(t.Context(), 1, uint32(n)); err != nil || badge.Status != store.Invalid {
			t.Errorf("it was told that badge %s was revoked: %v %v", index, badge.Status, err)
		}
	}
	if s, err := k.desk.Receiver(t.Context(), "gate"); err != nil || s.Waiting != 0 || s.Lost != 0 {
		t.Errorf("%+v %v", s, err)
	}
	t.Logf("%d revocations, %d SETs", len(acknowledged), len(byID))
}

// readSet reads what a SET says, without looking at its signature.
func readSet(t *testing.T, text string) (id, index string) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		ID     string `json:"jti"`
		Events map[string]struct{ Badge struct{ Index json.Number } }
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.ID, claims.Events[signal.CredentialChange].Badge.Index.String()
}
