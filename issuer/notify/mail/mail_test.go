package mail

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func sender(t *testing.T) Sender {
	t.Helper()
	w, err := letter.New(letter.Config{Program: "Badge program", Badge: "https://badges.vendor.example/badge/", Console: "https://badges.vendor.example/console/"})
	if err != nil {
		t.Fatal(err)
	}
	return Sender{Address: "badges@vendor.example", Name: "Büro Süd", ReplyTo: "office@vendor.example", Letters: w}
}

func delivery() notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{ID: "m-1", Kind: notify.Lapse, Created: now},
		Body: notify.Body{
			At: now, LockAt: now.AddDate(0, 0, 7), Reasons: []notify.Reason{{Kind: "training-expired", Subject: "CB-101", At: now}},
		},
		To:    notify.Party{Role: notify.ToPerson, Name: "Jörg Müller-Lüdenscheidt", Email: "joerg@vendor.example", Language: "de-DE"},
		About: notify.Person{ID: "p-1", Name: "Jörg Müller-Lüdenscheidt"},
		Names: []string{"Sicherer Betrieb"},
	}
}

func connect(t *testing.T, cfg Config) *SMTP {
	t.Helper()
	cfg.Sender, cfg.Now = sender(t), func() time.Time { return now }
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parts returns a letter's header and its two bodies.
func parts(t *testing.T, text string) (netmail.Header, map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s: %v", kind, err)
	}
	bodies := make(map[string]string)
	reader := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		bodies[kind] = string(body)
	}
}

func TestLettersGoOutEncrypted(t *testing.T) {
	t.Parallel()
	for name, implicit := range map[string]bool{"STARTTLS": false, "TLS from the start": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := startServer(t, func(s *server) { s.implicit = implicit })
			cfg.ImplicitTLS, cfg.Username, cfg.Password = implicit, "badges", "pass word"
			receipt, err := connect(t, cfg).Carry(t.Context(), delivery())
			if err != nil || receipt.Note != "the mail server took it" {
				t.Fatalf("%+v: %v", receipt, err)
			}
			letters, said := server.received()
			if len(letters) != 1 || server.identity != "\x00badges\x00pass word" {
				t.Fatalf("%d letters, %q", len(letters), server.identity)
			}
			if slices.Contains(said, "STARTTLS") == implicit || !slices.Contains(said, "EHLO vendor.example") || !slices.Contains(said, "RCPT TO:<joerg@vendor.example>") {
				t.Errorf("%q", said)
			}
		})
	}
}

func TestALettersHeadersAndParts(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, nil)
	s := connect(t, cfg)
	for range 2 {
		if _, err := s.Carry(t.Context(), delivery()); err != nil {
			t.Fatal(err)
		}
	}
	letters, _ := server.received()
	if letters[0] != letters[1] {
		t.Errorf("sent twice, it is not the same letter:\n%s\n%s", letters[0], letters[1])
	}
	header, bodies := parts(t, letters[0])
	words := new(mime.WordDecoder)
	for name, want := range map[string]string{
		"Subject": "Bis 30. November 2026: CB-101 (Sicherer Betrieb) erneuern (Ausweis ruht)",
		"From":    `"Büro Süd" <badges@vendor.example>`, "To": `"Jörg Müller-Lüdenscheidt" <joerg@vendor.example>`, "Reply-To": "<office@vendor.example>",
		"Date": "Mon, 23 Nov 2026 08:00:00 +0000", "Auto-Submitted": "auto-generated", "Precedence": "bulk", "X-Auto-Response-Suppress": "All",
		"Content-Language": "de", "List-Unsubscribe": "", "User-Agent": "", "X-Mailer": "", "Bcc": "",
	} {
		got, err := words.DecodeHeader(header.Get(name))
		if address, notOne := netmail.ParseAddress(header.Get(name)); notOne == nil {
			got = strings.TrimPrefix(strings.TrimPrefix(address.String(), "=?"), " ")
			if address.Name != "" {
				got = `"` + address.Name + `" <` + address.Address + ">"
			}
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", name, got, want, err)
		}
	}
	if id := header.Get("Message-Id"); !regexp.MustCompile(`^<[0-9a-f]{32}@vendor\.example>$`).MatchString(id) {
		t.Errorf("Message-ID %q", id)
	}
	if text := bodies["text/plain"]; !strings.Contains(text, "Guten Tag Jörg Müller-Lüdenscheidt,\r\n") || !strings.Contains(text, "abgelaufen") {
		t.Errorf("%q", text)
	}
	if page := bodies["text/html"]; !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, "Jörg Müller-Lüdenscheidt") {
		t.Errorf("%q", page)
	}
}

