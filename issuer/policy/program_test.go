package policy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// program is a whole program's evidence, with the answers worked out elsewhere.
type program struct {
	people   []evidence.Person
	training map[string][]evidence.Training // by externalId
	devices  map[string][]evidence.Device   // by the person's id
	expected expected
}

type expected struct {
	AsOf     time.Time `json:"as_of"`
	Verdicts []struct {
		ID        string          `json:"id"`
		Access    []policy.Access `json:"access"`
		Reasons   []string        `json:"reasons"`
		ChangesAt *time.Time      `json:"changes_at"`
	} `json:"verdicts"`
}

// load reads the four files of a program through package source.
func load(t testing.TB, people, training, devices, answers []byte) program {
	t.Helper()
	p := program{training: map[string][]evidence.Training{}, devices: map[string][]evidence.Device{}}
	persons, err := source.People(bytes.NewReader(people))
	p.people = whole(t, persons, err)
	records, err := source.Training(bytes.NewReader(training), source.Config{Source: "lrs"})
	for _, record := range whole(t, records, err) {
		p.training[record.PersonExternalID] = append(p.training[record.PersonExternalID], record)
	}
	reports, err := source.Devices(bytes.NewReader(devices), source.Config{Source: "graph"})
	for _, device := range whole(t, reports, err) {
		p.devices[device.PersonID] = append(p.devices[device.PersonID], device)
	}
	if err := json.Unmarshal(answers, &p.expected); err != nil {
		t.Fatal(err)
	}
	return p
}

// whole fails the test unless a file went in without a problem.
func whole[T any](t testing.TB, result source.Result[T], err error) []T {
	t.Helper()
	if err != nil || len(result.Problems) > 0 {
		t.Fatal(err, result.Problems)
	}
	return result.Records
}

func (p program) standing(rules *policy.Policy, person evidence.Person, at time.Time) policy.Standing {
	return rules.Standing(person, p.training[person.ExternalID], p.devices[person.ID], at)
}

// check compares every verdict, reason for reason and in order.
func (p program) check(t *testing.T, rules *policy.Policy) {
	t.Helper()
	if len(p.expected.Verdicts) != len(p.people) {
		t.Fatalf("%d verdicts for %d people", len(p.expected.Verdicts), len(p.people))
	}
	for i, want := range p.expected.Verdicts {
		person := p.people[i]
		got := p.standing(rules, person, p.expected.AsOf)
		if person.ID != want.ID || got.Eligible != (len(want.Reasons) == 0) || !slices.Equal(got.Access, want.Access) || !slices.Equal(texts(got.Reasons), want.Reasons) {
			t.Errorf("%s (%s): got %v %v %v, want %v %v", person.ID, person.ExternalID, got.Eligible, got.Access, got.Reasons, want.Access, want.Reasons)
		}
		if want.ChangesAt != nil && !got.ChangesAt.Equal(*want.ChangesAt) {
			t.Errorf("%s: changes at %v, want %v", person.ID, got.ChangesAt, *want.ChangesAt)
		}
	}
}

func texts(reasons []policy.Reason) []string {
	texts := make([]string, len(reasons))
	for i, reason := range reasons {
		texts[i] = reason.String()
	}
	return texts
}

func loadSample(t testing.TB) program {
	t.Helper()
	read := func(name string) []byte {
		text, err := sample.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return load(t, read(sample.People), read(sample.Training), read(sample.Devices), read(sample.Expected))
}

func loadSecond(t testing.TB) (program, *policy.Policy) {
	t.Helper()
	read := func(name string) []byte {
		text, err := os.ReadFile("testdata/second/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	rules, err := policy.Parse(read("policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return load(t, read("people.json"), read("training.json"), read("devices.json"), read("expected.json")), rules
}

func TestReferencePolicyGivesEveryExpectedVerdict(t *testing.T) {
	t.Parallel()
	p := loadSample(t)
	if len(p.people) != 240 {
		t.Fatalf("the sample has %d people", len(p.people))
	}
	p.check(t, policy.Default())
}

func TestAnotherPolicyGivesItsOwnVerdicts(t *testing.T) {
	t.Parallel()
	p, rules := loadSecond(t)
	p.check(t, rules)
	for i, want := range p.expected.Verdicts {
		got := p.standing(rules, p.people[i], p.expected.AsOf)
		if want.ChangesAt == nil && !got.ChangesAt.IsZero() {
			t.Errorf("%s: changes at %v, want never", want.ID, got.ChangesAt)
		}
	}
}

func BenchmarkStandingOf100000People(b *testing.B) {
	benchmarkEverybody(b, policy.Default(), func(rules *policy.Policy, p program, person evidence.Person) {
		p.standing(rules, person, p.expected.AsOf)
	})
}

func BenchmarkStandingOf100000PeopleWithARule(b *testing.B) {
	rules := withRules(b, rule(`training.exists(t, t.course == "CB-101" && t.valid) && devices.all(d, d.os_version.atLeast("10.0"))`))
	benchmarkEverybody(b, rules, func(rules *policy.Policy, p program, person evidence.Person) {
		p.standing(rules, person, p.expected.AsOf)
	})
}

func BenchmarkLapsesOf100000People(b *testing.B) {
	benchmarkEverybody(b, policy.Default(), func(rules *policy.Policy, p program, person evidence.Person) {
		rules.Lapses(person, p.training[person.ExternalID], p.devices[person.ID], p.expected.AsOf)
	})
}

func benchmarkEverybody(b *testing.B, rules *policy.Policy, ask func(*policy.Policy, program, evidence.Person)) {
	const people = 100_000
	p := loadSample(b)
	b.ReportAllocs()
	for b.Loop() {
		for i := range people {
			ask(rules, p, p.people[i%len(p.people)])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/people, "ns/person")
}

// What a rule costs that runs until it is stopped.
func BenchmarkStandingUnderARuleThatRunsAway(b *testing.B) {
	rules, s := withRules(b, rule(nested(9))), newScene()
	for b.Loop() {
		rules.Standing(s.person, s.training, s.devices, noon)
	}
}
