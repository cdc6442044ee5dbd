package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/lockout"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// programSection bounds what one import may do, and says how long what is over is
// kept.
type programSection struct {
	MassPeople  uint32      `yaml:"mass_people"`
	MassPercent uint8       `yaml:"mass_percent"`
	Keep        keepSection `yaml:"keep"`
}

type keepSection struct {
	Evidence   time.Duration `yaml:"evidence"`
	Messages   time.Duration `yaml:"messages"`
	Enrolments time.Duration `yaml:"enrolments"`
	Tokens     time.Duration `yaml:"tokens"`
	Cases      time.Duration `yaml:"cases"`
}

// notifySection is what all letters have in common.
type notifySection struct {
	Program  string       `yaml:"program"`
	Help     string       `yaml:"help"`
	TimeZone string       `yaml:"time_zone"`
	Fallback partySection `yaml:"fallback"`
	Office   partySection `yaml:"office"`
}

type partySection struct {
	Name     string `yaml:"name"`
	Mail     string `yaml:"mail"`
	Language string `yaml:"language"`
}

// mailSection is on with a host or a folder.
type mailSection struct {
	Host          string        `yaml:"host"`
	Port          uint16        `yaml:"port"`
	TLS           string        `yaml:"tls"`
	InsecurePlain bool          `yaml:"insecure_plain"`
	Username      string        `yaml:"username"`
	Password      config.Secret `yaml:"password"`
	CAFile        string        `yaml:"ca_file"`
	From          string        `yaml:"from"`
	FromName      string        `yaml:"from_name"`
	ReplyTo       string        `yaml:"reply_to"`
	Folder        string        `yaml:"folder"`
}

// Ways in which TLS begins.
const (
	tlsStart    = "starttls"
	tlsImplicit = "implicit"
)

func (s mailSection) on() bool { return s.Host != "" || s.Folder != "" }

// roomSection is a chat room. Its URL is a secret: whoever has it can write there.
type roomSection struct {
	URL      config.Secret `yaml:"url"`
	Language string        `yaml:"language"`
	Kinds    []notify.Kind `yaml:"kinds"`
}

func (s roomSection) on() bool { return s.URL.IsSet() }

// receiverSection is one receiver of signed webhooks. While the secret is changed,
// both sign.
type receiverSection struct {
	Name       string        `yaml:"name"`
	URL        string        `yaml:"url"`
	Secret     config.Secret `yaml:"secret"`
	NextSecret config.Secret `yaml:"next_secret"`
	Kinds      []notify.Kind `yaml:"kinds"`
}

// usualKinds are what a room or a webhook is told of unless its settings say
// otherwise: all that happened, and what the office has to look at. Reminders are for
// those whom they are about.
func usualKinds() []notify.Kind {
	return slices.DeleteFunc(notify.Notices(), func(kind notify.Kind) bool { return kind == notify.Reminder })
}

// checkKinds says what is wrong with the kinds of a channel.
func checkKinds(setting string, kinds []notify.Kind) error {
	for n, kind := range kinds {
		if !slices.Contains(notify.Notices(), kind) {
			return fmt.Errorf("config: %s: %q is no kind of message; use some of %v", setting, kind, notify.Notices())
		}
		if slices.Contains(kinds[:n], kind) {
			return fmt.Errorf("config: %s: %q stands twice", setting, kind)
		}
	}
	// Whoever hears that a device is locked and not that it is open again knows less
	// than nothing.
	if slices.Contains(kinds, notify.Locked) != slices.Contains(kinds, notify.Unlocked) {
		return fmt.Errorf("config: %s: %s and %s go together; name both or none", setting, notify.Locked, notify.Unlocked)
	}
	return nil
}

// lockOutSection is on with any device manager.
type lockOutSection struct {
	DryRun  bool             `yaml:"dry_run"`
	PerHour uint16           `yaml:"per_hour"`
	Graph   graphLockSection `yaml:"graph"`
	Fleet   fleetLockSection `yaml:"fleet"`
	Hook    hookLockSection  `yaml:"hook"`
}

type graphLockSection struct {
	Source       string        `yaml:"source"`
	Tenant       string        `yaml:"tenant"`
	ClientID     string        `yaml:"client_id"`
	ClientSecret config.Secret `yaml:"client_secret"`
	GraphURL     string        `yaml:"graph_url"`
	LoginURL     string        `yaml:"login_url"`
}

func (s graphLockSection) on() bool { return s.Tenant != "" }

type fleetLockSection struct {
	Source string        `yaml:"source"`
	URL    string        `yaml:"url"`
	Token  config.Secret `yaml:"token"`
}

func (s fleetLockSection) on() bool { return s.URL != "" }

type hookLockSection struct {
	Source     string        `yaml:"source"`
	URL        string        `yaml:"url"`
	Secret     config.Secret `yaml:"secret"`
	NextSecret config.Secret `yaml:"next_secret"`
}

func (s hookLockSection) on() bool { return s.URL != "" }

func (s lockOutSection) on() bool { return s.Graph.on() || s.Fleet.on() || s.Hook.on() }

