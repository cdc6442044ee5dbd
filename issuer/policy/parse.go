package policy

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds of a policy file.
const (
	MaxFileSize   = 64 << 10 // bytes
	MaxNesting    = 16       // brackets within brackets
	MaxCourses    = 200
	MaxCodeLength = 32 // characters in a course's code and in a rule's name
)

// fileVersion is the only version of the file's shape so far.
const fileVersion = "1"

// Parse reads a policy file and checks all of it. The error joins a [Problem]
// for everything that is wrong, in the order of lines; a file that is not YAML at
// all has one problem, where reading stopped. On error the policy is nil.
func Parse(text []byte) (*Policy, error) {
	if len(text) > MaxFileSize {
		return nil, &Problem{0, "the file is larger than 64 KiB: a policy is a page or two"}
	}
	root, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	p := r.policy(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	p.digest = p.sum()
	return p, nil
}

// parseYAML returns the file's only document.
func parseYAML(text []byte) (ast.Node, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, &Problem{0, "the file is not UTF-8 text: save it as UTF-8"}
	}
	if deeperThan(text, MaxNesting) {
		return nil, &Problem{0, "brackets are nested too deeply: a policy needs no more than a list in a mapping"}
	}
	// The reader looks for duplicate keys itself, to find all of them.
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if syntax := (*yaml.SyntaxError)(nil); errors.As(err, &syntax) {
		return nil, &Problem{syntax.Token.Position.Line, "this is not YAML: " + syntax.Message}
	}
	if err != nil {
		return nil, &Problem{0, "this is not YAML: " + err.Error()}
	}
	if len(file.Docs) > 1 {
		return nil, &Problem{0, "the file holds several documents: remove the \"---\" lines and keep one"}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType {
		return nil, &Problem{0, "the file is empty: start from the reference policy"}
	}
	return file.Docs[0].Body, nil
}

// deeperThan reports whether brackets open more than depth deep, those in quotes
// and comments included. The YAML parser recurses without a bound of its own.
func deeperThan(text []byte, depth int) bool {
	open := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(open-1, 0)
		}
		if open > depth {
			return true
		}
	}
	return false
}

// policy reads the whole file.
func (r *reader) policy(root ast.Node) *Policy {
	fields := r.fields(root, "the policy",
		[]string{"version", "name", "courses", "everyone", "devices", "access"},
		[]string{"badges", "help", "ladder", "rules"})
	if version := r.text(fields["version"], "version"); version != "" && version != fileVersion {
		r.add(lineOf(fields["version"]), "version %q is not known: write version: %s", version, fileVersion)
	}
	courses := r.courses(fields["courses"])
	everyone := r.fields(fields["everyone"], "everyone", []string{"courses"}, nil)
	granted := r.accessRules(fields["access"], courses)
	return &Policy{
		Name:     r.text(fields["name"], "name"),
		Courses:  courses,
		Everyone: r.courseCodes(everyone["courses"], "everyone.courses", courses),
		Devices:  r.deviceRules(fields["devices"]),
		Access:   granted,
		Rules:    r.rules(fields["rules"], courses, granted),
		Ladder:   r.ladder(fields["ladder"]),
		Stock:    r.badges(fields["badges"]),
		Help:     r.link(fields["help"], "help", "https", "mailto", "tel"),
	}
}

// courses reads the list of all courses.
func (r *reader) courses(node ast.Node) []Course {
	items := r.list(node, "courses")
	if len(items) > MaxCourses {
		r.add(lineOf(node), "there are more than %d courses: keep those that the policy needs", MaxCourses)
		return nil
	}
	var courses []Course
	for _, item := range items {
		course := r.course(item)
		if course.Code == "" {
			continue
		}
		if slices.ContainsFunc(courses, func(c Course) bool { return c.Code == course.Code }) {
			r.add(lineOf(item), "course %q stands twice: keep one", course.Code)
			continue
		}
		courses = append(courses, course)
	}
	return courses
}

func (r *reader) course(node ast.Node) Course {
	fields := r.fields(node, "a course", []string{"code", "title", "valid_for"}, []string{"standard", "link"})
	return Course{
		Code:     r.code(fields["code"], "code"),
		Title:    r.text(fields["title"], "title"),
		Standard: r.text(fields["standard"], "standard"),
		ValidFor: r.span(fields["valid_for"], "valid_for", MaxValidFor),
		Link:     r.link(fields["link"], "link", "https"),
	}
}

// code reads a name that ends up in reasons, and a course's in URLs and badges.
func (r *reader) code(node ast.Node, what string) string {
	code := r.text(node, what)
	if code == "" {
		return ""
	}
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
	if len(code) > MaxCodeLength || strings.Trim(code, allowed) != "" {
		r.add(lineOf(node), "%s %q may only have up to %d letters A-Z and a-z, digits, \"-\", \"_\" and \".\"", what, code, MaxCodeLength)
		return ""
	}
	return code
}

// courseCodes reads references to courses.
func (r *reader) courseCodes(node ast.Node, what string, courses []Course) []string {
	codes := r.texts(node, what)
	for _, code := range codes {
		if !slices.ContainsFunc(courses, func(c Course) bool { return c.Code == code }) {
			r.add(lineOf(node), "%s names %q, which is not among the courses: add it there or correct the code", what, code)
		}
	}
	return codes
}

// accessRules reads who gets which access.
func (r *reader) accessRules(node ast.Node, courses []Course) []AccessRule {
	before := len(r.problems)
	var rules []AccessRule
	for _, p := range r.pairs(node, "access") {
		access := Access(p.key)
		if access != Onsite && access != Remote {
			r.add(p.line, "%q is not known in access: use %s or %s", p.key, Onsite, Remote)
			continue
		}
		fields := r.fields(p.value, p.key, nil, []string{"courses", "except_roles"})
		rules = append(rules, AccessRule{
			Access:      access,
			ExceptRoles: r.texts(fields["except_roles"], p.key+".except_roles"),
			Courses:     r.courseCodes(fields["courses"], p.key+".courses", courses),
		})
	}
	if node != nil && len(rules) == 0 && len(r.problems) == before {
		r.add(lineOf(node), "access gives none: add %s or %s", Onsite, Remote)
	}
	slices.SortFunc(rules, func(a, b AccessRule) int { return strings.Compare(string(a.Access), string(b.Access)) })
	return rules
}
