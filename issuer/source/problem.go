package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

// Result is what one file brought.
type Result[T any] struct {
	Records []T    // in the file's order, each id once
	Hashes  []Hash // of what each of Records was sent as, in the same order

	// Removed names what the source withdraws: voided statements and deleted
	// devices. None of them is among Records; an earlier file may have brought it.
	Removed []evidence.Origin

	// Portraits are those that people came with; no other kind of record has any.
	Portraits []Portrait

	Repeated int // records that came again under the same id
	Skipped  int // well-formed records of no interest here, such as statements with other verbs

	// Problems lists refusals and notices in the order of Position, those about
	// the file as a whole first.
	Problems []Problem
}

// Hash is an evidence.Hash.
type Hash = evidence.Hash

// Portrait is what somebody among the records looks like.
type Portrait struct {
	PersonID string // evidence.Person.ID
	Portrait portrait.Portrait
}

// Problem is something wrong with a record or a file, and what to do about it.
type Problem struct {
	Position int    // which record of the file, counted from 1; 0 for the file as a whole
	Line     int    // where the record begins, counted from 1; 0 when there is no line to point at
	ID       string // the record's own id; empty when it has none
	Refused  bool   // the record was left out; otherwise it went in, and this is a notice
	Message  string
}

// String returns the problem with its place, for a log or a terminal.
func (p Problem) String() string {
	var place []string
	if p.Position > 0 {
		place = append(place, fmt.Sprintf("record %d", p.Position))
	}
	if p.Line > 0 {
		place = append(place, fmt.Sprintf("line %d", p.Line))
	}
	if p.ID != "" {
		place = append(place, fmt.Sprintf("id %q", p.ID))
	}
	verdict := "notice"
	if p.Refused {
		verdict = "refused"
	}
	if len(place) == 0 {
		return verdict + ": " + p.Message
	}
	return strings.Join(place, ", ") + ": " + verdict + ": " + p.Message
}

// sortProblems puts problems in the order of their records.
func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Position, b.Position) })
}
