package policy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"github.com/goccy/go-yaml/ast"
)

// Bounds of a policy's rules.
const (
	MaxRules      = 50
	MaxRuleLength = 2000 // characters of an expression
)

// rules reads the list of rules, which a policy need not have.
func (r *reader) rules(node ast.Node, courses []Course, granted []AccessRule) []Rule {
	items := r.list(node, "rules")
	if len(items) == 0 {
		return nil
	}
	if len(items) > MaxRules {
		r.add(lineOf(node), "there are more than %d rules: write several requirements as one", MaxRules)
		return nil
	}
	environment, err := newEnvironment()
	if err != nil {
		r.add(lineOf(node), "rules are not to be had: %v", err)
		return nil
	}
	rules := make([]Rule, 0, len(items))
	for _, item := range items {
		rule := r.rule(item, environment, courses, granted)
		if rule.Name != "" && slices.ContainsFunc(rules, func(other Rule) bool { return other.Name == rule.Name }) {
			r.add(lineOf(item), "rule %q stands twice: give one another name", rule.Name)
		}
		rules = append(rules, rule)
	}
	return rules
}

func (r *reader) rule(node ast.Node, environment *cel.Env, courses []Course, granted []AccessRule) Rule {
	fields := r.fields(node, "a rule", []string{"name", "requires", "reason"}, []string{"access", "when", "link"})
	rule := Rule{
		Name:   r.code(fields["name"], "name"),
		Access: r.ruleAccess(fields["access"], granted),
		Reason: r.text(fields["reason"], "reason"),
		Link:   r.link(fields["link"], "link", "https"),
	}
	rule.When, rule.when = r.expression(fields["when"], "when", environment, courses)
	rule.Requires, rule.requires = r.expression(fields["requires"], "requires", environment, courses)
	return rule
}

func (r *reader) ruleAccess(node ast.Node, granted []AccessRule) Access {
	access := Access(r.text(node, "access"))
	if access != "" && !slices.ContainsFunc(granted, func(rule AccessRule) bool { return rule.Access == access }) {
		r.add(lineOf(node), "access %q is not given by this policy: use one that stands in access, or leave it out for everyone", access)
	}
	return access
}

// expression reads and compiles a CEL expression.
func (r *reader) expression(node ast.Node, what string, environment *cel.Env, courses []Course) (string, cel.Program) {
	text, line := r.expressionText(node, what)
	if text == "" {
		return "", nil
	}
	program, checked, issues, err := compile(environment, text)
	for _, issue := range issues {
		r.add(line+issue.Location.Line()-1, "%s, character %d: %s", what, issue.Location.Column()+1, tidy(issue.Message))
	}
	switch {
	case len(issues) > 0:
		return "", nil
	case err != nil:
		r.add(line, "%s is not to be run: %v", what, err)
		return "", nil
	case !checked.OutputType().IsExactType(cel.BoolType):
		r.add(line, "%s is of type %s: it has to be true or false", what, checked.OutputType())
		return "", nil
	}
	for _, code := range comparedCourses(checked) {
		if !slices.ContainsFunc(courses, func(c Course) bool { return c.Code == code }) {
			r.add(line, "%s names %q, which is not among the courses: add it there or correct the code", what, code)
		}
	}
	return text, program
}

// expressionText returns an expression and the line on which it begins. It may
// be plain text or a block of several lines.
func (r *reader) expressionText(node ast.Node, what string) (string, int) {
	var text string
	var line int
	switch n := node.(type) {
	case nil:
		return "", 0
	case *ast.LiteralNode:
		if strings.HasPrefix(n.Start.Value, ">") {
			r.add(lineOf(node), "%s is folded by \">\", which loses its lines: use \"|\"", what)
			return "", 0
		}
		text, line = strings.TrimRight(n.Value.Value, "\n"), lineOf(node)+1
	case *ast.StringNode:
		text, line = n.Value, lineOf(node)
	default:
		r.add(lineOf(node), "%s has to be text: put it in quotes, or on lines of its own behind \"|\"", what)
		return "", 0
	}
	switch {
	case strings.TrimSpace(text) == "":
		r.add(lineOf(node), "%s is empty: fill it in", what)
	case utf8.RuneCountInString(text) > MaxRuleLength:
		r.add(lineOf(node), "%s is longer than %d characters: make it several rules", what, MaxRuleLength)
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }):
		r.add(lineOf(node), "%s contains characters that cannot be shown: remove them", what)
	default:
		return text, line
	}
	return "", 0
}

// tidy puts a message of the compiler on one line.
func tidy(message string) string { return strings.Join(strings.Fields(message), " ") }
