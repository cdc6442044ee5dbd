package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
	_ "time/tzdata" // so that notify.time_zone is known on machines without zones

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/chat"
	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
	"github.com/cyberbadge/cyberbadge/issuer/notify/mail"
	outgoing "github.com/cyberbadge/cyberbadge/issuer/notify/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// maxCAFile bounds a file of certificates, in bytes: every public authority
// together is some 200 KB.
const maxCAFile = 1 << 20

// courier makes what delivers the program's messages; nil when nobody is told. Its
// errors are those of the configuration.
func (f *issuerFolder) courier(
	ctx context.Context, program *issuer.Program, messages store.MessageReader,
	logger *slog.Logger, observe func(notify.Message, notify.Outcome),
) (*notify.Courier, error) {
	if len(f.whole.tell()) == 0 {
		return nil, nil
	}
	carriers, err := f.carriers(ctx, program, messages)
	if err != nil {
		return nil, misuse("%s: %w", f.file(issuerConfigFile), err)
	}
	courier, err := notify.New(notify.Config{
		Outbox:    program.Outbox(),
		Directory: program.Directory(),
		Carriers:  carriers,
		Fallback:  f.whole.Notify.Fallback.party(),
		Office:    f.whole.Notify.Office.party(),
		Observe:   observe,
		Now:       f.now,
		Logger:    logger,
	})
	if err != nil {
		return nil, misuse("%s: %w", f.file(issuerConfigFile), err)
	}
	return courier, nil
}

func (s partySection) party() notify.Party {
	return notify.Party{Name: s.Name, Email: s.Mail, Language: s.Language}
}

// carriers makes one for each channel that is configured, and reports everything
// that is wrong with any of them.
func (f *issuerFolder) carriers(
	ctx context.Context, program *issuer.Program, messages store.MessageReader,
) (map[notify.Channel]notify.Carrier, error) {
	letters, err := f.letters()
	if err != nil {
		return nil, err
	}
	client, err := f.outbound()
	if err != nil {
		return nil, err
	}
	carriers := make(map[notify.Channel]notify.Carrier)
	var problems []error
	add := func(channel notify.Channel, carrier notify.Carrier, err error) {
		carriers[channel] = carrier
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", channel, err))
		}
	}
	settings := f.whole
	if settings.Mail.on() {
		carrier, err := f.mail(letters)
		add(notify.Mail, carrier, err)
	}
	room := func(s roomSection) chat.Config {
		return chat.Config{URL: s.URL.Reveal(), Language: s.Language, Client: client, Letters: letters, Now: f.now}
	}
	if settings.Teams.on() {
		carrier, err := chat.NewTeams(room(settings.Teams))
		add(notify.Teams, carrier, err)
	}
	if settings.Slack.on() {
		carrier, err := chat.NewSlack(room(settings.Slack))
		add(notify.Slack, carrier, err)
	}
	for _, w := range settings.Webhooks {
		carrier, err := newWebhook(w, client, f.now)
		add(notify.Webhook(w.Name), carrier, err)
	}
	if settings.LockOut.on() {
		carrier, err := f.lockOut(ctx, program, messages, client)
		add(notify.LockOut, carrier, err)
	}
	return carriers, errors.Join(problems...)
}

func (f *issuerFolder) letters() (*letter.Writer, error) {
	settings := f.whole.Notify
	zone, err := time.LoadLocation(settings.TimeZone)
	if err != nil || settings.TimeZone == "Local" {
		return nil, fmt.Errorf("notify.time_zone %q is not known; write one such as Europe/Zurich", settings.TimeZone)
	}
	return letter.New(letter.Config{
		Program:  settings.Program,
		Badge:    f.config.URL + "/badge/",
		Console:  f.config.URL + "/console/",
		Help:     settings.Help,
		Location: zone,
	})
}

// outbound makes the client of everything that is called beside mail servers.
func (f *issuerFolder) outbound() (*outbound.Client, error) {
	settings := f.whole.Outbound
	roots, err := f.authorities(settings.CAFile)
	if err != nil {
		return nil, fmt.Errorf("outbound.ca_file: %w", err)
	}
	return outbound.New(settings.rules(roots))
}

// authorities are the system's and those of the file; nil, which means the
// system's, without one.
func (f *issuerFolder) authorities(path string) (*x509.CertPool, error) {
	return authorities(f.file(path))
}

func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readBounded(path, maxCAFile)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}

func (f *issuerFolder) mail(letters *letter.Writer) (notify.Carrier, error) {
	settings := f.whole.Mail
	sender := mail.Sender{Address: settings.From, Name: settings.FromName, ReplyTo: settings.ReplyTo, Letters: letters}
	if settings.Folder != "" {
		if err := os.MkdirAll(f.file(settings.Folder), 0o700); err != nil {
			return nil, err
		}
		return mail.NewFolder(mail.FolderConfig{Path: f.file(settings.Folder), Sender: sender, Now: f.now})
	}
	roots, err := f.authorities(settings.CAFile)
	if err != nil {
		return nil, fmt.Errorf("mail.ca_file: %w", err)
	}
	return mail.New(mail.Config{
		Host:          settings.Host,
		Port:          int(settings.Port),
		ImplicitTLS:   settings.TLS == tlsImplicit,
		InsecurePlain: settings.InsecurePlain,
		Username:      settings.Username,
		Password:      settings.Password.Reveal(),
		RootCAs:       roots,
		Sender:        sender,
		Now:           f.now,
	})
}

func newWebhook(s receiverSection, client *outbound.Client, now func() time.Time) (notify.Carrier, error) {
	secrets, err := webhookSecrets(s.Secret, s.NextSecret)
	if err != nil {
		return nil, err
	}
	return outgoing.New(outgoing.Config{URL: s.URL, Secrets: secrets, Client: client, Now: now})
}

// webhookSecrets are the secret and, while it is changed, the next one.
func webhookSecrets(secret, next config.Secret) ([]webhook.Secret, error) {
	if !secret.IsSet() {
		return nil, errors.New("secret is missing: make one with: echo whsec_$(openssl rand -base64 32)")
	}
	var secrets []webhook.Secret
	for _, text := range []config.Secret{secret, next} {
		if !text.IsSet() {
			continue
		}
		parsed, err := webhook.ParseSecret(text.Reveal())
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, parsed)
	}
	return secrets, nil
}
