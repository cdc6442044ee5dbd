package conformance_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
	"github.com/cyberbadge/cyberbadge/issuer/notify/mail"
)

// mailServer is npm/smtp.mjs while it runs.
type mailServer struct {
	*peer
	port  int
	roots *x509.CertPool
}

type mailAddress struct{ Name, Address string }

// receivedMail is what the server and its parser made of a letter.
type receivedMail struct {
	Encrypted  bool
	User       string
	Sender     string
	Recipients []string
	Headers    map[string]string
	Subject    string
	From, To   []mailAddress
	Date       time.Time
	Language   string
	Text, HTML string
}

const mailUser, mailPassword = "badges", "pässword with spaces"

func startMailServer(t *testing.T, secure bool) *mailServer {
	t.Helper()
	s := &mailServer{peer: startPeer(t, "smtp.mjs")}
	key, certificate, roots := serverCertificate(t)
	s.roots = roots
	var listening struct{ Port int }
	s.ask(t, map[string]any{"key": key, "cert": certificate, "user": mailUser, "password": mailPassword, "secure": secure}, &listening)
	s.port = listening.Port
	return s
}

// close ends the server and returns what it got.
func (s *mailServer) close(t *testing.T) []receivedMail {
	t.Helper()
	var taken []receivedMail
	s.end(t, &taken)
	return taken
}

var mailNow = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func (s *mailServer) connect(t *testing.T, change func(*mail.Config)) *mail.SMTP {
	t.Helper()
	letters, err := letter.New(letter.Config{Program: "Badge program", Badge: "https://badges.vendor.example/badge/", Console: "https://badges.vendor.example/console/"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := mail.Config{
		Host: "127.0.0.1", Port: s.port, Username: mailUser, Password: mailPassword, RootCAs: s.roots, Now: func() time.Time { return mailNow },
		Sender: mail.Sender{Address: "badges@vendor.example", Name: "Programmbüro Süd", Letters: letters},
	}
	if change != nil {
		change(&cfg)
	}
	sender, err := mail.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func mailFor(language, name string, kind notify.Kind) notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{ID: language + "-" + string(kind), Kind: kind},
		Body: notify.Body{
			At: mailNow, LockAt: mailNow.AddDate(0, 0, 7), Device: &notify.Device{Source: "graph", ID: "d-1"}, Case: "case-1",
			Reasons: []notify.Reason{{Kind: "training-expired", Subject: "CB-101", At: mailNow}},
		},
		To:     notify.Party{Role: notify.ToManager, Name: name, Email: "m@vendor.example", Language: language},
		About:  notify.Person{ID: "p-1", Name: "Jörg Müller-Lüdenscheidt <script>"},
		Names:  []string{"Sécurité & exploitation"},
		Device: "WIN-7",
	}
}

func TestMailPeer_TakesEveryLetterInEveryLanguage(t *testing.T) {
	t.Parallel()
	names := map[string]string{"en": "Zoë Brontë", "de": "Käthe Groß", "fr": "Françoise Lefèvre", "es": "Íñigo Núñez, Jefe \"El\""}
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "STARTTLS", true: "TLS"}[secure], func(t *testing.T) {
			t.Parallel()
			server := startMailServer(t, secure)
			sender := server.connect(t, func(cfg *mail.Config) { cfg.ImplicitTLS = secure })
			var sent []notify.Delivery
			for language, name := range names {
				for _, kind := range notify.Notices() {
					d := mailFor(language, name, kind)
					if _, err := sender.Carry(t.Context(), d); err != nil {
						t.Fatalf("%s %s: %v", language, kind, err)
					}
					sent = append(sent, d)
				}
			}
			taken := server.close(t)
			if len(taken) != len(sent) {
				t.Fatalf("%d of %d", len(taken), len(sent))
			}
			for i, got := range taken {
				compareMail(t, sent[i], got)
			}
		})
	}
}

func compareMail(t *testing.T, sent notify.Delivery, got receivedMail) {
	t.Helper()
	letters, err := letter.New(letter.Config{Program: "Badge program", Badge: "https://badges.vendor.example/badge/", Console: "https://badges.vendor.example/console/"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := letters.Write(sent, sent.To.Language)
	if err != nil {
		t.Fatal(err)
	}
	id := sent.Message.ID
	if !got.Encrypted || got.User != mailUser || got.Sender != "badges@vendor.example" || len(got.Recipients) != 1 || got.Recipients[0] != "m@vendor.example" {
		t.Errorf("%s: encrypted %t, user %q, from %s to %q", id, got.Encrypted, got.User, got.Sender, got.Recipients)
	}
	if len(got.From) != 1 || got.From[0] != (mailAddress{"Programmbüro Süd", "badges@vendor.example"}) || len(got.To) != 1 || got.To[0] != (mailAddress{sent.To.Name, "m@vendor.example"}) {
		t.Errorf("%s: from %+v to %+v", id, got.From, got.To)
	}
	if got.Subject != want.Subject || got.Language != sent.To.Language || !got.Date.Equal(mailNow) {
		t.Errorf("%s: %q (%s) at %s, want %q", id, got.Subject, got.Language, got.Date, want.Subject)
	}
	if strings.TrimRight(got.Text, "\n") != strings.TrimRight(want.Text(), "\n") {
		t.Errorf("%s:\n%s\nwant\n%s", id, got.Text, want.Text())
	}
	if strings.Contains(got.HTML, "<script") || !strings.Contains(got.HTML, `lang="`+sent.To.Language+`"`) || !strings.Contains(got.HTML, "</html>") {
		t.Errorf("%s: %s", id, got.HTML)
	}
	for name, line := range map[string]string{"auto-submitted": "Auto-Submitted: auto-generated", "precedence": "Precedence: bulk", "list-unsubscribe": ""} {
		if got.Headers[name] != line {
			t.Errorf("%s: %q, want %q", id, got.Headers[name], line)
		}
	}
}

func TestMailPeer_RefusesAWrongPassword(t *testing.T) {
	t.Parallel()
	server := startMailServer(t, false)
	sender := server.connect(t, func(cfg *mail.Config) { cfg.Password = "wrong" })
	_, err := sender.Carry(t.Context(), mailFor("en", "x", notify.Lapse))
	if err == nil || err.Error() != "mail: the mail server refused us with 535; check Username and Password" {
		t.Errorf("%v", err)
	}
	if taken := server.close(t); len(taken) != 0 {
		t.Errorf("%+v", taken)
	}
}
