package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

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

// The names of the files of an import.
const (
	PeopleFile   = "people"
	TrainingFile = "training"
	DevicesFile  = "devices"
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
	// Portraits are those that people came with. What was wrong with one is among
	// the problems of People.
	Portraits store.ImportCount `json:"portraits"`
	Judged    int               `json:"judged"` // people whom the import touched
	Losing    int               `json:"losing"` // of them, those who lost their good standing by it
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
	File string // PeopleFile, TrainingFile or DevicesFile
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
	importing := p.BeginImport()
	for _, f := range []struct {
		name string
		from io.Reader
	}{{PeopleFile, files.People}, {TrainingFile, files.Training}, {DevicesFile, files.Devices}} {
		if f.from == nil {
			continue
		}
		if err := importing.Read(f.name, f.from); err != nil {
			return ImportReport{}, err
		}
	}
	return importing.Apply(ctx, by)
}

// Importing is an import whose files come one after the other, in any order. It
// is for one goroutine. Nothing goes in before Apply.
type Importing struct {
	program  *Program
	people   source.Result[evidence.Person]
	training source.Result[evidence.Training]
	devices  source.Result[evidence.Device]

	confirmed bool
	dryRun    bool
}

// Confirm lets the import through even if more people lose their good standing by
// it than the configuration allows.
func (i *Importing) Confirm() { i.confirmed = true }

// DryRun has Apply take nothing in, and report what it would have done.
func (i *Importing) DryRun() { i.dryRun = true }

// BeginImport begins an import that is given its files with Read.
func (p *Program) BeginImport() *Importing { return &Importing{program: p} }

// Read reads one file to its end; the name is [PeopleFile], [TrainingFile] or
// [DevicesFile]. A second file of one name takes the place of the first. The
// error is a *[FileError], after which the import is to be given up.
func (i *Importing) Read(name string, from io.Reader) (err error) {
	whole := &filling{from: from}
	switch name {
	case PeopleFile:
		i.people, err = source.People(whole)
		refuseWithoutExternalID(&i.people)
	case TrainingFile:
		i.training, err = source.Training(whole, source.Config{Source: trainingSource})
	case DevicesFile:
		i.devices, err = source.Devices(whole, source.Config{Source: deviceSource})
	default:
		err = fmt.Errorf("there is no such file: send %s, %s or %s", PeopleFile, TrainingFile, DevicesFile)
	}
	if whole.failed != nil {
		// A file that did not arrive is not to blame for how it ends.
		err = whole.failed
	}
	if err != nil {
		return &FileError{name, err}
	}
	return nil
}

// filling reads until there is no more room. A JSON decoder looks at white space
// again from its beginning after every read, so that a sender of small pieces
// and long white space could keep it busy for hours.
type filling struct {
	from   io.Reader
	failed error // other than the end of the file
}

// Read implements io.Reader.
func (f *filling) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = f.from.Read(p[n:])
		n += more
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.failed = err
	}
	return n, err
}

// Apply takes in what was read, as [Program.Import] does. Everybody whom it touches
// is judged in the same transaction. The error is a *store.MassChangeError when
// more people would lose their good standing than the configuration allows, and the
// import was not confirmed.
func (i *Importing) Apply(ctx context.Context, by string) (ImportReport, error) {
	p := i.program
	result, err := p.Receive(ctx, store.Import{
		By:       by,
		People:   i.people.Records,
		Training: i.training.Records,
		Devices:  i.devices.Records,

		TrainingHashes: i.training.Hashes,
		DeviceHashes:   i.devices.Hashes,

		Portraits: portraitsOf(i.people),

		WithdrawnTraining: i.training.Removed,
		WithdrawnDevices:  i.devices.Removed,

		Confirmed: i.confirmed,
		DryRun:    i.dryRun,
	})
	if err != nil {
		return ImportReport{}, err
	}
	report := ImportReport{
		People:   fileReport(i.people, result.People),
		Training: fileReport(i.training, result.Training),
		Devices:  fileReport(i.devices, result.Devices),

		Portraits: result.Portraits,

		Judged: result.Judged,
		Losing: result.Losing,
	}
	if i.dryRun {
		return report, nil
	}
	p.discardPortraits(ctx)
	report.Notices, err = p.notices(ctx, i.training.Records, i.devices.Records)
	return report, err
}

// refuseWithoutExternalID takes out people whom the store can't keep, so that
// one of them does not keep everybody else out. The source has given notice of
// each under the id.
func refuseWithoutExternalID(people *source.Result[evidence.Person]) {
	refused := map[string]bool{}
	people.Records = slices.DeleteFunc(people.Records, func(person evidence.Person) bool {
		if person.ExternalID == "" {
			refused[person.ID] = true
		}
		return person.ExternalID == ""
	})
	for n := range people.Problems {
		if refused[people.Problems[n].ID] {
			people.Problems[n].Refused = true
		}
	}
}

// portraitsOf leaves out those of people who are left out.
func portraitsOf(people source.Result[evidence.Person]) []store.PersonPortrait {
	known := map[string]bool{}
	for _, person := range people.Records {
		known[person.ID] = true
	}
	var list []store.PersonPortrait
	for _, came := range people.Portraits {
		if known[came.PersonID] {
			list = append(list, store.PersonPortrait{PersonID: came.PersonID, Portrait: came.Portrait})
		}
	}
	return list
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
	for _, c := range p.policy().Courses {
		courses = append(courses, c.Code)
	}
	list := problems(source.Check(people, training, devices, courses))
	for n := range list {
		// The place in what was compared, which is no record of a file.
		list[n].Position = 0
	}
	return list, nil
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
