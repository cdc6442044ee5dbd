package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// cases reads one file of cases.
func (r *reader) cases(root ast.Node, name string) []Case {
	items := r.list(root, "a file of cases")
	if len(items) > MaxCases {
		r.add(lineOf(root), "there are more than %d cases: split the file", MaxCases)
		return nil
	}
	cases := make([]Case, 0, len(items))
	for _, item := range items {
		fields := r.fields(item, "a case", []string{"name", "at", "expect"}, []string{"person", "training", "devices"})
		cases = append(cases, Case{
			File: name, Line: lineOf(item),
			Name: r.text(fields["name"], "name"),
			At:   r.instant(fields["at"], "at"),
			Subject: Subject{
				Person:   r.casePerson(fields["person"]),
				Training: r.caseTraining(fields["training"]),
				Devices:  r.caseDevices(fields["devices"]),
			},
			Expect: r.expectation(fields["expect"]),
		})
	}
	return cases
}

// The identity that a case's evidence shares; nobody needs to write it.
const (
	casePersonID   = "case"
	caseExternalID = "case"
)

func (r *reader) casePerson(node ast.Node) evidence.Person {
	fields := r.fields(node, "person", nil, []string{"active", "role", "organization", "department", "language"})
	return evidence.Person{
		ID: casePersonID, ExternalID: caseExternalID,
		Active:       r.boolean(fields["active"], "active", true),
		Role:         r.text(fields["role"], "role"),
		Organization: r.text(fields["organization"], "organization"),
		Department:   r.text(fields["department"], "department"),
		Language:     r.text(fields["language"], "language"),
	}
}

func (r *reader) caseTraining(node ast.Node) []evidence.Training {
	var training []evidence.Training
	for i, item := range r.records(node, "training") {
		fields := r.fields(item, "a training", []string{"course", "at"}, []string{"outcome"})
		outcome := evidence.Outcome(r.text(fields["outcome"], "outcome"))
		known := []evidence.Outcome{"", evidence.Passed, evidence.Completed, evidence.Failed}
		if !slices.Contains(known, outcome) {
			r.add(lineOf(fields["outcome"]), "outcome %q is not known: use passed, completed or failed", outcome)
		}
		if outcome == "" {
			outcome = evidence.Passed
		}
		training = append(training, evidence.Training{
			Origin:           evidence.Origin{Source: "case", ID: fmt.Sprint(i)},
			PersonExternalID: caseExternalID,
			Course:           r.code(fields["course"], "course"),
			Outcome:          outcome,
			At:               r.instant(fields["at"], "at"),
		})
	}
	return training
}

func (r *reader) caseDevices(node ast.Node) []evidence.Device {
	var devices []evidence.Device
	for _, item := range r.records(node, "devices") {
		fields := r.fields(item, "a device", []string{"id", "os", "os_version", "compliance", "encrypted", "last_seen"}, nil)
		devices = append(devices, evidence.Device{
			Origin:     evidence.Origin{Source: "case", ID: r.text(fields["id"], "id")},
			PersonID:   casePersonID,
			OS:         r.text(fields["os"], "os"),
			OSVersion:  r.text(fields["os_version"], "os_version"),
			Compliance: evidence.Compliance(r.text(fields["compliance"], "compliance")),
			Encrypted:  r.boolean(fields["encrypted"], "encrypted", false),
			LastSeen:   r.instant(fields["last_seen"], "last_seen"),
		})
	}
	return devices
}

func (r *reader) records(node ast.Node, what string) []ast.Node {
	items := r.list(node, what)
	if len(items) > MaxCaseRecord {
		r.add(lineOf(node), "%s has more than %d entries: a case needs few", what, MaxCaseRecord)
		return nil
	}
	return items
}

func (r *reader) expectation(node ast.Node) Expectation {
	fields := r.fields(node, "expect", []string{"eligible"}, []string{"access", "reasons", "changes_at"})
	expect := Expectation{
		Eligible:  r.boolean(fields["eligible"], "eligible", false),
		Reasons:   r.expected(fields["reasons"], "reasons"),
		ChangesAt: r.instant(fields["changes_at"], "changes_at"),
	}
	access := r.expected(fields["access"], "access")
	if access != nil {
		expect.Access = make([]Access, len(access))
	}
	for i, name := range access {
		expect.Access[i] = Access(name)
		if expect.Access[i] != Onsite && expect.Access[i] != Remote {
			r.add(lineOf(fields["access"]), "%q is not known in access: use %s or %s", name, Onsite, Remote)
		}
	}
	return expect
}

// expected reads a list, sorted, which is not nil if it is there.
func (r *reader) expected(node ast.Node, what string) []string {
	if node == nil {
		return nil
	}
	texts := append([]string{}, r.texts(node, what)...)
	slices.Sort(texts)
	return texts
}

// boolean reads true or false.
func (r *reader) boolean(node ast.Node, what string, missing bool) bool {
	if node == nil {
		return missing
	}
	if n, ok := node.(*ast.BoolNode); ok {
		return n.Value
	}
	r.add(lineOf(node), "%s has to be true or false", what)
	return false
}

// instant reads a time as RFC 3339 writes it.
func (r *reader) instant(node ast.Node, what string) time.Time {
	text := r.text(node, what)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.add(lineOf(node), "%s %q is not a time: write it like 2026-11-23T08:00:00Z", what, text)
	}
	return at
}