func TestServersThatDoNotEncryptGetNothing(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, func(s *server) { s.offers = []string{"AUTH PLAIN"} })
	cfg.Username, cfg.Password = "badges", "secret"
	_, err := connect(t, cfg).Carry(t.Context(), delivery())
	if err == nil || isPermanent(err) || !strings.Contains(err.Error(), "are STARTTLS and AUTH offered?") {
		t.Errorf("%v", err)
	}
	letters, said := server.received()
	if len(letters) != 0 || server.identity != "" || slices.ContainsFunc(said, func(line string) bool { return strings.HasPrefix(line, "MAIL") }) {
		t.Errorf("it got %q %q %q", letters, server.identity, said)
	}
}

func TestServersThatCannotProveWhoTheyAreGetNothing(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, nil)
	cfg.RootCAs = nil
	_, err := connect(t, cfg).Carry(t.Context(), delivery())
	if err == nil || isPermanent(err) || !strings.Contains(err.Error(), "could not prove who it is") {
		t.Errorf("%v", err)
	}
	if letters, _ := server.received(); len(letters) != 0 {
		t.Errorf("%q", letters)
	}
}

func TestPlainGoesToThisMachineAlone(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, func(s *server) { s.offers = nil })
	cfg.InsecurePlain = true
	if _, err := connect(t, cfg).Carry(t.Context(), delivery()); err != nil {
		t.Error(err)
	}
	if letters, _ := server.received(); len(letters) != 1 {
		t.Errorf("%d letters", len(letters))
	}
	cfg.Host = "192.0.2.1"
	if _, err := connect(t, cfg).Carry(t.Context(), delivery()); !isPermanent(err) || !strings.Contains(err.Error(), "to this machine alone") {
		t.Errorf("elsewhere: %v", err)
	}
	for address, good := range map[string]bool{"127.0.0.1:25": true, "[::1]:25": true, "[::ffff:127.0.0.1]:25": true, "10.0.0.1:25": false, "[fe80::1%lo]:25": false, "x": false} {
		if err := loopbackOnly("tcp", address, nil); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func isPermanent(err error) bool {
	var permanent *notify.PermanentError
	return errors.As(err, &permanent)
}

func TestRefusalsAreToldApart(t *testing.T) {
	t.Parallel()
	cases := []struct {
		verb, reply string
		permanent   bool
		want        string
	}{
		{"RCPT", "550 5.1.1 <joerg@vendor.example> user unknown", true, "mail: the mail server refused the letter with 550 5.1.1"},
		{"RCPT", "450 4.2.1 <joerg@vendor.example> is busy", false, "mail: the mail server refused the letter with 450 4.2.1"},
		{"MAIL", "550 5.7.1 you may not send as badges@vendor.example", false, "mail: the mail server refused the letter with 550 5.7.1"},
		{"TAKEN", "554 5.7.1 joerg@vendor.example does not want this", true, "mail: the mail server refused the letter with 554 5.7.1"},
		{"TAKEN", "452 4.3.1 disk full", false, "mail: the mail server refused the letter with 452 4.3.1"},
		{"AUTH", "535 5.7.8 badges is not who it says", false, "mail: the mail server refused us with 535; check Username and Password"},
		{"CONNECT", "421 too many from badges@vendor.example", false, "mail: the mail server refused us with 421; check Username and Password"},
		{"DATA", "", false, "mail: the mail server could not be reached or spoken to: it does not speak as it must (are STARTTLS and AUTH offered?)"},
	}
	for _, c := range cases {
		_, cfg := startServer(t, func(s *server) { s.replies[c.verb] = c.reply })
		cfg.Username, cfg.Password = "badges", "secret"
		_, err := connect(t, cfg).Carry(t.Context(), delivery())
		if err == nil || isPermanent(err) != c.permanent || err.Error() != c.want {
			t.Errorf("%s %q: %v (permanent %t)", c.verb, c.reply, err, isPermanent(err))
		}
	}
}

func TestALetterThatWasTakenIsDeliveredWhateverComesAfter(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"RSET", "QUIT"} {
		server, cfg := startServer(t, func(s *server) { s.replies[verb] = "" })
		if _, err := connect(t, cfg).Carry(t.Context(), delivery()); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if letters, _ := server.received(); len(letters) != 1 {
			t.Errorf("%s: %d letters", verb, len(letters))
		}
	}
}

