package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// withRules returns the reference policy with rules at its end.
func withRules(t testing.TB, rules string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(policy.DefaultYAML() + "\nrules:\n" + rules))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rule is one rule for everyone, or for whom more says.
func rule(requires string, more ...string) string {
	return "  - {name: r, reason: Ask, requires: '" + requires + "'" + strings.Join(append([]string{""}, more...), ", ") + "}\n"
}

func TestRules_DecideByTheRecords(t *testing.T) {
	t.Parallel()
	both := []policy.Access{policy.Onsite, policy.Remote}
	tests := []struct {
		name    string
		rule    string
		spoil   func(*scene)
		access  []policy.Access
		reasons []string
	}{
		{"met", rule(`training.exists(t, t.course == "CB-201" && t.valid)`), nil, both, nil},
		{"unmet", rule(`person.department == "Turbines"`), nil, nil, []string{"rule-unmet:r"}},
		{"met by the person", rule(`person.department == "Turbines"`), func(s *scene) { s.person.Department = "Turbines" }, both, nil},
		{"not concerned", rule(`false`, `when: 'person.department == "Turbines"'`), nil, both, nil},
		{"concerned", rule(`false`, `when: 'person.department == "Turbines"'`), func(s *scene) { s.person.Department = "Turbines" }, nil, []string{"rule-unmet:r"}},
		{"for one access", rule(`false`, "access: remote"), nil, []policy.Access{policy.Onsite}, nil},
		{"for the only access left", rule(`false`, "access: remote"), func(s *scene) { s.person.Role = "remote-support" }, nil, []string{"rule-unmet:r"}},
		{"beside every other reason", rule(`false`), func(s *scene) { s.devices = nil }, nil, []string{"device-missing", "rule-unmet:r"}},
		{"an expired course is there, but not valid", rule(`training.exists(t, t.course == "CB-201" && !t.valid && t.until - t.at == duration("4320h"))`),
			func(s *scene) { s.training[2].At = noon.Add(-180 * day) }, []policy.Access{policy.Onsite}, nil},
		{"a course expires in a nanosecond", rule(`training.all(t, t.valid)`), func(s *scene) { s.training[2].At = noon.Add(-180*day + 1) }, both, nil},
		{"a course expires now", rule(`training.all(t, t.valid)`), func(s *scene) { s.training[2].At = noon.Add(-180 * day) }, nil, []string{"rule-unmet:r"}},
		{"counted", rule(`size(training.filter(t, t.valid)) == 3 && training.map(t, t.course).exists(c, c == "CB-101")`), nil, both, nil},
		{"devices", rule(`devices.all(d, d.id == "d1" && d.os == "Windows" && d.encrypted && d.fresh && d.compliance == "compliant" && d.last_seen == timestamp("2026-11-23T11:00:00Z"))`), nil, both, nil},
		{"versions are compared as versions", rule(`devices.all(d, d.os_version.atLeast("10.0.9999"))`), nil, both, nil},
		{"an older version", rule(`devices.all(d, d.os_version.atLeast("10.0.22632"))`), nil, nil, []string{"rule-unmet:r"}},
		{"a version that is none is old", rule(`devices.all(d, d.os_version.atLeast("0"))`), func(s *scene) { s.devices[0].OSVersion = "x" }, nil, []string{"device-os-outdated:d1", "rule-unmet:r"}},
		{"nobody's evidence", rule(`size(training) == 0 && size(devices) == 0`), func(s *scene) { s.training, s.devices = nil, nil }, nil,
			[]string{"device-missing", "training-missing:CB-101", "training-missing:CB-102"}},

		{"an error refuses", rule(`devices[7].encrypted`), nil, nil, []string{"rule-failed:r"}},
		{"an error about whom it is for refuses", rule(`true`, `when: 'devices[7].encrypted'`), nil, nil, []string{"rule-failed:r"}},
		{"a division by zero refuses", rule(`1 / size(devices.filter(d, !d.encrypted)) == 0`), nil, nil, []string{"rule-failed:r"}},
		{"a minimum that is no version refuses", rule(`"1".atLeast("new")`), nil, nil, []string{"rule-failed:r"}},
		{"an error that does not matter does not", rule(`devices[0].encrypted || devices[7].encrypted`), nil, both, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			if test.spoil != nil {
				test.spoil(s)
			}
			got := withRules(t, test.rule).Standing(s.person, s.training, s.devices, noon)
			if got.Eligible != (len(test.reasons) == 0) || !slices.Equal(got.Access, test.access) || !slices.Equal(texts(got.Reasons), test.reasons) {
				t.Errorf("got %v %v %v, want %v %v", got.Eligible, got.Access, got.Reasons, test.access, test.reasons)
			}
		})
	}
}

