package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// edit returns the reference policy with some text replaced, which must be there.
func edit(t testing.TB, replacements ...string) string {
	t.Helper()
	text := policy.DefaultYAML()
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			t.Fatalf("the reference policy has no %q", replacements[i])
		}
		text = strings.Replace(text, replacements[i], replacements[i+1], 1)
	}
	return text
}

// lineOf returns the number of the first line that contains a text.
func lineOf(t testing.TB, file, text string) int {
	t.Helper()
	before, _, found := strings.Cut(file, text)
	if !found {
		t.Fatalf("no line has %q", text)
	}
	return 1 + strings.Count(before, "\n")
}

func TestDefaultIsTheReferencePolicy(t *testing.T) {
	t.Parallel()
	p := policy.Default()
	if p.Name != "Reference policy" || len(p.Courses) != 3 || len(p.Access) != 2 {
		t.Errorf("got %+v", p)
	}
	course, known := p.Course("CB-201")
	if !known || course.ValidFor != 180*24*time.Hour {
		t.Errorf("CB-201 is %+v", course)
	}
	if _, known := p.Course("cb-201"); known {
		t.Error("a course in other letters is known")
	}
}

func TestOneMistakeIsReportedAtItsLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		old, new string
		line     string // the text whose line is reported
		want     string
	}{
		{"unknown key at the top", "name: Ref", "colour: red\nname: Ref", "colour", `"colour" is not known in the policy: use version, name, courses, everyone, devices, access, badges, help, ladder or rules`},
		{"unknown key in a course", "title: Det", "titel: x\n    title: Det", "titel", `"titel" is not known in a course: use code, title, valid_for, standard or link`},
		{"unknown key in devices", "encrypted:", "jailbroken: no\n  encrypted:", "jailbroken", `"jailbroken" is not known in devices: use compliance, encrypted, minimum_os, seen_within or link`},
		{"unknown key in an access", "except_roles:", "roles:", "roles: [", `"roles" is not known in onsite: use courses or except_roles`},
		{"unknown access", "remote:", "orbital:", "orbital", `"orbital" is not known in access: use onsite or remote`},
		{"repeated key", "name: Ref", "version: 1\nname: Ref", "version: 1\nname", `"version" stands twice in the policy: keep one`},
		{"repeated key in a course", "title: Det", "code: CB-102\n    title: Det", "code: CB-102\n    title", `"code" stands twice in a course: keep one`},
		{"repeated access", "  remote:", "  onsite: {}\n  remote:", "onsite: {}", `"onsite" stands twice in access: keep one`},
		{"missing key", "    valid_for: 180d\n", "", "code: CB-201", `a course lacks "valid_for": add it`},
		{"missing rule for devices", "  encrypted: required\n", "", "compliance: [", `devices lacks "encrypted": add it`},
		{"empty value", "name: Reference policy", "name:", "name:", `name is empty: fill it in`},
		{"blank value", "name: Reference policy", `name: "  "`, "name:", `name is empty: fill it in`},
		{"value led by a space", "name: Reference policy", `name: " x"`, "name:", `name starts or ends with a space: remove it`},
		{"control character", "name: Reference policy", `name: "a\0b"`, "name:", `name contains characters that cannot be shown: remove them`},
		{"truth value instead of text", "name: Reference policy", "name: true", "name:", `name has to be plain text on one line; put it in quotes if it is a word like true`},
		{"several lines", "name: Reference policy", "name: |\n  a\n  b", "name:", `name has to be plain text on one line; put it in quotes if it is a word like true`},
		{"anchor", "name: Reference policy", "name: &n x", "name:", `name has to be plain text on one line; put it in quotes if it is a word like true`},
		{"list instead of text", "name: Reference policy", "name: [a]", "name:", `name has to be plain text on one line; put it in quotes if it is a word like true`},
		{"text instead of list", "courses: [CB-101, CB-102]", "courses: CB-101", "courses: CB-101", `everyone.courses has to be a list, for example [a, b]`},
		{"text instead of mapping", "except_roles: [remote-support]", "everybody", "everybody", `onsite has to consist of "key: value" lines`},
		{"version of the file", "version: 1", "version: 2", "version:", `version "2" is not known: write version: 1`},
		{"code with a space", "  - code: CB-201", "  - {code: CB 102, title: x, valid_for: 1d}\n  - code: CB-201", "code: CB 102", `code "CB 102" may only have up to 32 letters A-Z and a-z, digits, "-", "_" and "."`},
		{"course twice", "  - code: CB-201", "  - {code: CB-102, title: x, valid_for: 1d}\n  - code: CB-201", "{code: CB-102", `course "CB-102" stands twice: keep one`},
		{"course of everyone unknown", "courses: [CB-101, CB-102]", "courses: [CB-101, CB-103]", "CB-103", `everyone.courses names "CB-103", which is not among the courses: add it there or correct the code`},
		{"course of an access unknown", "courses: [CB-201]", "courses: [CB-301]", "CB-301", `remote.courses names "CB-301", which is not among the courses: add it there or correct the code`},
		{"entry twice", "[remote-support]", "[remote-support, remote-support]", "except_roles:", `"remote-support" stands twice in onsite.except_roles: keep one`},
		{"span without unit", "valid_for: 180d", "valid_for: 180", "valid_for: 180", `valid_for "180" is not a time span: use whole days or hours, for example 365d or 36h`},
		{"span in months", "valid_for: 180d", "valid_for: 6m", "valid_for: 6m", `valid_for "6m" is not a time span: use whole days or hours, for example 365d or 36h`},
		{"negative span", "valid_for: 180d", "valid_for: -180d", "valid_for: -180d", `valid_for "-180d" is not a time span: use whole days or hours, for example 365d or 36h`},
		{"no span at all", "valid_for: 180d", "valid_for: 0d", "valid_for: 0d", `valid_for "0d" is out of range: use 1h to 3650d`},
		{"span too long", "seen_within: 7d", "seen_within: 999999999d", "seen_within: 9", `seen_within "999999999d" is out of range: use 1h to 90d`},
		{"version with letters", "macOS: 14.6.0", "macOS: 14.6b", "macOS:", `the version of macOS, "14.6b", is not one: use up to 6 numbers with dots, for example 14.6.0`},
		{"version with a gap", "macOS: 14.6.0", "macOS: 14..0", "macOS:", `the version of macOS, "14..0", is not one: use up to 6 numbers with dots, for example 14.6.0`},
		{"version with a sign", "macOS: 14.6.0", "macOS: -14", "macOS:", `the version of macOS, "-14", is not one: use up to 6 numbers with dots, for example 14.6.0`},
		{"system in other letters", "macOS: 14.6.0", "WINDOWS: 10.0", "WINDOWS", `"WINDOWS" stands twice in minimum_os, in different capitals: keep one`},
		{"no systems", "minimum_os:\n    Windows: 10.0.22631\n    macOS: 14.6.0", "minimum_os: {}", "minimum_os:", `minimum_os names none, so every device would be outdated: name at least one`},
		{"no verdicts", "compliance: [compliant, inGracePeriod]", "compliance: []", "compliance:", `compliance accepts nothing: name at least one verdict, for example [compliant]`},
		{"encryption", "encrypted: required", "encrypted: mostly", "encrypted: mostly", `encrypted "mostly" is not known: use required or optional`},
		{"unknown key in badges", "  stock: 2", "  stack: 2", "stack:", `"stack" is not known in badges: use stock`},
		{"stock in words", "stock: 2", "stock: two", "stock: two", `stock "two" is not a number of badges: use 1 to 7`},
		{"link of a course without a scheme", "title: Det", "link: learning.example\n    title: Det", "link:", `link "learning.example" is not an address: it begins with https: and has no spaces`},
		{"link that runs", "encrypted:", "link: javascript:alert(1)\n  encrypted:", "link: java", `link "javascript:alert(1)" is not an address: it begins with https: and has no spaces`},
		{"link with a quote", "encrypted:", "link: 'https://a.example/\"'\n  encrypted:", "link: 'h", `link "https://a.example/\"" is not an address: it begins with https: and has no spaces`},
		{"link to nowhere", "encrypted:", "link: https:///x\n  encrypted:", "link: h", `link "https:///x" is not an address: it begins with https: and has no spaces`},
		{"help in words", "name: Ref", "help: ask Kim\nname: Ref", "help:", `help "ask Kim" is not an address: it begins with https:, mailto: or tel: and has no spaces`},
		{"unknown key in ladder", "  grace: 7d", "  wait: 7d", "wait:", `"wait" is not known in ladder: use remind or grace`},
		{"reminders in disorder", "[30d, 14d", "[14d, 30d", "remind:", `remind has to get shorter from entry to entry: write the longest first, each once`},
		{"reminder twice", "[30d, 14d", "[30d, 720h, 14d", "remind:", `remind has to get shorter from entry to entry: write the longest first, each once`},
		{"reminder in weeks", "[30d, 14d", "[4w, 14d", "remind:", `remind "4w" is not a time span: use whole days or hours, for example 365d or 36h`},
		{"reminder that is no list", "[30d, 14d, 7d, 1d]", "30d", "remind:", `remind has to be a list, for example [a, b]`},
		{"empty grace", "grace: 7d", "grace:", "grace:", `grace is empty: fill it in`},
		{"merge key", "name: Ref", "<<: {a: b}\nname: Ref", "<<", `"<<" is not supported: write the entries out`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := edit(t, test.old, test.new)
			p, err := policy.Parse([]byte(file))
			if p != nil {
				t.Error("a broken file gave a policy")
			}
			want := fmt.Sprintf("policy line %d: %s", lineOf(t, file, test.line), test.want)
			if got := fmt.Sprint(err); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestAllMistakesAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse([]byte(`version: 3
name: 
courses:
  - {code: A, title: a, valid_for: 1y}
  - {code: A, title: b, valid_for: 1d}
  - 7
everyone: {courses: [B], roles: [x]}
devices: {compliance: [], encrypted: no, minimum_os: {Windows: x}, seen_within: 1000d}
access: {}
extra: 1
`))
	want := `policy line 1: version "3" is not known: write version: 1
policy line 2: name is empty: fill it in
policy line 4: valid_for "1y" is not a time span: use whole days or hours, for example 365d or 36h
policy line 5: course "A" stands twice: keep one
policy line 6: a course has to consist of "key: value" lines
policy line 7: "roles" is not known in everyone: use courses
policy line 7: everyone.courses names "B", which is not among the courses: add it there or correct the code
policy line 8: compliance accepts nothing: name at least one verdict, for example [compliant]
policy line 8: encrypted "no" is not known: use required or optional
policy line 8: the version of Windows, "x", is not one: use up to 6 numbers with dots, for example 14.6.0
policy line 8: seen_within "1000d" is out of range: use 1h to 90d
policy line 9: access gives none: add onsite or remote
policy line 10: "extra" is not known in the policy: use version, name, courses, everyone, devices, access, badges, help, ladder or rules`
	if fmt.Sprint(err) != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	var first *policy.Problem
	if !errors.As(err, &first) || first.Line != 1 {
		t.Errorf("the first problem is %+v", first)
	}
}

func TestWhatIsNoPolicyFileAtAll(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, want string }{
		{"empty", "", `policy: the file is empty: start from the reference policy`},
		{"only a comment", "# later\n", `policy: the file is empty: start from the reference policy`},
		{"not UTF-8", "name: M\xfcller\n", `policy: the file is not UTF-8 text: save it as UTF-8`},
		{"two documents", "a: 1\n---\nb: 2\n", "policy: the file holds several documents: remove the \"---\" lines and keep one"},
		{"open bracket", "a: 1\nb: [c\n", `policy line 2: this is not YAML: sequence end token ']' not found`},
		{"tab", "a:\n\tb: 1\n", `policy line 2: this is not YAML: found character '	' that cannot start any token`},
		{"wrong indentation", "a: 1\n  b: 2\n", `policy line 1: this is not YAML: mapping value is not allowed in this context`},
		{"a list", "- a\n", `policy line 1: the policy has to consist of "key: value" lines`},
	}
	for _, test := range tests {
		_, err := policy.Parse([]byte(test.file))
		if fmt.Sprint(err) != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

func TestByteOrderMarkAndWindowsLinesAreTaken(t *testing.T) {
	t.Parallel()
	file := "\ufeff" + strings.ReplaceAll(policy.DefaultYAML(), "\n", "\r\n")
	if _, err := policy.Parse([]byte(file)); err != nil {
		t.Error(err)
	}
}

func TestNumbersNeedNoQuotes(t *testing.T) {
	t.Parallel()
	p, err := policy.Parse([]byte(edit(t, "macOS: 14.6.0", "macOS: 14.10", "[CB-101, CB-102]", "[101, CB-102]", "code: CB-101", "code: 101")))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Devices.MinimumOS[1].Version.String(); got != "14.10" {
		t.Errorf("the version was read as %s", got)
	}
	if p.Everyone[0] != "101" {
		t.Errorf("the code was read as %s", p.Everyone[0])
	}
}

func TestBoundsOfAPolicyFile(t *testing.T) {
	t.Parallel()
	longest := func(n int) string { return strings.Repeat("ü", n) }
	code := func(n int) []string {
		c := strings.Repeat("x", n)
		return []string{"code: CB-201", "code: " + c, "courses: [CB-201]", "courses: [" + c + "]"}
	}
	courses := func(n int) []string {
		var more strings.Builder
		for i := range n - 3 {
			fmt.Fprintf(&more, "  - {code: X%d, title: x, valid_for: 1h}\n", i)
		}
		return []string{"courses:\n", "courses:\n" + more.String()}
	}
	size := func(n int) []string {
		return []string{"version: 1\n", "version: 1\n#" + strings.Repeat("x", n-len(policy.DefaultYAML())-2) + "\n"}
	}
	nested := func(n int) []string {
		return []string{"version: 1", "# " + strings.Repeat("[", n) + strings.Repeat("]", n) + "\nversion: 1"}
	}
	reminders := func(n int) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("%dd", n-i))
		}
		return []string{"30d, 14d, 7d, 1d", strings.Join(list, ", ")}
	}
	tests := []struct {
		name       string
		good, past []string
		want       string // what the error past the bound ends with
	}{
		{"file size", size(policy.MaxFileSize), size(policy.MaxFileSize + 1), "the file is larger than 64 KiB: a policy is a page or two"},
		{"nesting", nested(policy.MaxNesting), nested(policy.MaxNesting + 1), "brackets are nested too deeply: a policy needs no more than a list in a mapping"},
		{"text", []string{"Reference policy\n", longest(policy.MaxTextLength) + "\n"}, []string{"name: Reference policy\n", "name: " + longest(policy.MaxTextLength+1) + "\n"}, "name is longer than 200 characters: shorten it"},
		{"code", code(policy.MaxCodeLength), code(policy.MaxCodeLength + 1), `may only have up to 32 letters A-Z and a-z, digits, "-", "_" and "."`},
		{"shortest span", []string{"180d", "1h"}, []string{"180d", "0h"}, `valid_for "0h" is out of range: use 1h to 3650d`},
		{"longest validity", []string{"180d", "3650d"}, []string{"180d", "87601h"}, `valid_for "87601h" is out of range: use 1h to 3650d`},
		{"longest silence", []string{"seen_within: 7d", "seen_within: 90d"}, []string{"seen_within: 7d", "seen_within: 2161h"}, `seen_within "2161h" is out of range: use 1h to 90d`},
		{"numbers of a version", []string{"14.6.0", "1.2.3.4.5.6"}, []string{"14.6.0", "1.2.3.4.5.6.7"}, `is not one: use up to 6 numbers with dots, for example 14.6.0`},
		{"digits of a version", []string{"14.6.0", "14.999999999"}, []string{"14.6.0", "14.1000000000"}, `is not one: use up to 6 numbers with dots, for example 14.6.0`},
		{"least stock", []string{"stock: 2", "stock: 1"}, []string{"stock: 2", "stock: 0"}, `stock "0" is not a number of badges: use 1 to 7`},
		{"largest stock", []string{"stock: 2", "stock: 7"}, []string{"stock: 2", "stock: 8"}, `stock "8" is not a number of badges: use 1 to 7`},
		{"reminders", reminders(policy.MaxReminders), reminders(policy.MaxReminders + 1), "there are more than 8 reminders: people stop reading them"},
		{"earliest reminder", []string{"[30d", "[365d"}, []string{"[30d", "[8761h"}, `remind "8761h" is out of range: use 1h to 365d`},
		{"latest reminder", []string{"7d, 1d]", "7d, 1h]"}, []string{"7d, 1d]", "7d, 0h]"}, `remind "0h" is out of range: use 1h to 365d`},
		{"shortest grace", []string{"grace: 7d", "grace: 0d"}, []string{"grace: 7d", "grace: -1d"}, `grace "-1d" is not a time span: use whole days or hours, for example 365d or 36h`},
		{"longest grace", []string{"grace: 7d", "grace: 90d"}, []string{"grace: 7d", "grace: 2161h"}, `grace "2161h" is out of range: use 0h to 90d`},
		{"courses", courses(policy.MaxCourses), courses(policy.MaxCourses + 1), "there are more than 200 courses: keep those that the policy needs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := policy.Parse([]byte(edit(t, test.good...))); err != nil {
				t.Errorf("at the bound: %v", err)
			}
			_, err := policy.Parse([]byte(edit(t, test.past...)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("past the bound: got %v, want %s", err, test.want)
			}
		})
	}
}

// Whatever a file holds, reading it ends, and a policy that comes out of it
// answers without a panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(policy.DefaultYAML()))
	f.Add([]byte("version: 1\naccess: {onsite: {}}\n"))
	f.Add([]byte(policy.DefaultYAML() + "\nrules:\n" + rule(`training.filter(t, t.valid).map(t, t.course).exists(c, c + "x" == "CB-101")`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Parse(text)
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if p != nil {
			s := newScene()
			p.Standing(s.person, s.training, s.devices, noon)
			p.Lapses(s.person, s.training, s.devices, noon)
		}
	})
}
