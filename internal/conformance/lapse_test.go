package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/mail"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// The person of the sample whose laptop fails its rules.
const (
	lapsing       = "0700013"
	lapsingUser   = "b6d3438e-1222-2ade-95d4-bb27e97459ca"
	lapsingLaptop = "542964d3-fb28-e5c6-d9b3-e853d226a8ad"
)

// lapseWorld is an issuer that a device manager reports to, with a verifier and a
// mail server; all but the mail server go by one clock.
type lapseWorld struct {
	url      string
	seconds  atomic.Int64 // since the sample's instant
	start    time.Time
	secret   webhook.Secret
	reports  int
	program  *issuer.Program
	courier  *notify.Courier
	verifier *verifier.Verifier
	badge    string
	proofs   int
}

func (w *lapseWorld) now() time.Time {
	return w.start.Add(time.Duration(w.seconds.Load()) * time.Second)
}

func newLapseWorld(t *testing.T, sender *mail.SMTP) *lapseWorld {
	t.Helper()
	w := &lapseWorld{start: issuertest.Clock(t).Now()}
	w.secret, _ = webhook.NewSecret()
	database := issuertest.Database(t, sqlite.Config{Now: w.now})
	listener := httptest.NewUnstartedServer(nil)
	w.url = "http://" + listener.Listener.Addr().String()
	settings := issuertest.Config(database, w.now)
	settings.URL, settings.ListTTL = w.url, time.Second
	// What comes before the story tells nobody: the sample has reminders of its own.
	issuertest.ImportSample(t, issuertest.New(t, settings))
	settings.Tell = []issuer.Recipient{{Channel: notify.Mail, To: notify.ToPerson}, {Channel: notify.Mail, To: notify.ToManager}}
	w.program = issuertest.New(t, settings)
	var err error
	if w.courier, err = notify.New(notify.Config{
		Outbox: w.program.Outbox(), Directory: w.program.Directory(), Carriers: map[notify.Channel]notify.Carrier{notify.Mail: sender},
		Fallback: notify.Party{Email: "office@vendor.example"}, Now: w.now,
	}); err != nil {
		t.Fatal(err)
	}
	service, err := server.New(server.Config{
		Program: w.program, Tokens: database, Now: w.now,
		Evidence: server.Evidence{Senders: []server.Sender{{Source: "graph", Secrets: []webhook.Secret{w.secret}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = service.Handler()
	listener.Start()
	t.Cleanup(listener.Close)
	w.openVerifier(t)
	issued, err := w.program.Issue(t.Context(), issuer.IssueRequest{Person: lapsing, HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	w.badge = issued.Text
	return w
}

func (w *lapseWorld) openVerifier(t *testing.T) {
	t.Helper()
	list, err := w.program.TrustList()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verifier.ParseTrust(text)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{uint16(number)}})
	if err != nil {
		t.Fatal(err)
	}
	if w.verifier, err = verifier.New(verifier.Config{Trust: trust, Fetcher: fetcher, Now: w.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.verifier.Close() })
}

// report sends the device manager's webhook. Once it is answered the list that
// follows from it is served.
func (w *lapseWorld) report(t *testing.T, compliance string) {
	t.Helper()
	stamp := w.now().Format(time.RFC3339)
	body := fmt.Appendf(nil, `{"type":"devices.reported","timestamp":%q,"devices":[{"id":%q,"user_id":%q,"name":"WIN-0700013-0",
		"os":"Windows","os_version":"10.0.22631.3253","compliance":%q,"encrypted":true,"last_seen":%q}]}`,
		stamp, lapsingLaptop, lapsingUser, compliance, stamp)
	w.reports++
	header, err := webhook.Sign([]webhook.Secret{w.secret}, fmt.Sprintf("report-%d", w.reports), w.now(), body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v1/evidence/devices", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); response.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%s: %s, %v", response.Status, text, err)
	}
}

// show has the phone show a fresh proof.
func (w *lapseWorld) show(t *testing.T) verifier.Reason {
	t.Helper()
	w.proofs++
	shown := credentialtest.MustBind(t, w.badge, credential.Proof{
		Audience: credential.GateAudience, Nonce: fmt.Sprintf("nonce-%016d", w.proofs), IssuedAt: w.now(),
	})
	return w.verifier.Verify(t.Context(), shown, verifier.Request{Access: credential.Onsite}).Reason
}

// await shows fresh proofs while the verifier fetches the list, by a clock that
// stands.
func (w *lapseWorld) await(t *testing.T, want verifier.Reason) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		got := w.show(t)
		if got == want {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("still %s, want %s", got, want)
		}
	}
}

// TestMailPeer_ALapseIsDeniedWithinASecondAndTold: a signed webhook suspends, a
// second later by everybody's clock the verifier denies, person and manager have
// mail, and a compliant report undoes it.
func TestMailPeer_ALapseIsDeniedWithinASecondAndTold(t *testing.T) {
	t.Parallel()
	mailbox := startMailServer(t, false)
	w := newLapseWorld(t, mailbox.connect(t, nil))
	w.await(t, verifier.OK)
	for _, step := range []struct {
		compliance string
		want       verifier.Reason
	}{{"noncompliant", verifier.Suspended}, {"compliant", verifier.OK}} {
		w.report(t, step.compliance)
		w.seconds.Add(1)
		w.await(t, step.want)
		if sent, err := w.courier.Drain(t.Context()); err != nil || sent != 2 {
			t.Errorf("%s: %d letters, %v", step.compliance, sent, err)
		}
	}
	var got []string
	for _, letter := range mailbox.close(t) {
		if !letter.Encrypted || letter.User != mailUser {
			t.Errorf("encrypted %t, signed in as %q", letter.Encrypted, letter.User)
		}
		got = append(got, strings.Join(letter.Recipients, ",")+": "+letter.Subject)
	}
	slices.Sort(got[:min(2, len(got))])
	slices.Sort(got[min(2, len(got)):])
	want := []string{
		"u0700004@vendor.example: Mateusz Andersson: badge suspended on 23 November 2026, bring WIN-0700013-0 into line",
		"u0700013@vendor.example: Badge suspended on 23 November 2026, bring WIN-0700013-0 into line",
		"u0700004@vendor.example: Mateusz Andersson: badge good again since 23 November 2026, nothing to do",
		"u0700013@vendor.example: Badge good again since 23 November 2026, nothing to do",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