// digits is a list of ten numbers to run over.
const digits = `[0,1,2,3,4,5,6,7,8,9]`

// nested runs over ten numbers within each other, so many times.
func nested(times int) string {
	return strings.Repeat(digits+`.all(x, `, times) + "x >= 0" + strings.Repeat(")", times)
}

// Expressions that would take seconds, years or all memory.
func TestRules_ThatRunAwayRefuse(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 200)
	for name, requires := range map[string]string{
		"loops within loops": nested(9),
		"lists of lists":     strings.Repeat(digits+`.map(x, `, 8) + "x" + strings.Repeat(")", 8) + ".size() > 0",
		"texts that grow": `["` + text + `"]` + strings.Repeat(`.map(x, x + x)`, 18) +
			`[0].size() > 0`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withRules(t, rule(requires))
			s := newScene()
			got := p.Standing(s.person, s.training, s.devices, noon)
			if want := []string{"rule-failed:r"}; got.Eligible || !slices.Equal(texts(got.Reasons), want) {
				t.Errorf("got %v %v", got.Eligible, got.Reasons)
			}
		})
	}
}

func TestRules_MayTakeAThousandStepsAndNotTenThousand(t *testing.T) {
	t.Parallel()
	s := newScene()
	met := withRules(t, rule(nested(3))).Standing(s.person, s.training, s.devices, noon)
	past := withRules(t, rule(nested(4))).Standing(s.person, s.training, s.devices, noon)
	if !met.Eligible || past.Eligible {
		t.Errorf("1,000 steps: %v; 10,000 steps: %v", met.Reasons, past.Reasons)
	}
}

// A person with more devices than a rule can go through is refused by it.
func TestRules_TooMuchEvidenceRefuses(t *testing.T) {
	t.Parallel()
	p := withRules(t, rule(`devices.all(d, devices.all(e, d.encrypted == e.encrypted))`))
	for count, want := range map[int]bool{10: true, 1000: false} {
		s := newScene()
		s.devices = slices.Repeat([]evidence.Device{device("d1")}, count)
		if got := p.Standing(s.person, s.training, s.devices, noon); got.Eligible != want {
			t.Errorf("%d devices: %v", count, got.Reasons)
		}
	}
}

func TestRules_ChangeStandingAtKnownInstants(t *testing.T) {
	t.Parallel()
	p := withRules(t, rule(`training.exists(t, t.course == "CB-201" && t.valid)`))
	s := newScene()
	s.devices[0].LastSeen = noon.Add(-time.Hour)
	s.training[2].At = noon.Add(-180*day + time.Hour)
	now := p.Standing(s.person, s.training, s.devices, noon)
	then := p.Standing(s.person, s.training, s.devices, now.ChangesAt)
	if !now.Eligible || !now.ChangesAt.Equal(noon.Add(time.Hour)) || then.Eligible || !slices.Equal(texts(then.Reasons), []string{"rule-unmet:r"}) {
		t.Errorf("got %+v, then %+v", now, then)
	}
}

func TestRules_MistakesAreReportedAtTheirLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, rules string
		line        int // from that of "rules:", which is 0
		want        string
	}{
		{"unknown variable", rule(`now > timestamp("2026-01-01T00:00:00Z")`), 1, "requires, character 1: undeclared reference to 'now'"},
		{"unknown field", rule(`person.salary > 1`), 1, "requires, character 7: undefined field 'salary'"},
		{"wrong type", rule(`person.role > 1`), 1, "requires, character 13: found no matching overload for '_>_' applied to '(string, int)'"},
		{"patterns", rule(`person.role.matches("((x{1,9}){1,9}){1,9}")`), 1, "requires, character 20: undeclared reference to 'matches'"},
		{"lists as a whole", rule(`[training] == [training]`), 1, "requires, character 12: lists and records are not compared as a whole: compare their entries"},
		{"records as a whole", rule(`devices[0] in devices`), 1, "requires, character 12: lists and records are not compared as a whole: compare their entries"},
		{"what may be anything", rule(`dyn(1) != dyn(2)`), 1, "requires, character 8: lists and records are not compared as a whole: compare their entries"},
		{"sums of lists", rule(`size([1] + [2]) == 2`), 1, "requires, character 10: lists are not added: ask about each by itself"},
		{"time zones", rule(`devices.all(d, d.last_seen.getHours("America/New_York") > 0)`), 1, "requires, character 36: undeclared reference to 'getHours'"},
		{"no truth", rule(`person.role`), 1, "requires is of type string: it has to be true or false"},
		{"no certain truth", rule(`dyn(person.role)`), 1, "requires is of type dyn: it has to be true or false"},
		{"no expression", rule(`person.role ==`), 1, "requires, character 15: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"},
		{"about whom", rule(`true`, "when: 'who'"), 1, "when, character 1: undeclared reference to 'who'"},
		{"in a block", "  - name: r\n    reason: Ask\n    requires: |\n      person.role == \"x\" &&\n        person.salary > 1\n", 5, "requires, character 9: undefined field 'salary'"},
		{"folded", "  - name: r\n    reason: Ask\n    requires: >\n      true\n", 3, `requires is folded by ">", which loses its lines: use "|"`},
		{"negation without quotes", "  - name: r\n    reason: Ask\n    requires: !person.x\n", 3, `requires has to be text: put it in quotes, or on lines of its own behind "|"`},
		{"empty", "  - name: r\n    reason: Ask\n    requires: \"\"\n", 3, "requires is empty: fill it in"},
		{"control characters", "  - name: r\n    reason: Ask\n    requires: \"true\\a\"\n", 3, "requires contains characters that cannot be shown: remove them"},
		{"unknown course", rule(`training.exists(t, t.course == "CB-999")`), 1, `requires names "CB-999", which is not among the courses: add it there or correct the code`},
		{"unknown course in a list", rule(`training.exists(t, t.course in ["CB-101", "CB-999"])`), 1, `requires names "CB-999", which is not among the courses: add it there or correct the code`},
		{"no reason", "  - {name: r, requires: 'true == true'}\n", 1, `a rule lacks "reason": add it`},
		{"unknown key", rule(`true`, "unless: x"), 1, `"unless" is not known in a rule: use name, requires, reason, access, when or link`},
		{"access that is not given", rule(`true`, "access: orbital"), 1, `access "orbital" is not given by this policy: use one that stands in access, or leave it out for everyone`},
		{"name", strings.Replace(rule(`true`), "name: r", "name: r 1", 1), 1, `name "r 1" may only have up to 32 letters A-Z and a-z, digits, "-", "_" and "."`},
		{"name twice", rule(`true`) + rule(`true`), 2, `rule "r" stands twice: give one another name`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := policy.DefaultYAML() + "\nrules:\n" + test.rules
			_, err := policy.Parse([]byte(text))
			want := fmt.Sprintf("policy line %d: %s", lineOf(t, text, "\nrules:\n")+1+test.line, test.want)
			if got := fmt.Sprint(err); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestRules_Bounds(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		var list strings.Builder
		for i := range n {
			list.WriteString(strings.Replace(rule("true"), "name: r", "name: r"+strings.Repeat("x", i/26)+string(rune('a'+i%26)), 1))
		}
		return list.String()
	}
	long := func(n int) string { return rule("true" + strings.Repeat(" ", n-len("true"))) }
	deep := func(n int) string { return rule(strings.Repeat("(", n) + "true" + strings.Repeat(")", n)) }
	for name, test := range map[string]struct{ good, past, want string }{
		"rules":  {many(policy.MaxRules), many(policy.MaxRules + 1), "there are more than 50 rules: write several requirements as one"},
		"length": {long(policy.MaxRuleLength), long(policy.MaxRuleLength + 1), "requires is longer than 2000 characters: make it several rules"},
		"depth":  {deep(5), deep(100), "expression recursion limit exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withRules(t, test.good)
			_, err := policy.Parse([]byte(policy.DefaultYAML() + "\nrules:\n" + test.past))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("past the bound: %v", err)
			}
		})
	}
}

func TestRule_TellsWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	p := withRules(t, rule("true", "link: https://learn.example/r"))
	r, known := p.Rule("r")
	if !known || r.Reason != "Ask" {
		t.Errorf("got %+v", r)
	}
	if _, known := p.Rule("s"); known {
		t.Error("a rule that is not there is known")
	}
	if got := p.Remedy(policy.Reason{Kind: policy.RuleUnmet, Subject: "r"}); got != "https://learn.example/r" {
		t.Errorf("remedy %q", got)
	}
}
