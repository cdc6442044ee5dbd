package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// notifyWorld is an issuer's folder whose program is not served.
type notifyWorld struct {
	dir   string
	clock *clocktest.Clock
}

func newNotifyWorld(t *testing.T, settings string) *notifyWorld {
	t.Helper()
	start, err := time.Parse(time.RFC3339, sample.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	w := &notifyWorld{filepath.Join(t.TempDir(), "issuer"), clocktest.New(start)}
	err = initIssuer(t.Context(), issuerSetup{
		dir: w.dir, url: "https://badge.vendor.example", listen: "127.0.0.1:0", insecurePlain: true,
		listTTL: time.Minute, listSize: 1 << 16,
	}, w.streams())
	if err != nil {
		t.Fatal(err)
	}
	addSettings(t, w.dir, settings)
	return w
}

func (w *notifyWorld) streams() streams { return streams{now: w.clock.Now} }

func (w *notifyWorld) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// open opens the folder's program, with what runs beside it, and without running
// it.
func (w *notifyWorld) open(t *testing.T) (*consequences, *sqlite.Store) {
	t.Helper()
	folder, err := openIssuerFolder(w.dir, w.streams())
	if err != nil {
		t.Fatal(err)
	}
	settings, err := folder.settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	program, database, err := folder.program(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	c, err := folder.consequences(t.Context(), program, database, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, database
}

func importSample(t *testing.T, program *issuer.Program) {
	t.Helper()
	var files issuer.Files
	for name, to := range map[string]*io.Reader{sample.People: &files.People, sample.Training: &files.Training, sample.Devices: &files.Devices} {
		text, err := sample.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		*to = bytes.NewReader(text)
	}
	if _, err := program.Import(t.Context(), files, "a test"); err != nil {
		t.Fatal(err)
	}
}

const fallback = "notify: {fallback: {mail: office@vendor.example}}\n"

func TestNotifySettings_WhatCannotBeMeantIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		settings string
		want     []string
	}{
		"nothing":             {"", nil},
		"nobody to fall on":   {"mail: {host: mail.vendor.example, from: a@vendor.example}\n", []string{"config: notify.fallback.mail is missing: what reaches nobody must reach somebody"}},
		"mail without a way":  {"mail: {from: a@vendor.example}\n", []string{"config: mail: neither mail.host nor mail.folder is set, so no mail would go out; set one, or remove the section"}},
		"mail in two ways":    {fallback + "mail: {host: m.example, folder: x}\n", []string{"config: mail: mail.host and mail.folder exclude each other; the folder is for demonstrations"}},
		"another kind of TLS": {"mail: {tls: always}\n", []string{"config: mail: neither mail.host nor mail.folder is set, so no mail would go out; set one, or remove the section", `config: mail.tls is starttls or implicit, not "always"`}},
		"webhooks":            {fallback + "webhooks: [{name: a, url: x}, {name: a, url: y}, {url: z}]\n", []string{`config: webhooks: two are named "a"`, "config: webhooks: one has no name"}},
		"locks unwarned":      {"lockout: {fleet: {url: https://fleet.example}}\n", []string{"config: lockout needs mail: people are warned before they are locked out, and the office is told when lock-outs wait for it"}},
		"half a device manager": {"lockout: {per_hour: 0, graph: {client_id: x}, fleet: {source: x}, hook: {source: y}}\n", []string{
			"config: lockout.graph has settings, but no tenant; set it, or remove the section",
			"config: lockout.fleet has settings, but no url; set it, or remove the section",
			"config: lockout.hook has settings, but no url; set it, or remove the section",
			"config: lockout.per_hour: at least 1; to lock nothing, remove the section"}},
		"kinds": {fallback + "slack: {kinds: [lapse, suspended]}\nteams: {kinds: [lapse, lapse]}\nwebhooks: [{name: a, kinds: [locked]}]\n", []string{
			`config: webhooks: "a": kinds: locked and unlocked go together; name both or none`,
			`config: teams.kinds: "lapse" stands twice`,
			`config: slack.kinds: "suspended" is no kind of message; use some of ` + fmt.Sprint(notify.Notices())}},
		"no mass at all":   {"program: {mass_people: 0, mass_percent: 0}\n", []string{"config: program.mass_people: at least 1", "config: program.mass_percent: from 1 to 100, not 0"}},
		"more than all":    {"program: {mass_percent: 101}\n", []string{"config: program.mass_percent: from 1 to 100, not 101"}},
		"exactly all":      {"program: {mass_percent: 100, mass_people: 1}\n", nil},
		"a room's address": {"teams: {url: https://x.example/secret}\n", []string{"config: issuer.yaml:LINE: secrets are not written in this file; write {file: /path/to/the/secret}"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newNotifyWorld(t, c.settings)
			_, err := openIssuerFolder(w.dir, w.streams())
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			for i := range got {
				got[i] = strings.Replace(got[i], filepath.Join(w.dir, issuerConfigFile)+":11:14:", "issuer.yaml:LINE:", 1)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestNotifySettings_OthersMustNotReadSecrets(t *testing.T) {
	t.Parallel()
	w := newNotifyWorld(t, fallback+"slack: {url: {file: slack.url}}\n")
	w.write(t, "slack.url", "https://hooks.slack.example/secret\n", 0o644)
	_, err := openIssuerFolder(w.dir, w.streams())
	if want := "slack.url holds a secret and others can read it (mode 0644)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if err := os.Chmod(filepath.Join(w.dir, "slack.url"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.open(t)
}

func TestNotifySettings_EveryChannelTellsThoseItReaches(t *testing.T) {
	t.Parallel()
	w := newNotifyWorld(t, fallback+`
mail: {host: mail.vendor.example, from: a@vendor.example, username: u, password: {file: secret}}
teams: {url: {file: room}, language: de}
slack: {url: {file: room}, kinds: [lapse, reminder]}
webhooks:
  - {name: siem, url: https://siem.vendor.example/in, secret: {file: signing}, next_secret: {file: signing}, kinds: [locked, unlocked]}
lockout:
  dry_run: true
  graph: {tenant: vendor.example, client_id: id, client_secret: {file: secret}}
  fleet: {url: "https://fleet.vendor.example:8412", token: {file: secret}}
  hook: {source: jamf, url: https://lock.vendor.example/, secret: {file: signing}}
outbound: {allow_ports: [8412], allow_private_networks: [10.0.0.0/8]}
`)
	_, signing := webhook.NewSecret()
	for name, text := range map[string]string{"secret": "s3cret", "room": "https://rooms.example/x", "signing": signing} {
		w.write(t, name, text, 0o600)
	}
	folder, err := openIssuerFolder(w.dir, w.streams())
	if err != nil {
		t.Fatal(err)
	}
	var settings issuer.Config
	folder.whole.addTo(&settings)
	want := []issuer.Recipient{
		{Channel: notify.Mail, To: notify.ToPerson}, {Channel: notify.Mail, To: notify.ToManager},
		{Channel: notify.Teams, To: notify.ToOffice, Kinds: notify.Notices()[1:]}, // not each reminder
		{Channel: notify.Slack, To: notify.ToOffice, Kinds: []notify.Kind{notify.Lapse, notify.Reminder}},
		{Channel: "webhook/siem", To: notify.ToOffice, Kinds: []notify.Kind{notify.Locked, notify.Unlocked}},
	}
	if !reflect.DeepEqual(settings.Tell, want) || !settings.LockOut || !settings.LockOutDryRun {
		t.Errorf("told are %v, lock-outs %t", settings.Tell, settings.LockOut)
	}
	lockers, err := folder.lockers(mustOutbound(t, folder))
	if err != nil || lockers["graph"] == nil || lockers["fleet"] == nil || lockers["jamf"] == nil || len(lockers) != 3 {
		t.Errorf("%v %v", lockers, err)
	}
	if c, _ := w.open(t); c.courier == nil {
		t.Error("nobody delivers what is told")
	}
}

func TestNotifySettings_ChannelsSayWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ settings, want string }{
		"mail":          {"mail: {host: 'mail:25', from: nobody}\n", `mail: Sender.Address: "nobody" is not a mail address by itself`},
		"certificates":  {"mail: {host: m.example, from: a@b.example, ca_file: issuer.yaml}\n", "mail.ca_file: ISSUER/issuer.yaml holds no certificate in PEM"},
		"room":          {"teams: {url: {file: room}}\n", "the URL's scheme must be https"},
		"webhook":       {"webhooks: [{name: a, url: https://a.example/}]\n", "webhook/a: secret is missing: make one with: echo whsec_$(openssl rand -base64 32)"},
		"its port":      {"webhooks: [{name: a, url: 'https://a.example:8443/', secret: {file: signing}}]\n", "port 8443 is not allowed; the operator can allow it"},
		"lock-out":      {"mail: {folder: inbox, from: a@b.example}\nlockout: {fleet: {source: graph, url: https://f.example, token: {file: room}}, graph: {tenant: t, client_id: c, client_secret: {file: room}}}\n", `lockout: the devices of the source "graph" would be locked in two ways`},
		"lock-out hook": {"mail: {folder: inbox, from: a@b.example}\nlockout: {hook: {url: https://f.example, secret: {file: signing}}}\n", "lockout.hook.source is missing: where the evidence about its devices comes from"},
		"time":          {"mail: {folder: inbox, from: a@b.example}\nnotify: {time_zone: Local, fallback: {mail: a@b.example}}\n", `notify.time_zone "Local" is not known; write one such as Europe/Zurich`},
		"fallback":      {"mail: {folder: inbox, from: a@b.example}\nnotify: {fallback: {mail: nobody}}\n", "notify: Fallback has no mail address: what reaches nobody must reach somebody"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := c.settings
			if !strings.Contains(settings, "notify:") {
				settings += fallback
			}
			w := newNotifyWorld(t, settings)
			_, signing := webhook.NewSecret()
			w.write(t, "room", "http://rooms.example/x", 0o600)
			w.write(t, "signing", signing, 0o600)
			var errs bytes.Buffer
			s := w.streams()
			s.err = &errs
			status := run(t.Context(), []string{"issuer", "serve", "--dir", w.dir}, s)
			if got := strings.ReplaceAll(errs.String(), w.dir, "ISSUER"); status != statusMisuse || !strings.Contains(got, c.want) {
				t.Errorf("status %d, %s\nwant %s", status, got, c.want)
			}
		})
	}
}

func TestNotify_AWebhookOfTheSettingsIsSignedAndArrives(t *testing.T) {
	t.Parallel()
	secret, text := webhook.NewSecret()
	taken := make(chan string, 1)
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if _, err := webhook.Verify([]webhook.Secret{secret}, r.Header, body, sampleStart(t)); err != nil {
			t.Error(err)
		}
		var event struct{ Type string }
		if err := json.Unmarshal(body, &event); err != nil {
			t.Error(err)
		}
		taken <- event.Type
	}))
	t.Cleanup(receiver.Close)
	_, port, err := net.SplitHostPort(receiver.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w := newNotifyWorld(t, fallback+`
webhooks: [{name: siem, url: "`+receiver.URL+`", secret: {file: signing}}]
outbound: {allow_ports: [`+port+`], allow_private_networks: [127.0.0.0/8], ca_file: receiver.pem}
`)
	w.write(t, "signing", text, 0o600)
	w.write(t, "receiver.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: receiver.Certificate().Raw})), 0o644)
	c, database := w.open(t)
	queue(t, w, database, notify.Webhook("siem"), notify.Concern, "k")
	stop := c.start(atOnce, func() { t.Error("the scheduler gave up") })
	got := <-taken
	if err := stop(); err != nil || got != "program.case" {
		t.Errorf("%s, %v", got, err)
	}
	settled, err := database.Messages(t.Context(), store.MessageQuery{Limit: 1})
	if err != nil || settled[0].State != notify.Delivered {
		t.Errorf("%+v, %v", settled, err)
	}
}

func sampleStart(t *testing.T) time.Time {
	t.Helper()
	start, err := time.Parse(time.RFC3339, sample.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	return start
}
