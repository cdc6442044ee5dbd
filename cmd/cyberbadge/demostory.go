package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/credential/qr/draw"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// tell plays the way of one badge, from evidence to revocation; then what a lapse sets
// off, and how soon a gate hears of a revocation.
func (d *demo) tell(ctx context.Context, office *api, side *verifierFolder, verifierURL string) error {
	if err := d.importProgram(ctx, office); err != nil {
		return err
	}
	person, err := d.firstEligible(ctx, office)
	if err != nil {
		return err
	}
	d.person = person
	if err := drawPortraits(ctx, office, person, demoOther); err != nil {
		return err
	}
	badge, err := d.issueBadge(ctx, office, person)
	if err != nil {
		return err
	}
	gate := &verifying{server: verifierURL, access: string(credential.Onsite)}
	presentation, err := d.showCode(badge)
	if err != nil {
		return err
	}
	if err := d.expect(ctx, gate, "the badge as shown", presentation, verifier.OK); err != nil {
		return err
	}
	if err := d.expect(ctx, gate, "the same code again", presentation, verifier.Replayed); err != nil {
		return err
	}
	if err := d.expect(ctx, gate, "a badge with one character changed", change(presentation), verifier.BadSignature); err != nil {
		return err
	}
	if err := d.revoke(ctx, office, gate, badge); err != nil {
		return err
	}
	restored, err := d.lapse(ctx, office, gate)
	if err != nil {
		return err
	}
	return d.live(ctx, office, side, verifierURL, restored)
}

func (d *demo) importProgram(ctx context.Context, office *api) error {
	names, err := d.export(d.streams.now())
	if err != nil {
		return err
	}
	files, closeAll, err := openAll(names)
	if err != nil {
		return err
	}
	defer closeAll()
	d.say("Importing people (SCIM), training (xAPI) and devices (Microsoft Graph)")
	var report issuer.ImportReport
	if err := importFiles(ctx, office, d.watched(files), &report); err != nil {
		return err
	}
	printReport(d.streams.out, report)
	return nil
}

// watched shows a progress bar while the files are read.
func (d *demo) watched(files map[string]*os.File) map[string]io.Reader {
	total := int64(0)
	for _, f := range files {
		if info, err := f.Stat(); err == nil {
			total += info.Size()
		}
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(d.streams.err),
		progressbar.OptionSetVisibility(!d.quiet),
		progressbar.OptionSetDescription("importing"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionOnCompletion(func() { fmt.Fprintln(d.streams.err) }),
	)
	readers := make(map[string]io.Reader)
	for part, f := range files {
		reader := progressbar.NewReader(f, bar)
		readers[part] = &reader
	}
	return readers
}

func (d *demo) firstEligible(ctx context.Context, office *api) (string, error) {
	var all []standing
	if err := office.get(ctx, "/v1/standing", &all); err != nil {
		return "", err
	}
	first, eligible := "", 0
	for _, s := range all {
		if s.Eligible && first == "" && len(s.Access) == 2 {
			first = s.ExternalID
		}
		if s.Eligible {
			eligible++
		}
	}
	d.say("\nStanding: %d of %d people are eligible now; the others each have a reason, for example", eligible, len(all))
	for _, s := range all {
		if !s.Eligible {
			d.say("  %v", s)
			break
		}
	}
	if first == "" {
		return "", errors.New("nobody in the sample program is eligible for both kinds of access")
	}
	return first, nil
}

func (d *demo) issueBadge(ctx context.Context, office *api, person string) (issuedBadge, error) {
	if err := d.makePhone(); err != nil {
		return issuedBadge{}, err
	}
	public, ok := d.phone.Public().(*ecdsa.PublicKey)
	if !ok {
		return issuedBadge{}, errors.New("the phone's key is not an ECDSA key")
	}
	issued, _, err := issue(ctx, office, person, public)
	if err != nil {
		return issuedBadge{}, err
	}
	d.say("\nIssued badge %s to person %s, good until %s", issued.ID, person, issued.ExpiresAt.Local().Format("2006-01-02 15:04"))
	return issued, os.WriteFile(filepath.Join(d.dir, demoBadge), []byte(issued.Badge+"\n"), 0o600)
}

// gateNonce is random as the phone makes it: gate codes hold this form in the
// fewest digits. rand.Read never fails.
func gateNonce() string {
	var random [16]byte
	_, _ = rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// present does what the phone does: sign a fresh proof and pack the code.
func (d *demo) present(badge issuedBadge) (presentation, code string, err error) {
	presentation, err = credential.Bind(badge.Badge, d.phone, credential.Proof{
		Audience: credential.GateAudience, Nonce: gateNonce(), IssuedAt: d.streams.now(),
	})
	if err != nil {
		return "", "", err
	}
	code, err = packForGate(presentation)
	return presentation, code, err
}

func (d *demo) showCode(badge issuedBadge) (string, error) {
	presentation, code, err := d.present(badge)
	if err != nil {
		return "", err
	}
	version, modules, err := draw.Version(code, draw.Low)
	if err != nil {
		return "", err
	}
	d.say("Its gate code: %d bytes of presentation in %d characters, QR version %d (%d modules)\n",
		len(presentation), len(code), version, modules)
	if !d.quiet {
		if err := draw.Terminal(d.streams.out, code, draw.Options{}); err != nil {
			return "", err
		}
	}
	return code, nil
}

// change alters one character in the middle of the issuer's signature: of the
// restored text, because most changes to a gate code's digits only make it
// unreadable.
func change(code string) string {
	text, err := qr.Unpack(code)
	if err != nil {
		return code
	}
	at := strings.Index(text, "~") - 40
	other := byte('A')
	if text[at] == other {
		other = 'B'
	}
	return text[:at] + string(other) + text[at+1:]
}

// expect lets the verifier decide and stops the demonstration when it decides
// otherwise than it should.
func (d *demo) expect(ctx context.Context, gate *verifying, what, presentation string, want verifier.Reason) error {
	decision, err := gate.ask(ctx, presentation)
	if err != nil {
		return err
	}
	d.say("Verifying %s:", what)
	if err := printDecision(d.streams.out, decision, false); err != nil {
		return err
	}
	if decision.Reason != want {
		return fmt.Errorf("the demonstration expected %s", want)
	}
	return nil
}

// revoke revokes the badge and shows fresh proofs of it until the verifier has
// seen the new list.
func (d *demo) revoke(ctx context.Context, office *api, gate *verifying, badge issuedBadge) error {
	if _, err := setBadgeStatus(ctx, office, badge.ID, "revoke", "demonstration"); err != nil {
		return err
	}
	revoked := d.streams.now()
	d.say("\nRevoked it")
	decision, err := d.await(ctx, gate, badge, verifier.Revoked)
	if err != nil {
		return err
	}
	d.say("Verifying a fresh proof of it, %v later:", since(d, revoked))
	return printDecision(d.streams.out, decision, false)
}

// await shows fresh proofs of a badge until the verifier decides as it should.
func (d *demo) await(ctx context.Context, gate *verifying, badge issuedBadge, want verifier.Reason) (verifier.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	tick := time.NewTicker(demoLook)
	defer tick.Stop()
	for {
		presentation, _, err := d.present(badge)
		if err != nil {
			return verifier.Decision{}, err
		}
		decision, err := gate.ask(ctx, presentation)
		if err != nil || decision.Reason == want {
			return decision, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return decision, fmt.Errorf("the verifier still says %s: %w", decision.Reason, ctx.Err())
		}
	}
}
