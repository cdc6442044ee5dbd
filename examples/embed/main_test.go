package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/examples/internal/exampletest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// embed runs the program and returns its exit status and the first two words
// that it prints.
func embed(t *testing.T, in string, args ...string) (status int, verdict, errs string) {
	t.Helper()
	var out, problems strings.Builder
	status = run(t.Context(), args, strings.NewReader(in), &out, &problems)
	words := strings.Fields(out.String())
	return status, strings.Join(words[:min(2, len(words))], " "), problems.String()
}

// try runs it as against an issuer on this machine.
func try(t *testing.T, issuer *exampletest.Issuer, in string, arguments ...string) (status int, verdict string) {
	t.Helper()
	args := append([]string{"-loopback-port", strconv.Itoa(int(issuer.Port)), issuer.TrustFile}, arguments...)
	status, verdict, errs := embed(t, in, args...)
	if errs != "" {
		t.Fatal(errs)
	}
	return status, verdict
}

func TestEmbed_AllowsAGoodBadge(t *testing.T) {
	t.Parallel()
	issuer := exampletest.Start(t)
	text := issuer.Show(t, issuer.Badge(t, credential.Onsite), "a")
	packed, err := qr.Pack("https://badge.vendor.example", text)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in        string
		arguments []string
	}{
		"as an argument":        {"", []string{text}},
		"on standard input":     {text + "\n", nil},
		"as a gate code":        {"", []string{packed}},
		"as a scanner types it": {packed + "\r\n", nil},
	} {
		if status, verdict := try(t, issuer, c.in, c.arguments...); status != 0 || verdict != "allow ok" {
			t.Errorf("%s: exit status %d, %s", name, status, verdict)
		}
	}
}

func TestEmbed_DeniesWithTheReason(t *testing.T) {
	t.Parallel()
	good, revoked := exampletest.Start(t), exampletest.Start(t)
	revoked.SetStatus(t, revocation.Invalid)
	for name, c := range map[string]struct {
		issuer       *exampletest.Issuer
		presentation string
		want         string
	}{
		"revoked":     {revoked, revoked.Show(t, revoked.Badge(t, credential.Onsite), "a"), "revoked"},
		"remote only": {good, good.Show(t, good.Badge(t, credential.Remote), "a"), "access_not_granted"},
		"no proof":    {good, good.Badge(t, credential.Onsite), "holder_binding_missing"},
		"nonsense":    {good, "nonsense", "malformed"},
		"too long":    {good, strings.Repeat("a", 3*credential.MaxSize), "malformed"},
		"nothing":     {good, "", "malformed"},
	} {
		if status, verdict := try(t, c.issuer, c.presentation); status != 1 || verdict != "deny "+c.want {
			t.Errorf("%s: exit status %d, %s, want %s", name, status, verdict, c.want)
		}
	}
}

// In earnest, nothing on this machine is called.
func TestEmbed_FetchesNothingFromThisMachineUnlessTold(t *testing.T) {
	t.Parallel()
	issuer := exampletest.Start(t)
	text := issuer.Show(t, issuer.Badge(t, credential.Onsite), "a")
	if status, verdict, _ := embed(t, text, issuer.TrustFile); status != 1 || verdict != "deny status_unavailable" {
		t.Errorf("exit status %d, %s", status, verdict)
	}
}

func TestEmbed_WithoutATrustListNothingIsDecided(t *testing.T) {
	t.Parallel()
	status, verdict, errs := embed(t, "text", "nothing.json")
	if status != 1 || verdict != "" || !strings.Contains(errs, "nothing.json: no such file") {
		t.Errorf("exit status %d, %q, %q", status, verdict, errs)
	}
}