// networkSection says where calls may go beside port 443 on the public internet,
// and whose certificates are believed there.
type networkSection struct {
	AllowPorts           []uint16       `yaml:"allow_ports"`
	AllowPrivateNetworks []netip.Prefix `yaml:"allow_private_networks"`
	CAFile               string         `yaml:"ca_file"`
}

// rules are those of a client that believes these authorities; nil means the
// system's.
func (s networkSection) rules(roots *x509.CertPool) outbound.Config {
	return outbound.Config{AllowPorts: s.AllowPorts, AllowPrivateNetworks: s.AllowPrivateNetworks, RootCAs: roots}
}

func defaultProgramSection() programSection {
	return programSection{
		MassPeople:  store.DefaultMassPeople,
		MassPercent: store.DefaultMassPercent,
		Keep: keepSection{
			Evidence: store.DefaultKeepEvidence, Messages: store.DefaultKeepMessages,
			Enrolments: store.DefaultKeepEnrolments, Tokens: store.DefaultKeepTokens, Cases: store.DefaultKeepCases,
		},
	}
}

func defaultLockOutSection() lockOutSection {
	return lockOutSection{
		PerHour: lockout.DefaultPerHour,
		Graph:   graphLockSection{Source: "graph"},
		Fleet:   fleetLockSection{Source: "fleet"},
	}
}

// Validate finds what is wrong between settings; each channel looks at its own.
func (c *issuerConfig) Validate() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("config: "+format, args...))
		}
	}
	before := defaultIssuerConfig()
	refuse(c.Program.MassPeople < 1, "program.mass_people: at least 1")
	refuse(c.Program.MassPercent < 1 || c.Program.MassPercent > 100, "program.mass_percent: from 1 to 100, not %d", c.Program.MassPercent)
	refuse(!c.Mail.on() && c.Mail != before.Mail,
		"mail: neither mail.host nor mail.folder is set, so no mail would go out; set one, or remove the section")
	refuse(c.Mail.Host != "" && c.Mail.Folder != "", "mail: mail.host and mail.folder exclude each other; the folder is for demonstrations")
	refuse(c.Mail.TLS != tlsStart && c.Mail.TLS != tlsImplicit, "mail.tls is %s or %s, not %q", tlsStart, tlsImplicit, c.Mail.TLS)
	names := make(map[string]bool)
	for _, w := range c.Webhooks {
		refuse(w.Name == "", "webhooks: one has no name")
		refuse(names[w.Name], "webhooks: two are named %q", w.Name)
		names[w.Name] = true
		problems = append(problems, checkKinds(fmt.Sprintf("webhooks: %q: kinds", w.Name), w.Kinds))
	}
	problems = append(problems, checkKinds("teams.kinds", c.Teams.Kinds), checkKinds("slack.kinds", c.Slack.Kinds))
	refuse(len(c.tell()) > 0 && c.Notify.Fallback.Mail == "", "notify.fallback.mail is missing: what reaches nobody must reach somebody")
	refuse(!c.LockOut.Graph.on() && c.LockOut.Graph != before.LockOut.Graph, "lockout.graph has settings, but no tenant; set it, or remove the section")
	refuse(!c.LockOut.Fleet.on() && c.LockOut.Fleet != before.LockOut.Fleet, "lockout.fleet has settings, but no url; set it, or remove the section")
	refuse(!c.LockOut.Hook.on() && c.LockOut.Hook != before.LockOut.Hook, "lockout.hook has settings, but no url; set it, or remove the section")
	refuse(c.LockOut.on() && !c.Mail.on(),
		"lockout needs mail: people are warned before they are locked out, and the office is told when lock-outs wait for it")
	refuse(c.LockOut.PerHour < 1, "lockout.per_hour: at least 1; to lock nothing, remove the section")
	return errors.Join(problems...)
}

// tell says who is told on which channel: the people concerned by mail, of
// everything; what leads to one place as the office, of the kinds in its settings.
func (c *issuerConfig) tell() []issuer.Recipient {
	var list []issuer.Recipient
	if c.Mail.on() {
		list = append(list,
			issuer.Recipient{Channel: notify.Mail, To: notify.ToPerson},
			issuer.Recipient{Channel: notify.Mail, To: notify.ToManager})
	}
	place := func(channel notify.Channel, kinds []notify.Kind) {
		if len(kinds) == 0 {
			kinds = usualKinds()
		}
		list = append(list, issuer.Recipient{Channel: channel, To: notify.ToOffice, Kinds: kinds})
	}
	if c.Teams.on() {
		place(notify.Teams, c.Teams.Kinds)
	}
	if c.Slack.on() {
		place(notify.Slack, c.Slack.Kinds)
	}
	for _, w := range c.Webhooks {
		place(notify.Webhook(w.Name), w.Kinds)
	}
	return list
}

// addTo gives the program what it decides by.
func (c *issuerConfig) addTo(settings *issuer.Config) {
	settings.Tell = c.tell()
	settings.LockOut, settings.LockOutDryRun = c.LockOut.on(), c.LockOut.DryRun
	settings.MassLimit = store.MassLimit{People: int(c.Program.MassPeople), Percent: int(c.Program.MassPercent)}
	settings.Retention = store.Retention(c.Program.Keep)
}
