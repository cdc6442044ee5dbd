package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// carried writes a bundle that was issued that long ago, as it lies on a stick.
func carried(t *testing.T, number uint64, s revocation.Status, ago time.Duration) string {
	t.Helper()
	at := time.Now().Add(-ago).Truncate(time.Second)
	text := verifiertest.Bundle(t, s, func(b *bundle.Bundle) {
		b.Number, b.IssuedAt, b.Expires = number, at, at.Add(verifiertest.BundleLife)
		b.Lists = []bundle.List{verifiertest.BundleList(t, at, verifiertest.List(t, s))}
	})
	path := filepath.Join(t.TempDir(), "new.bundle")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func shown(t *testing.T) string {
	t.Helper()
	claims := credentialtest.Claims()
	claims.IssuedAt = time.Now().Add(-time.Hour)
	claims.NotBefore, claims.Expires = claims.IssuedAt, claims.IssuedAt.Add(24*time.Hour)
	claims.Access = []credential.Access{credential.Onsite}
	return credentialtest.MustPresent(t, credentialtest.MustIssue(t, claims), time.Now())
}

// airgap runs the program with a bundle, or with what it kept.
func airgap(t *testing.T, keep, in string, more ...string) (string, error) {
	t.Helper()
	root := strings.Join(verifiertest.Fingerprint(t, verifiertest.RootKey).Words(), " ")
	args := append([]string{"-root", root, "-customer", verifiertest.Customer, "-keep", keep}, more...)
	var out, errs strings.Builder
	err := run(t.Context(), args, strings.NewReader(in), &out, &errs)
	return out.String(), err
}

func TestAirgap_DecidesByWhatWasCarried(t *testing.T) {
	t.Parallel()
	keep := filepath.Join(t.TempDir(), "held.bundle")
	for _, step := range []struct {
		name, bundle, want string
	}{
		{"no bundle yet", "", `^deny untrusted_issuer, no bundle\n$`},
		{"the first", carried(t, 41, revocation.Valid, 50*time.Hour), `^allow ok, bundle 41, 50h0m\d+s old\n$`},
		{"after a restart", "", `^allow ok, bundle 41, 50h0m\d+s old\n$`},
		{"a revocation", carried(t, 42, revocation.Invalid, time.Hour), `^deny revoked, bundle 42, 1h0m\d+s old\n$`},
		{"after another", "", `^deny revoked, bundle 42, 1h0m\d+s old\n$`},
	} {
		var more []string
		if step.bundle != "" {
			more = append(more, step.bundle)
		}
		out, err := airgap(t, keep, shown(t)+"\n", more...)
		if err != nil || !regexp.MustCompile(step.want).MatchString(out) {
			t.Errorf("%s: %q, %v", step.name, out, err)
		}
	}
	_, err := airgap(t, keep, "", carried(t, 41, revocation.Valid, 0))
	if code.Of(err) != code.BundleRollback {
		t.Errorf("an older one: %v", err)
	}
}

func TestAirgap_PastTheLimitNobodyComesIn(t *testing.T) {
	t.Parallel()
	keep := filepath.Join(t.TempDir(), "held.bundle")
	out, err := airgap(t, keep, shown(t)+"\n", carried(t, 41, revocation.Valid, verifiertest.BundleMaxAge+time.Hour))
	if err != nil || !strings.HasPrefix(out, "deny status_stale, bundle 41, 169h0m") {
		t.Errorf("%q, %v", out, err)
	}
	_, err = airgap(t, keep, "", carried(t, 42, revocation.Valid, verifiertest.BundleLife+time.Hour))
	if code.Of(err) != code.BundleStale {
		t.Errorf("past its time: %v", err)
	}
}

func TestAirgap_WithoutARootKeyThereIsNothing(t *testing.T) {
	t.Parallel()
	var out, errs strings.Builder
	err := run(t.Context(), []string{"-root", "able abby"}, strings.NewReader(""), &out, &errs)
	if err == nil || !strings.Contains(err.Error(), `word 2 of the fingerprint: "abby" is not in the list`) {
		t.Error(err)
	}
}
