package policy_test

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func TestDigest_IsOfWhatIsSaid(t *testing.T) {
	t.Parallel()
	parse := func(text string) *policy.Policy {
		t.Helper()
		p, err := policy.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	digest := policy.Default().Digest()
	if len(digest) != 64 || strings.Trim(digest, "0123456789abcdef") != "" {
		t.Errorf("digest %q", digest)
	}
	for name, same := range map[string][]string{
		"comments":            {"# The reference policy", "# Ours"},
		"spelled span":        {"180d", "4320h"},
		"quotes":              {"name: Reference policy", `name: "Reference policy"`},
		"order of keys":       {"version: 1\nname: Reference policy", "name: Reference policy\nversion: 1"},
		"flow style":          {"courses: [CB-101, CB-102]", "courses:\n    - CB-101\n    - CB-102"},
		"what is said anyway": {"  grace: 7d\n", ""},
	} {
		if parse(edit(t, same...)).Digest() != digest {
			t.Errorf("%s: another digest", name)
		}
	}
	seen := map[string]string{digest: "the reference policy"}
	rules := "\nrules:\n  - {name: r, reason: a, requires: 'true || false'}\n"
	for name, text := range map[string]string{
		"name":         edit(t, "name: Reference", "name: Other"),
		"validity":     edit(t, "180d", "181d"),
		"everyone":     edit(t, "courses: [CB-101, CB-102]", "courses: [CB-101]"),
		"encryption":   edit(t, "encrypted: required", "encrypted: optional"),
		"version":      edit(t, "14.6.0", "14.6.1"),
		"role":         edit(t, "remote-support", "support"),
		"access":       edit(t, "courses: [CB-201]", "courses: []"),
		"stock":        edit(t, "stock: 2", "stock: 3"),
		"reminders":    edit(t, "remind: [30d", "remind: [31d"),
		"grace":        edit(t, "grace: 7d", "grace: 8d"),
		"rule":         policy.DefaultYAML() + rules,
		"rule's CEL":   policy.DefaultYAML() + strings.Replace(rules, "false", "true", 1),
		"rule's words": policy.DefaultYAML() + strings.Replace(rules, "reason: a", "reason: b", 1),
	} {
		got := parse(text).Digest()
		if other, taken := seen[got]; taken {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[got] = name
	}
	if got := (&policy.Policy{}).Digest(); len(got) != 64 {
		t.Errorf("of nothing: %q", got)
	}
}
