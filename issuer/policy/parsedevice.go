package policy

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// deviceRules reads what devices have to satisfy. No rule is optional: what a
// policy does not ask for should be seen in it.
func (r *reader) deviceRules(node ast.Node) DeviceRules {
	fields := r.fields(node, "devices", []string{"compliance", "encrypted", "minimum_os", "seen_within"}, []string{"link"})
	return DeviceRules{
		Compliance:         r.compliance(fields["compliance"]),
		EncryptionRequired: r.encrypted(fields["encrypted"]),
		MinimumOS:          r.minimumOS(fields["minimum_os"]),
		SeenWithin:         r.span(fields["seen_within"], "seen_within", MaxSeenWithin),
		Link:               r.link(fields["link"], "link", "https"),
	}
}

func (r *reader) compliance(node ast.Node) []string {
	before := len(r.problems)
	verdicts := r.texts(node, "compliance")
	if node != nil && len(verdicts) == 0 && len(r.problems) == before {
		r.add(lineOf(node), "compliance accepts nothing: name at least one verdict, for example [compliant]")
	}
	return verdicts
}

func (r *reader) encrypted(node ast.Node) bool {
	word := r.text(node, "encrypted")
	if word != "" && word != "required" && word != "optional" {
		r.add(lineOf(node), "encrypted %q is not known: use required or optional", word)
	}
	return word != "optional"
}

func (r *reader) minimumOS(node ast.Node) []MinimumOS {
	before := len(r.problems)
	var minimum []MinimumOS
	for _, p := range r.pairs(node, "minimum_os") {
		if slices.ContainsFunc(minimum, func(os MinimumOS) bool { return strings.EqualFold(os.Name, p.key) }) {
			r.add(p.line, "%q stands twice in minimum_os, in different capitals: keep one", p.key)
			continue
		}
		text := r.text(p.value, "the version of "+p.key)
		if text == "" {
			continue
		}
		version, ok := parseVersion(text)
		if !ok {
			r.add(p.line, "the version of %s, %q, is not one: use up to %d numbers with dots, for example 14.6.0", p.key, text, MaxVersionNumbers)
			continue
		}
		minimum = append(minimum, MinimumOS{p.key, version})
	}
	if node != nil && len(minimum) == 0 && len(r.problems) == before {
		r.add(lineOf(node), "minimum_os names none, so every device would be outdated: name at least one")
	}
	return minimum
}
