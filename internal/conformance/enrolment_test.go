package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// office is a running issuer over the sample program, at the sample's instant.
type office struct {
	url    string
	now    time.Time
	local  http.Handler
	person string // in good standing
	barred string // not so
}

func startOffice(t *testing.T, path string) office {
	t.Helper()
	clock := issuertest.Clock(t)
	database := issuertest.Database(t, sqlite.Config{Now: clock.Now})
	listener := httptest.NewUnstartedServer(nil)
	o := office{url: "http://" + listener.Listener.Addr().String() + path, now: clock.Now()}
	settings := issuertest.Config(database, clock.Now)
	settings.URL = o.url
	program := issuertest.New(t, settings)
	issuertest.ImportSample(t, program)
	if o.person, o.barred = people(t, program, o.now); o.person == "" || o.barred == "" {
		t.Fatal("the sample has not both kinds of people")
	}
	service, err := server.New(server.Config{Program: program, Tokens: database, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	o.local = service.Local()
	listener.Config.Handler = service.Handler()
	listener.Start()
	t.Cleanup(listener.Close)
	return o
}

func people(t *testing.T, program *issuer.Program, now time.Time) (eligible, barred string) {
	t.Helper()
	err := program.Standings(context.Background(), time.Time{}, func(s issuer.Standing) error {
		if s.Eligible && (s.ChangesAt.IsZero() || s.ChangesAt.Sub(now) > 24*time.Hour) {
			eligible = s.Person.ID
		}
		if !s.Eligible {
			barred = s.Person.ID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return eligible, barred
}

type walletQuestion struct {
	Offer  string `json:"offer"`
	TxCode string `json:"txCode"`
	Now    int64  `json:"now"`
	Badges int    `json:"badges"`
}

type walletAnswer struct {
	Error     string          `json:"error"`
	Badges    []string        `json:"badges"`
	Refreshed []string        `json:"refreshed"`
	Key       json.RawMessage `json:"key"`
	TokenType string          `json:"tokenType"`
}

// invite has the office invite a person.
func (o office) invite(t *testing.T, person string, badges int) walletQuestion {
	t.Helper()
	w := httptest.NewRecorder()
	o.local.ServeHTTP(w, httptest.NewRequest("POST", "/v1/people/"+person+"/invitations", nil))
	var made struct {
		Link   string `json:"wallet_link"`
		TxCode string `json:"tx_code"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return walletQuestion{made.Link, made.TxCode, o.now.Unix(), badges}
}

func TestWalletPeer_FetchesBadges(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/tenant/1234"} {
		o := startOffice(t, path)
		answer := ask[walletAnswer](t, "wallet.mjs", []walletQuestion{o.invite(t, o.person, 10)})[0]
		if answer.Error != "" || len(answer.Badges) != 10 || len(answer.Refreshed) != 1 || answer.TokenType != "DPoP" {
			t.Fatalf("path %q: %s, %d badges, %d refreshed, %s", path, answer.Error, len(answer.Badges), len(answer.Refreshed), answer.TokenType)
		}
		list := o.statusList(t)
		key := jwkOf(t, credentialtest.ListKey)
		var questions []presentationQuestion
		for _, badge := range append(answer.Badges, answer.Refreshed...) {
			questions = append(questions, presentationQuestion{
				Presentation: badge, Issuer: jwkOf(t, credentialtest.IssuerKey), Now: o.now.Unix() + 1,
				Required: []string{"iss", "vct", "access", "given_name", "training"}, StatusList: &list, StatusKey: &key,
			})
		}
		for i, verified := range ask[presentationAnswer](t, "sdjwt.mjs", questions) {
			if !verified.Accepted || at(verified.Claims, "iss") != fmt.Sprintf("%q", o.url) {
				t.Errorf("path %q, badge %d: %s, %v", path, i, verified.Error, verified.Claims)
				continue
			}
			var holder map[string]string
			_ = json.Unmarshal(answer.Key, &holder)
			if bound := at(verified.Claims, "cnf", "jwk", "x") == fmt.Sprintf("%q", holder["x"]); bound != (i == 0) {
				t.Errorf("path %q, badge %d is bound to %s", path, i, at(verified.Claims, "cnf", "jwk"))
			}
		}
	}
}

func (o office) statusList(t *testing.T) string {
	t.Helper()
	response, err := http.Get(o.url + "/status-lists/1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s: %v", response.StatusCode, text, err)
	}
	return string(text)
}

func TestWalletPeer_UnderstandsRefusals(t *testing.T) {
	t.Parallel()
	o := startOffice(t, "")
	barred := o.invite(t, o.barred, 1)
	good := o.invite(t, o.person, 1)
	wrong := good
	wrong.TxCode = "x"
	questions := []walletQuestion{barred, wrong, good, good}
	reasons := []string{"credential_request_denied", "invalid_grant", "", "there is no offer here"}
	for i, answer := range ask[walletAnswer](t, "wallet.mjs", questions) {
		if reasons[i] == "" && answer.Error == "" {
			continue
		}
		if reasons[i] == "" || !strings.Contains(strings.ToLower(answer.Error), reasons[i]) {
			t.Errorf("question %d: %q, want %q", i, answer.Error, reasons[i])
		}
	}
}
