package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// What the demonstration shows a lapse with.
const (
	demoLapsing = "0700013" // has one laptop, and a manager with an address
	demoInbox   = "inbox"   // the folder that mail goes to
	demoLetters = 2         // of a lapse or a restoration: to the person and to the manager

	demoNoncompliant = "laptop-noncompliant.json"
	demoCompliant    = "laptop-compliant.json"
)

// demoNotify are the settings that have mail put into a folder.
const demoNotify = `notify:
  program: Demo badge program
  fallback: {name: Badge office, mail: office@vendor.example, language: en}
mail:
  folder: ../` + demoInbox + `
  from: badges@vendor.example
`

// addNotify turns mail on in the folder of an issuer.
func addNotify(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, issuerConfigFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(demoNotify)
	return errors.Join(err, f.Close())
}

// lapse plays what a laptop that fails its rules sets off, and how that ends.
// It returns the badge, which is good again.
func (d *demo) lapse(ctx context.Context, office *api, gate *verifying) (badge issuedBadge, err error) {
	if err := d.forecast(ctx, office); err != nil {
		return badge, err
	}
	public, ok := d.phone.Public().(*ecdsa.PublicKey)
	if !ok {
		return badge, errors.New("the phone's key is not an ECDSA key")
	}
	badge, _, err = issue(ctx, office, demoLapsing, public)
	if err != nil {
		return badge, err
	}
	for _, step := range []struct {
		file, state, letter string
		want                verifier.Reason
	}{
		{demoNoncompliant, "noncompliant", "lapse", verifier.Suspended},
		{demoCompliant, "compliant", "restored", verifier.OK},
	} {
		if err := d.reportLaptop(ctx, office, step.file, step.state); err != nil {
			return badge, err
		}
		reported := d.streams.now()
		d.say("\nThe laptop of person %s is reported %s", demoLapsing, step.state)
		decision, err := d.await(ctx, gate, badge, step.want)
		if err != nil {
			return badge, err
		}
		d.say("Verifying a fresh proof of their badge, %v later:", since(d, reported))
		if err := printDecision(d.streams.out, decision, false); err != nil {
			return badge, err
		}
		if err := d.readMail(ctx, step.letter); err != nil {
			return badge, err
		}
	}
	return badge, nil
}

func since(d *demo, at time.Time) time.Duration {
	return d.streams.now().Sub(at).Round(time.Millisecond)
}

// forecast shows the next lapses.
func (d *demo) forecast(ctx context.Context, office *api) error {
	var ahead []struct {
		ExternalID string    `json:"external_id"`
		At         time.Time `json:"at"`
		Reasons    []string  `json:"reasons"`
		Loses      []string  `json:"loses"`
	}
	if err := office.get(ctx, "/v1/program/forecast?days=30", &ahead); err != nil {
		return err
	}
	d.say("\nForecast: %d lapses within 30 days if nothing comes; the next are", len(ahead))
	for _, f := range ahead[:min(len(ahead), 3)] {
		d.say("  %-10s %s  loses %s: %s", f.ExternalID, f.At.Local().Format("2006-01-02 15:04"), strings.Join(f.Loses, ", "), strings.Join(f.Reasons, ", "))
	}
	reminders, err := d.letters("reminder")
	if err != nil {
		return err
	}
	d.say("Reminders of those that are near: %d letters by now in %s", len(reminders), filepath.Join(d.dir, demoInbox))
	return nil
}

// reportLaptop imports what the device manager says about one laptop now.
func (d *demo) reportLaptop(ctx context.Context, office *api, name, state string) error {
	text, err := laptopReport(filepath.Join(d.dir, sample.Devices), state, d.streams.now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, name), text, 0o600); err != nil {
		return err
	}
	var report issuer.ImportReport
	return importFiles(ctx, office, map[string]io.Reader{issuer.DevicesFile: bytes.NewReader(text)}, &report)
}

// laptopReport takes the laptop out of an export and gives it another state.
func laptopReport(export, state string, at time.Time) ([]byte, error) {
	text, err := os.ReadFile(export)
	if err != nil {
		return nil, err
	}
	var devices struct {
		Value []map[string]any `json:"value"`
	}
	if err := json.Unmarshal(text, &devices); err != nil {
		return nil, err
	}
	owner := "u" + demoLapsing + "@vendor.example"
	for _, device := range devices.Value {
		if device["userPrincipalName"] == owner {
			device["complianceState"] = state
			device["lastSyncDateTime"] = at.UTC().Format(time.RFC3339)
			return json.Marshal(map[string]any{"value": []any{device}})
		}
	}
	return nil, fmt.Errorf("%s has no device of %s", export, owner)
}

// letters are the files of one kind in the inbox.
func (d *demo) letters(kind string) ([]string, error) {
	return filepath.Glob(filepath.Join(d.dir, demoInbox, "*-"+kind+"-*.eml"))
}

// readMail waits for the letters of a kind and shows to whom they went.
func (d *demo) readMail(ctx context.Context, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		names, err := d.letters(kind)
		if err != nil {
			return err
		}
		if len(names) >= demoLetters {
			return d.showMail(names)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("only %d of %d letters came: %w", len(names), demoLetters, ctx.Err())
		}
	}
}

func (d *demo) showMail(names []string) error {
	d.say("Mail in %s:", filepath.Join(d.dir, demoInbox))
	for _, name := range names {
		to, subject, err := readLetter(name)
		if err != nil {
			return err
		}
		d.say("  %s\n    to       %s\n    subject  %s", filepath.Base(name), plain(to), plain(subject))
	}
	return nil
}

// readLetter returns the headers of a letter that a mail program shows.
func readLetter(path string) (to, subject string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	letter, err := mail.ReadMessage(f)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", path, err)
	}
	recipients, err := letter.Header.AddressList("To")
	if err != nil || len(recipients) != 1 {
		return "", "", fmt.Errorf("%s has not one recipient: %w", path, err)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
	return recipients[0].Name + " <" + recipients[0].Address + ">", subject, err
}
