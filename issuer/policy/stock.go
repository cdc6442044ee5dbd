package policy

import (
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Bounds of Policy.Stock. Seven badges of a day are the longest that a badge may
// be good for, counted from when it is issued.
const (
	MinStock     = 1
	MaxStock     = 7
	DefaultStock = 2 // for a policy that does not say
)

// badges reads what phones may hold, which a policy need not say.
func (r *reader) badges(node ast.Node) int {
	fields := r.fields(node, "badges", nil, []string{"stock"})
	text := r.text(fields["stock"], "stock")
	if text == "" {
		return DefaultStock
	}
	stock, ok := parseNumber(text)
	if !ok || stock < MinStock || stock > MaxStock {
		r.add(lineOf(fields["stock"]), "stock %q is not a number of badges: use %d to %d", text, MinStock, MaxStock)
	}
	return stock
}

// link reads an address that people are sent to. Phones open it, so it is of a
// scheme that does nothing by itself, and of characters that an OAuth error_uri
// may have (RFC 6749, section 5.2).
func (r *reader) link(node ast.Node, what string, schemes ...string) string {
	text := r.text(node, what)
	if text == "" {
		return ""
	}
	address, err := url.Parse(text)
	if err != nil || !slices.Contains(schemes, address.Scheme) || address.Host == "" && address.Opaque == "" ||
		strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) {
		r.add(lineOf(node), "%s %q is not an address: it begins with %s and has no spaces", what, text, enumerate(prefixes(schemes)))
		return ""
	}
	return text
}

func prefixes(schemes []string) []string {
	list := make([]string, len(schemes))
	for i, scheme := range schemes {
		list[i] = scheme + ":"
	}
	return list
}

// Remedy returns the address at which a person puts a reason right: the
// course's, the devices', the rule's, or else where to ask for help. Empty if the policy
// names none.
func (p *Policy) Remedy(r Reason) string {
	link := ""
	switch r.Kind {
	case TrainingMissing, TrainingExpired:
		course, _ := p.Course(r.Subject)
		link = course.Link
	case DeviceNoncompliant, DeviceUnencrypted, DeviceOutdated, DeviceStale:
		link = p.Devices.Link
	case RuleUnmet:
		rule, _ := p.Rule(r.Subject)
		link = rule.Link
	}
	if link == "" {
		link = p.Help
	}
	return link
}
