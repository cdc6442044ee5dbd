package issuer

import (
	"context"
	"fmt"
	"io"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// The names under which imported evidence keeps where it came from. They are
// part of a record's identity, so they never change.
const (
	trainingSource = "xapi"
	deviceSource   = "graph"
)

// Files are exports of other systems. Each may be nil.
type Files struct {
	People   io.Reader // SCIM 2.0 ListResponse of User
	Training io.Reader // xAPI 1.0.3 statements
	Devices  io.Reader // Microsoft Graph managedDevice collection
}

// ImportReport says what an import did.
type ImportReport struct {
	People   FileReport `json:"people"`
	Training FileReport `json:"training"`
	Devices  FileReport `json:"devices"`
	// Notices are about records that went in but count for nothing as things
	// stand: training of somebody unknown, a device of nobody, a course that
	// the policy does not know.
	Notices []ImportProblem `json:"notices"`
}

// FileReport is the part of a report about one file.
type FileReport struct {
	store.ImportCount
	Repeated int             `json:"repeated"` // records that came again in the file
	Skipped  int             `json:"skipped"`  // records of no interest here
	Problems []ImportProblem `json:"problems"`
}

// ImportProblem is something wrong with one record, and what to do about it.
type ImportProblem struct {
	Position int    `json:"position,omitempty"` // record of the file, from 1
	Line     int    `json:"line,omitempty"`     // where it begins, from 1
	ID       string `json:"id,omitempty"`       // the record's own
	Refused  bool   `json:"refused"`            // left out; otherwise it went in
	Message  string `json:"message"`
}

// FileError is a file that can't be read at all; nothing of the import went in.
type FileError struct {
	File string // "people", "training" or "devices"
	Err  error
}

// Error names the file.
func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Import takes in what other systems know, in one transaction: a bad record is
// reported and the rest goes in; a file that can't be read stops the import
// before anything does. Importing the same files again changes nothing.
func (p *Program) Import(ctx context.Context, files Files, by string) (ImportReport, error) {
	people, err := read("people", files.People, source.People)
	if err != nil {
		return ImportReport{}, err
	}
	training, err := read("training", files.Training, func(r io.Reader) (source.Result[evidence.Training], error) {
		return source.Training(r, source.Config{Source: trainingSource})
	})
	if err != nil {
		return ImportReport{}, err
	}
	devices, err := read("devices", files.Devices, func(r io.Reader) (source.Result[evidence.Device], error) {
		return source.Devices(r, source.Config{Source: deviceSource})
	})
	if err != nil {
		return ImportReport{}, err
	}
	result, err := p.config.Store.ApplyImport(ctx, store.Import{
		At:       p.config.Now(),
		By:       by,
		People:   people.Records,
		Training: training.Records,
		Devices:  devices.Records,
	})
	if err != nil {
		return ImportReport{}, err
	}
	report := ImportReport{
		People:   fileReport(people, result.People),
		Training: fileReport(training, result.Training),
		Devices:  fileReport(devices, result.Devices),
	}
	report.Notices, err = p.notices(ctx, training.Records, devices.Records)
	return report, err
}

func read[T any](file string, from io.Reader, parse func(io.Reader) (source.Result[T], error)) (source.Result[T], error) {
	if from == nil {
		return source.Result[T]{}, nil
	}
	result, err := parse(from)
	if err != nil {
		return result, &FileError{file, err}
	}
	return result, nil
}

func fileReport[T any](from source.Result[T], counts store.ImportCount) FileReport {
	return FileReport{
		ImportCount: counts,
		Repeated:    from.Repeated,
		Skipped:     from.Skipped,
		Problems:    problems(from.Problems),
	}
}

func problems(from []source.Problem) []ImportProblem {
	list := make([]ImportProblem, 0, len(from))
	for _, p := range from {
		list = append(list, ImportProblem(p))
	}
	return list
}

// notices compares what was imported with everybody who is known by now.
func (p *Program) notices(ctx context.Context, training []evidence.Training, devices []evidence.Device) ([]ImportProblem, error) {
	people, err := p.everybody(ctx)
	if err != nil {
		return nil, fmt.Errorf("issuer: the import went in, but could not be compared: %w", err)
	}
	var courses []string
	for _, c := range p.config.Policy.Courses {
		courses = append(courses, c.Code)
	}
	return problems(source.Check(people, training, devices, courses)), nil
}

func (p *Program) everybody(ctx context.Context) ([]evidence.Person, error) {
	var all []evidence.Person
	after := ""
	for {
		page, err := p.config.Store.People(ctx, after, store.MaxPage)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < store.MaxPage {
			return all, nil
		}
		after = page[len(page)-1].ExternalID
	}
}