func TestAServerThatSaysNothingIsLeft(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, func(s *server) { s.replies["MAIL"] = "hang" })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := connect(t, cfg).Carry(ctx, delivery())
	if err == nil || isPermanent(err) {
		t.Errorf("%v", err)
	}
	for deadline := time.Now().Add(5 * time.Second); server.count(0) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the connection is still open")
		}
	}
}

func TestNothingThere(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, nil)
	_ = server.listener.Close()
	if _, err := connect(t, cfg).Carry(t.Context(), delivery()); err == nil || isPermanent(err) || err.Error() != "mail: the mail server could not be reached or spoken to: dial failed" {
		t.Errorf("%v", err)
	}
}

func TestNothingBecomesASecondHeaderOrRecipient(t *testing.T) {
	t.Parallel()
	server, cfg := startServer(t, nil)
	s := connect(t, cfg)
	addresses := []string{
		"", "joerg", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "Jörg <a@b.example>", "<a@b.example>", "a@b.example>\r\nDATA",
		" a@b.example", strings.Repeat("x", notify.MaxAddress-len("@b.example")+1) + "@b.example",
	}
	for _, address := range addresses {
		d := delivery()
		d.To.Email = address
		if _, err := s.Carry(t.Context(), d); !isPermanent(err) || strings.Contains(err.Error(), "b.example") {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, name := range []string{"x\r\nBcc: c@d.example", "x\n", "x\u2028y", "x\x00"} {
		d := delivery()
		d.To.Name = name
		if _, err := s.Carry(t.Context(), d); !isPermanent(err) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if letters, _ := server.received(); len(letters) != 0 {
		t.Errorf("%q", letters)
	}
	d := delivery()
	d.To.Name = `"x" <c@d.example>, \`
	if _, err := s.Carry(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	letters, said := server.received()
	header, _ := parts(t, letters[0])
	to, err := header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "joerg@vendor.example" || to[0].Name != d.To.Name {
		t.Errorf("%v %v in %q", to, err, said)
	}
}

func TestLettersAreBounded(t *testing.T) {
	t.Parallel()
	folder, dir := inbox(t)
	d := delivery()
	// A name is in the letter many times; the courier cuts names much earlier.
	d.About.Name, d.To.Role = strings.Repeat("x", MaxLetter/8), notify.ToManager
	if _, err := folder.Carry(t.Context(), d); err != nil {
		t.Error(err)
	}
	d.About.Name = strings.Repeat("x", MaxLetter)
	if _, err := folder.Carry(t.Context(), d); !isPermanent(err) || !strings.Contains(err.Error(), "it may have 131072") {
		t.Errorf("%v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files", len(files))
	}
}

func inbox(t *testing.T) (*Folder, string) {
	t.Helper()
	dir := t.TempDir()
	folder, err := NewFolder(FolderConfig{Path: dir, Sender: sender(t), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return folder, dir
}

func TestAFolderHoldsEachLetterOnce(t *testing.T) {
	t.Parallel()
	folder, dir := inbox(t)
	for _, id := range []string{"m-1", "m-1", "../m-2"} {
		d := delivery()
		d.Message.ID = id
		if receipt, err := folder.Carry(t.Context(), d); err != nil || !strings.HasPrefix(receipt.Note, "put into the folder as 20261123T080000Z-lapse-") {
			t.Errorf("%+v %v", receipt, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%q %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || !strings.HasSuffix(files[0], ".eml") {
		t.Fatal(files[0], err)
	}
	if _, bodies := parts(t, string(text)); len(bodies) != 2 {
		t.Errorf("%d parts", len(bodies))
	}
	if err := os.Remove(dir + "/" + filepath.Base(files[0])); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Carry(t.Context(), delivery()); err == nil || isPermanent(err) {
		t.Errorf("without the folder: %v", err)
	}
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{
		Host: "mail.example:25", Port: 70000, ImplicitTLS: true, InsecurePlain: true, Username: "x", Timeout: -1, Hello: "a b",
		Sender: Sender{Address: "x", ReplyTo: "a@b\r\n", Name: "a\nb"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"Host must be", "Port must be", "exclude each other", "come together", "not sent without encryption", "Timeout is negative", "Hello must be",
		"Sender.Address", "Sender.ReplyTo", "Sender.Name", "Sender.Letters",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := NewFolder(FolderConfig{Path: "/nowhere", Sender: sender(t)}); err == nil || err.Error() != `mail: Path: there is no folder "/nowhere"` {
		t.Errorf("%v", err)
	}
	for port, cfg := range map[int]Config{587: {}, 465: {ImplicitTLS: true}, 25: {InsecurePlain: true}} {
		if got := cfg.withDefaults().Port; got != port {
			t.Errorf("port %d, want %d", got, port)
		}
	}
}
