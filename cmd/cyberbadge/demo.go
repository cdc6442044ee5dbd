package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cyberbadge/cyberbadge/internal/keyfile"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// What is in a demonstration's folder.
const (
	demoIssuer   = "issuer"
	demoVerifier = "verifier"
	demoPhoneKey = "phone.key"
	demoBadge    = "badge.txt"
	demoLog      = "demo.log"
)

// The demonstration's lists are due again after a second, so that a revocation
// is seen while one watches, and small, because it has few badges.
const (
	demoListTTL  = time.Second
	demoListSize = 1 << 16
	demoPatience = 15 * time.Second     // for what should take a second
	demoLook     = 5 * time.Millisecond // how often the verifier is asked whether it has heard
	demoVisits   = 24 * time.Hour       // how long its register keeps visits
)

// demo is issuer, verifier and phone on one machine.
type demo struct {
	streams streams
	dir     string
	once    bool
	quiet   bool

	phone  crypto.Signer
	person string // whose badge the story is about
}

func demoCommand(s streams) *cobra.Command {
	d := &demo{streams: s}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run issuer and verifier on this machine over a sample program",
		Long: `Run issuer and verifier on this machine over a sample program: import people,
training and devices, issue a badge to a made-up phone, draw its gate code, verify
it, change it, revoke it; then say who will lapse, have one laptop fall out of
compliance and mend, and show the mail that goes out; let somebody in at a gate,
revoke the badge, and measure how soon the gate is told; and then serve until
stopped, with links to a phone's and a gate's page.

Its keys are not encrypted, its people are invented, and its mail goes to a folder.`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error { return d.run(c.Context()) },
	}
	c.Flags().StringVar(&d.dir, "dir", "", "folder to set up in; a temporary one, removed at the end, when not given")
	c.Flags().BoolVar(&d.once, "once", false, "end after the verdicts instead of serving")
	c.Flags().BoolVar(&d.quiet, "quiet", false, "no progress bar and no picture")
	return c
}

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.streams.out, format+"\n", args...)
}

func (d *demo) run(ctx context.Context) (err error) {
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "cyberbadge-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	} else if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	logFile, err := os.OpenFile(filepath.Join(d.dir, demoLog), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := d.story(ctx, group, newLogger(logFile)); err != nil || d.once {
			stop()
			return err
		}
		return nil
	})
	return group.Wait()
}

// story is the whole way, told on standard output. It starts the two servers in
// the group; they run until ctx is done.
func (d *demo) story(ctx context.Context, group *errgroup.Group, logger *slog.Logger) error {
	issuerAddr, verifierAddr, err := freeAddresses()
	if err != nil {
		return err
	}
	d.say("Setting up in %s", d.dir)
	issuerSide, err := d.setUpIssuer(ctx, issuerAddr)
	if err != nil {
		return err
	}
	up := make(chan string, 2)
	group.Go(func() error { return issuerSide.serve(ctx, logger, func(address string) { up <- address }) })
	issuerURL, err := waitFor(ctx, up)
	if err != nil {
		return err
	}
	office := overSocket(issuerSide.file(socketFile))
	verifierSide, err := d.setUpVerifier(ctx, office, issuerAddr, verifierAddr)
	if err != nil {
		return err
	}
	group.Go(func() error { return verifierSide.serve(ctx, logger, func(address string) { up <- address }) })
	verifierURL, err := waitFor(ctx, up)
	if err != nil {
		return err
	}
	d.say("  issuer    %s\n  verifier  %s\n", issuerURL, verifierURL)
	if err := d.tell(ctx, office, verifierSide, verifierURL); err != nil {
		return err
	}
	if !d.once {
		return d.invite(ctx, office, verifierSide, verifierURL)
	}
	return nil
}

func waitFor[T any](ctx context.Context, what <-chan T) (got T, err error) {
	select {
	case got = <-what:
		return got, nil
	case <-ctx.Done():
		return got, context.Cause(ctx)
	}
}

// freeAddresses finds two ports that are free now. An issuer's URL is part of
// its badges, so the port must be known before there is a server to ask.
func freeAddresses() (first, second string, err error) {
	a, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer a.Close()
	b, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer b.Close()
	return a.Addr().String(), b.Addr().String(), nil
}

