package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Bounds of a folder of cases. Each file is at most [MaxFileSize] long.
const (
	MaxCaseFiles  = 200
	MaxCaseDepth  = 8   // folders within folders
	MaxCases      = 500 // in one file
	MaxCaseRecord = 50  // training records of a case, and devices
)

// Case is a person with evidence, and the answer that a policy has to give. A
// file of cases is a list of
//
//   - name: a course expires at its instant
//     at: 2026-11-23T08:00:00Z
//     person: {role: technician}
//     training:
//   - {course: CB-101, at: 2025-11-23T08:00:00Z}
//     devices:
//   - {id: laptop, os: Windows, os_version: 10.0.22631, compliance: compliant, encrypted: true, last_seen: 2026-11-23T07:00:00Z}
//     expect: {eligible: false, reasons: [training-expired:CB-101]}
//
// Of a person, active (true), role, organization, department and language may be
// given; of training, outcome (passed). What expect does not name beside eligible
// may be anything: access, reasons, changes_at.
type Case struct {
	File    string // as the folder names it
	Line    int    // where the case begins, from 1
	Name    string
	At      time.Time
	Subject Subject
	Expect  Expectation
}

// Expectation is what a case expects of the answer.
type Expectation struct {
	Eligible  bool
	Access    []Access  // sorted; nil expects nothing
	Reasons   []string  // sorted; nil expects nothing
	ChangesAt time.Time // zero expects nothing
}

// Cases reads all cases of a folder and those below it: the files that end in
// .yaml or .yml, in the order of their names. The error joins everything that is
// wrong, each with its file and line.
func Cases(folder fs.FS) ([]Case, error) {
	names, err := caseFiles(folder)
	if err != nil {
		return nil, err
	}
	var cases []Case
	var errs []error
	for _, name := range names {
		more, err := readCases(folder, name)
		cases, errs = append(cases, more...), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return nil, errors.New("policy: the folder has no cases: write some into a file that ends in .yaml")
	}
	return cases, nil
}

func caseFiles(folder fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.Count(name, "/") >= MaxCaseDepth:
			return fmt.Errorf("policy: %s: folders are nested too deeply: use %d at most", name, MaxCaseDepth)
		case entry.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml"):
			return nil
		case len(names) == MaxCaseFiles:
			return fmt.Errorf("policy: the folder has more than %d files of cases: write several cases into one", MaxCaseFiles)
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

func readCases(folder fs.FS, name string) ([]Case, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxFileSize {
		return nil, fmt.Errorf("%s: the file is larger than 64 KiB: split it", name)
	}
	root, err := parseYAML(text)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return nil, inFile(name, problem)
	}
	if err != nil {
		return nil, err
	}
	r := &reader{}
	cases := r.cases(root, name)
	if r.err() == nil {
		return cases, nil
	}
	var errs []error
	for _, problem := range r.problems {
		errs = append(errs, inFile(name, problem))
	}
	return nil, errors.Join(errs...)
}

func inFile(name string, p *Problem) error {
	if p.Line == 0 {
		return fmt.Errorf("%s: %s", name, p.Message)
	}
	return fmt.Errorf("%s line %d: %s", name, p.Line, p.Message)
}
