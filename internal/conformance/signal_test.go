package conformance_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// oneRSAKey signs for receivers that take RS256 alone.
type oneRSAKey struct{ key *rsa.PrivateKey }

func (k *oneRSAKey) RSAKeys() ([]crypto.Signer, error) {
	if k.key == nil {
		return nil, nil
	}
	return []crypto.Signer{k.key}, nil
}

func (k *oneRSAKey) MakeRSAKey() (err error) {
	k.key, err = rsa.GenerateKey(rand.Reader, signal.MinRSABits)
	return err
}

// signaller is an issuer that tells receivers of changes.
type signaller struct {
	url     string
	program *issuer.Program
	local   http.Handler
	badge   issuer.Issued
	now     int64
}

func startSignaller(t *testing.T, path string, reach outbound.Config) *signaller {
	t.Helper()
	clock := issuertest.Clock(t)
	database := issuertest.Database(t, sqlite.Config{Now: clock.Now})
	listener := httptest.NewUnstartedServer(nil)
	s := &signaller{url: "http://" + listener.Listener.Addr().String(), now: clock.Now().Unix()}
	settings := issuertest.Config(database, clock.Now)
	settings.URL, settings.Keys = s.url+path, issuertest.NewKeys()
	s.program = issuertest.New(t, settings)
	issuertest.ImportSample(t, s.program)
	client, err := outbound.New(reach)
	if err != nil {
		t.Fatal(err)
	}
	desk, err := signal.New(signal.Config{
		Issuer: s.program.URL(), Store: database, Keys: s.program, RSA: new(oneRSAKey), Secret: s.program.SignalSecret(), Client: client, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		desk.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		desk.Close()
	})
	service, err := server.New(server.Config{Program: s.program, Tokens: database, Signals: desk, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.local = service.Local()
	listener.Config.Handler = service.Handler()
	listener.Start()
	t.Cleanup(listener.Close)
	t.Cleanup(service.EndStreams) // first of all: a poll may wait
	person, _ := people(t, s.program, clock.Now())
	if s.badge, err = s.program.Issue(t.Context(), issuer.IssueRequest{Person: person, HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// register registers the receiver and returns its token.
func (s *signaller) register(t *testing.T, algorithm string) string {
	t.Helper()
	w := httptest.NewRecorder()
	body := fmt.Sprintf(`{"name":"node","audience":"https://node.customer.example","algorithm":%q,"badges":true}`, algorithm)
	call := httptest.NewRequest("POST", "/v1/signals", strings.NewReader(body))
	call.Header.Set("Content-Type", "application/json")
	s.local.ServeHTTP(w, call)
	var made struct{ Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return made.Token
}

type signalQuestion struct {
	Ask       string   `json:"ask"`
	Key       string   `json:"key,omitempty"`
	Cert      string   `json:"cert,omitempty"`
	Metadata  string   `json:"metadata,omitempty"`
	Token     string   `json:"token,omitempty"`
	Audience  string   `json:"audience,omitempty"`
	Algorithm string   `json:"algorithm,omitempty"`
	Push      bool     `json:"push"`
	Events    []string `json:"events,omitempty"`
	Now       int64    `json:"now,omitempty"`
	Count     int      `json:"count,omitempty"`
}

type signalSet struct {
	Header map[string]string
	Claims map[string]any
}

// TestSignalPeer_HearsOfARevocation has a receiver that was written for Node, on the
// library jose, subscribe and verify all that comes, knowing the address of the
// metadata alone.
func TestSignalPeer_HearsOfARevocation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, algorithm string
		push                  bool
	}{
		{"push, ES256", "", "ES256", true},
		{"push, RS256", "", "RS256", true},
		{"poll, ES256", "/tenant/1234", "ES256", false},
		{"poll, RS256", "", "RS256", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			receiver := startPeer(t, "signals.mjs")
			key, certificate, roots := serverCertificate(t)
			var listening struct{ Port uint16 }
			receiver.ask(t, signalQuestion{Ask: "listen", Key: key, Cert: certificate}, &listening)
			s := startSignaller(t, c.path, outbound.Config{
				RootCAs: roots, AllowPorts: []uint16{listening.Port}, AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			})
			var subscribed struct {
				Error  string
				Stream signal.Configuration
			}
			receiver.ask(t, signalQuestion{
				Ask: "subscribe", Metadata: s.url + signal.WellKnown + c.path, Token: s.register(t, c.algorithm), Audience: "https://node.customer.example",
				Algorithm: c.algorithm, Push: c.push, Events: []string{signal.CredentialChange, signal.SessionRevoked, "urn:unknown"}, Now: s.now,
			}, &subscribed)
			if subscribed.Error != "" || len(subscribed.Stream.Delivered) != 2 {
				t.Fatalf("%+v", subscribed)
			}
			if _, err := s.program.SetStatus(t.Context(), s.badge.ID, store.Invalid, "r", "local"); err != nil {
				t.Fatal(err)
			}
			var answer json.RawMessage
			receiver.ask(t, signalQuestion{Ask: "take", Count: 2}, &answer)
			var sets []signalSet
			if err := json.Unmarshal(answer, &sets); err != nil || len(sets) != 2 {
				t.Fatalf("%s: %v", answer, err)
			}
			s.check(t, c.algorithm, sets)
			var ended struct {
				Error  string
				Status int
			}
			receiver.ask(t, signalQuestion{Ask: "end"}, &ended)
			if ended.Status != http.StatusNoContent {
				t.Errorf("%+v", ended)
			}
		})
	}
}

// check compares what a receiver read with what was done.
func (s *signaller) check(t *testing.T, algorithm string, sets []signalSet) {
	t.Helper()
	var types []string
	for _, set := range sets {
		if set.Header["alg"] != algorithm {
			t.Errorf("header %v", set.Header)
		}
		for eventType, event := range set.Claims["events"].(map[string]any) {
			types = append(types, eventType)
			want := fmt.Sprintf(`{"index":%d,"status":"invalid","status_list":%q}`, s.badge.Index, s.program.ListURI(s.badge.ListID))
			if got := at(map[string]any{"e": event}, "e", "badge"); got != want {
				t.Errorf("%s is about %s, want %s", eventType, got, want)
			}
		}
		if sets[0].Claims["txn"] != set.Claims["txn"] || at(set.Claims, "sub_id", "iss") != fmt.Sprintf("%q", s.program.URL()) {
			t.Errorf("%v", set.Claims)
		}
	}
	slices.Sort(types)
	if !slices.Equal(types, []string{signal.CredentialChange, signal.SessionRevoked}) {
		t.Errorf("heard of %v", types)
	}
}