func (d *demo) setUpIssuer(ctx context.Context, addr string) (*issuerFolder, error) {
	dir := filepath.Join(d.dir, demoIssuer)
	err := initIssuer(ctx, issuerSetup{
		dir: dir, url: "http://" + addr, listen: addr,
		insecurePlain: true, listTTL: demoListTTL, listSize: demoListSize,
	}, d.streams)
	if err != nil {
		return nil, err
	}
	if err := addNotify(dir); err != nil {
		return nil, err
	}
	return openIssuerFolder(dir, d.settings())
}

// settings leaves the environment out: what is set for another issuer or
// verifier is not meant for these.
func (d *demo) settings() streams {
	s := d.streams
	s.environ = nil
	return s
}

// setUpVerifier pins the issuer as a customer would: by its trust list.
func (d *demo) setUpVerifier(ctx context.Context, office *api, issuerAddr, addr string) (*verifierFolder, error) {
	dir := filepath.Join(d.dir, demoVerifier)
	_, port, err := net.SplitHostPort(issuerAddr)
	if err != nil {
		return nil, err
	}
	var number uint
	if _, err := fmt.Sscan(port, &number); err != nil {
		return nil, err
	}
	err = initVerifier(verifierSetup{
		dir: dir, site: "Demo substation", listen: addr, maxStatusAge: revocation.DefaultMaxAge,
		insecureLoopback: true, allowPorts: []uint{number}, gates: true, visits: demoVisits,
	})
	if err != nil {
		return nil, err
	}
	folder, err := openVerifierFolder(dir, d.settings())
	if err != nil {
		return nil, err
	}
	text, err := office.read(ctx, http.MethodGet, "/trust-list.json", "", nil)
	if err != nil {
		return nil, err
	}
	_, err = folder.addTrust(text)
	return folder, err
}

// export writes the sample program into the folder as its source systems would
// export it now, so that the commands can be tried on the same files.
func (d *demo) export(now time.Time) (map[string]string, error) {
	files := map[string]string{"people": sample.People, "training": sample.Training, "devices": sample.Devices}
	for part, name := range files {
		text, err := sample.At(name, now)
		if err != nil {
			return nil, err
		}
		files[part] = filepath.Join(d.dir, name)
		if err := os.WriteFile(files[part], text, 0o600); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// makePhone makes the holder's key. A real phone never lets it out.
func (d *demo) makePhone() (err error) {
	path := filepath.Join(d.dir, demoPhoneKey)
	if _, err := makeKey(path, keyfile.Protection{InsecurePlain: true}); err != nil {
		return err
	}
	d.phone, err = keyfile.Load(path, keyfile.Protection{InsecurePlain: true})
	return err
}

// invite says what to try next. On this machine the links and their codes come the
// same way; in earnest they never do.
func (d *demo) invite(ctx context.Context, office *api, side *verifierFolder, verifierURL string) error {
	var made invitation
	if err := office.post(ctx, "/v1/people/"+url.PathEscape(d.person)+"/invitations", struct{}{}, &made); err != nil {
		return err
	}
	paired, err := d.inviteGate(ctx, side, "Demo gate")
	if err != nil {
		return err
	}
	d.say(`
Both serve until you press Ctrl-C. Open the two links in a browser on this machine:

  phone of person %[3]s  %[4]s
                         its code: %[5]s
  gate                   %[8]s

Let the gate see the phone's code: by webcam, or save a picture of the phone's page
and drop it on the gate's page. Then revoke the badge as the office does, in another
terminal:

  %[6]s badge revoke --dir %[1]s/issuer --person %[3]s

The gate's page turns red at once, without a new scan: all of it while it still asks
for the photo, and with an alert about the person once you have let them in.

Also:

  %[6]s issuer standing --dir %[1]s/issuer
  %[6]s program forecast --dir %[1]s/issuer
  %[6]s program messages --dir %[1]s/issuer --person `+demoLapsing+`
  %[6]s issuer import   --dir %[1]s/issuer --devices %[1]s/`+demoNoncompliant+`
  %[6]s verifier visits present --dir %[1]s/verifier
  %[6]s badge issue     --dir %[1]s/issuer --person %[7]s --holder-key %[1]s/phone.jwk --out %[1]s/badge.txt
  %[6]s badge present   --badge %[1]s/badge.txt --holder-key %[1]s/phone.key --code > %[1]s/code.txt
  %[6]s verify          --server %[2]s --access onsite %[1]s/code.txt
  curl %[2]s/openapi.json
`, d.dir, verifierURL, d.person, made.Link, made.TxCode, os.Args[0], demoOther, paired.Link)
	return nil
}
