package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// everybody is where a program's people and their evidence are read from.
type everybody struct {
	dir                       string
	people, training, devices string
}

type policySubjects = iter.Seq[policy.Subject]

// read hands the people over, one after the other, for as long as use runs.
func (e everybody) read(ctx context.Context, s streams, use func(policySubjects)) error {
	files := e.people != "" || e.training != "" || e.devices != ""
	switch {
	case e.dir != "" && files:
		return misuse("give either --dir or files")
	case e.dir != "":
		return e.readFolder(ctx, s, use)
	case e.people == "":
		return misuse("nobody to compare: give --dir, or --people with --training and --devices")
	}
	return e.readFiles(s, use)
}

// readFolder reads the folder's database beside whoever has it open.
func (e everybody) readFolder(ctx context.Context, s streams, use func(policySubjects)) (err error) {
	folder, err := openIssuerFolder(e.dir, s)
	if err != nil {
		return err
	}
	database, err := sqlite.OpenReadOnly(ctx, sqlite.Config{Path: folder.file(databaseFile), ListSize: folder.config.ListSize, Now: s.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	enough := errors.New("enough")
	var failed error
	use(func(yield func(policy.Subject) bool) {
		failed = database.AllEvidence(ctx, func(person evidence.Person, training []evidence.Training, devices []evidence.Device) error {
			if !yield(policy.Subject{Person: person, Training: training, Devices: devices}) {
				return enough
			}
			return nil
		})
	})
	if errors.Is(failed, enough) {
		return nil
	}
	return failed
}

func (e everybody) readFiles(s streams, use func(policySubjects)) error {
	people, err := readExport(s.err, e.people, source.People)
	if err != nil {
		return err
	}
	training, err := readExport(s.err, e.training, func(r io.Reader) (source.Result[evidence.Training], error) {
		return source.Training(r, source.Config{Source: "xapi"})
	})
	if err != nil {
		return err
	}
	devices, err := readExport(s.err, e.devices, func(r io.Reader) (source.Result[evidence.Device], error) {
		return source.Devices(r, source.Config{Source: "graph"})
	})
	if err != nil {
		return err
	}
	use(subjects(people, training, devices))
	return nil
}

// readExport reads one file; of none there is nothing.
func readExport[T any](errs io.Writer, name string, read func(io.Reader) (source.Result[T], error)) ([]T, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, misuseError{err}
	}
	defer file.Close()
	result, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, problem := range result.Problems {
		fmt.Fprintf(errs, "%s: %s\n", plain(name), plain(problem.String()))
	}
	return result.Records, nil
}

func subjects(people []evidence.Person, training []evidence.Training, devices []evidence.Device) policySubjects {
	trainingOf := make(map[string][]evidence.Training)
	for _, record := range training {
		trainingOf[record.PersonExternalID] = append(trainingOf[record.PersonExternalID], record)
	}
	devicesOf := make(map[string][]evidence.Device)
	for _, device := range devices {
		devicesOf[device.PersonID] = append(devicesOf[device.PersonID], device)
	}
	return func(yield func(policy.Subject) bool) {
		for _, person := range people {
			if !yield(policy.Subject{Person: person, Training: trainingOf[person.ExternalID], Devices: devicesOf[person.ID]}) {
				return
			}
		}
	}
}

// policyDifference is a policy.Difference as it is printed in JSON.
type policyDifference struct {
	People  int            `json:"people"`
	Gain    int            `json:"gain"`
	Lose    int            `json:"lose"`
	LoseAll int            `json:"lose_all"`
	Changes []policyChange `json:"changes"`
}

type policyChange struct {
	ID         string   `json:"id"`
	ExternalID string   `json:"externalId"`
	Gains      []string `json:"gains"`
	Loses      []string `json:"loses"`
	OldReasons []string `json:"old_reasons"`
	NewReasons []string `json:"new_reasons"`
}

func asDifference(d policy.Difference) policyDifference {
	printed := policyDifference{d.People, d.Gain, d.Lose, d.LoseAll, make([]policyChange, 0, len(d.Changes))}
	for _, c := range d.Changes {
		printed.Changes = append(printed.Changes, policyChange{
			ID: c.Person.ID, ExternalID: c.Person.ExternalID,
			Gains: textsOf(c.Gains), Loses: textsOf(c.Loses),
			OldReasons: reasonTexts(c.Old.Reasons), NewReasons: reasonTexts(c.New.Reasons),
		})
	}
	return printed
}

func textsOf(access []policy.Access) []string {
	texts := make([]string, len(access))
	for i, a := range access {
		texts[i] = string(a)
	}
	return texts
}

func reasonTexts(reasons []policy.Reason) []string {
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = r.String()
	}
	return texts
}
