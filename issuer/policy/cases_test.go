package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func folder(files ...string) fstest.MapFS {
	folder := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		folder[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return folder
}

const goodCase = `
- name: all is well
  at: 2026-11-23T08:00:00Z
  person: {role: technician, department: Turbines}
  training:
    - {course: CB-101, at: 2025-11-24T08:00:00Z}
    - {course: CB-102, at: 2026-01-01T00:00:00+01:00, outcome: completed}
  devices:
    - {id: laptop, os: Windows, os_version: 10.0.22631, compliance: compliant, encrypted: true, last_seen: 2026-11-23T07:00:00Z}
  expect: {eligible: true, access: [onsite], reasons: [], changes_at: 2026-11-24T08:00:00Z}
`

func TestCases_PassAndTellWhatDiffers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"as it is", "", "", nil},
		{"asked for less", "{eligible: true, access: [onsite], reasons: [], changes_at: 2026-11-24T08:00:00Z}", "{eligible: true}", nil},
		{"another answer", "eligible: true", "eligible: false", []string{"eligible is true, not false"}},
		{"another access", "access: [onsite]", "access: [remote, onsite]", []string{"access is [onsite], not [onsite remote]"}},
		{"no access", "access: [onsite]", "access: []", []string{"access is [onsite], not []"}},
		{"another instant", "changes_at: 2026-11-24", "changes_at: 2026-11-25", []string{"changes_at is 2026-11-24T08:00:00Z, not 2026-11-25T08:00:00Z"}},
		{"reasons", "encrypted: true", "encrypted: false", []string{"eligible is false, not true", "access is [], not [onsite]", "reasons is [device-unencrypted:laptop], not []"}},
		{"reasons that nobody asked for", "role: technician, department: Turbines}", "active: false}", []string{"eligible is false, not true, because of [not-employed]"}},
		{"a failed attempt", "outcome: completed", "outcome: failed", []string{"eligible is false, not true, because of [training-missing:CB-102]"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(goodCase, test.old, test.new, 1)
			if len(test.want) == 1 && strings.Contains(test.want[0], "because") {
				text = strings.Replace(text, "access: [onsite], reasons: [], changes_at: 2026-11-24T08:00:00Z", "", 1)
			}
			cases, err := policy.Cases(folder("a.yaml", text))
			if err != nil || len(cases) != 1 {
				t.Fatal(cases, err)
			}
			c := cases[0]
			if c.File != "a.yaml" || c.Line != 2 || c.Name != "all is well" {
				t.Errorf("case %+v", c)
			}
			if _, got := policy.Default().Try(c); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCases_OfAFolderInTheOrderOfItsFiles(t *testing.T) {
	t.Parallel()
	cases, err := policy.Cases(folder("b.yaml", goodCase, "sub/c.yml", goodCase, "a.yaml", goodCase, "readme.md", "no case"))
	var names []string
	for _, c := range cases {
		names = append(names, c.File)
	}
	if want := []string{"a.yaml", "b.yaml", "sub/c.yml"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v %v", names, err)
	}
}

func TestCases_MistakesAreReportedWithFileAndLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"no list", goodCase, "name: x", `a.yaml line 1: a file of cases has to be a list, for example [a, b]`},
		{"no YAML", goodCase, "a: [", "a.yaml line 1: this is not YAML: sequence end token ']' not found"},
		{"no text", goodCase, "\xff", "a.yaml: the file is not UTF-8 text: save it as UTF-8"},
		{"unknown key", "person:", "persons:", `a.yaml line 4: "persons" is not known in a case: use name, at, expect, person, training or devices`},
		{"nothing expected", "  expect: {eligible: true, access: [onsite], reasons: [], changes_at: 2026-11-24T08:00:00Z}\n", "", `a.yaml line 2: a case lacks "expect": add it`},
		{"no time", "at: 2026-11-23T08:00:00Z", "at: yesterday", `a.yaml line 3: at "yesterday" is not a time: write it like 2026-11-23T08:00:00Z`},
		{"no truth", "eligible: true", "eligible: maybe", "a.yaml line 10: eligible has to be true or false"},
		{"unknown outcome", "outcome: completed", "outcome: attended", `a.yaml line 7: outcome "attended" is not known: use passed, completed or failed`},
		{"unknown access", "access: [onsite]", "access: [orbital]", `a.yaml line 10: "orbital" is not known in access: use onsite or remote`},
		{"half a device", "os: Windows, ", "", `a.yaml line 9: a device lacks "os": add it`},
		{"half a training", "{course: CB-101, at: 2025-11-24T08:00:00Z}", "{course: CB-101}", `a.yaml line 6: a training lacks "at": add it`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := policy.Cases(folder("a.yaml", strings.Replace(goodCase, test.old, test.new, 1), "b.yaml", goodCase))
			if got := fmt.Sprint(err); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
	_, err := policy.Cases(folder("a.yaml", "x: 1", "b.yaml", "- {}"))
	if got := fmt.Sprint(err); !strings.Contains(got, "a.yaml line 1") || !strings.Contains(got, "b.yaml line 1") {
		t.Errorf("not all files are reported: %s", got)
	}
}

func TestCases_Bounds(t *testing.T) {
	t.Parallel()
	files := func(n int) fstest.MapFS {
		many := fstest.MapFS{}
		for i := range n {
			many[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte(goodCase)}
		}
		return many
	}
	short := "- {name: x, at: 2026-11-23T08:00:00Z, expect: {eligible: false}}\n"
	records := func(n int) string {
		return strings.Replace(goodCase, "  devices:", strings.Repeat("    - {course: CB-101, at: 2025-11-24T08:00:00Z}\n", n-2)+"  devices:", 1)
	}
	size := func(n int) string { return goodCase + "#" + strings.Repeat("x", n-len(goodCase)-1) }
	deep := func(n int) string { return strings.Repeat("d/", n) + "a.yaml" }
	for name, test := range map[string]struct {
		good, past fstest.MapFS
		want       string
	}{
		"files":   {files(policy.MaxCaseFiles), files(policy.MaxCaseFiles + 1), "policy: the folder has more than 200 files of cases: write several cases into one"},
		"cases":   {folder("a.yaml", strings.Repeat(short, policy.MaxCases)), folder("a.yaml", strings.Repeat(short, policy.MaxCases+1)), "a.yaml line 1: there are more than 500 cases: split the file"},
		"records": {folder("a.yaml", records(policy.MaxCaseRecord)), folder("a.yaml", records(policy.MaxCaseRecord+1)), "a.yaml line 6: training has more than 50 entries: a case needs few"},
		"size":    {folder("a.yaml", size(policy.MaxFileSize)), folder("a.yaml", size(policy.MaxFileSize+1)), "a.yaml: the file is larger than 64 KiB: split it"},
		"depth":   {folder(deep(policy.MaxCaseDepth), goodCase), folder(deep(policy.MaxCaseDepth+1), goodCase), "policy: d/d/d/d/d/d/d/d/d: folders are nested too deeply: use 8 at most"},
		"none":    {files(1), folder("a.txt", goodCase), "policy: the folder has no cases: write some into a file that ends in .yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := policy.Cases(test.good); err != nil {
				t.Errorf("at the bound: %v", err)
			}
			if _, err := policy.Cases(test.past); fmt.Sprint(err) != test.want {
				t.Errorf("past the bound: %v", err)
			}
		})
	}
}
