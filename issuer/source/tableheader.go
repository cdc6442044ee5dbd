package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The columns of a table.
const (
	columnPerson    = "person_external_id"
	columnCourse    = "course_code"
	columnCompleted = "completed_at"
	columnValid     = "valid_until"
	columnEvidence  = "evidence_url"
	columnOutcome   = "outcome"
)

const delimiters = ",;\t|"

// maxColumns bounds a header.
const maxColumns = 256

func columnNames() []string {
	return []string{columnPerson, columnCourse, columnCompleted, columnValid, columnEvidence, columnOutcome}
}

func isColumn(name string) bool { return slices.Contains(columnNames(), name) }

// openTable reads the header. Of several delimiters the one that shows the
// columns is taken.
func openTable(text []byte, config TableConfig) (columns map[string]int, rows *csv.Reader, err error) {
	tried := delimiters
	if config.Delimiter != 0 {
		tried = string(config.Delimiter)
	}
	for _, delimiter := range tried {
		reader := csv.NewReader(bytes.NewReader(text))
		reader.Comma = delimiter
		header, failed := reader.Read() // which also sets how many columns there are
		if failed != nil {
			if err == nil {
				err = notTable(failed)
			}
			continue
		}
		columns, problem := findColumns(header, config.Columns)
		if problem == nil {
			return columns, reader, nil
		}
		// What is said of the delimiter that splits the line is of use; the others
		// see one long name.
		if err == nil || len(header) > 1 {
			err = problem
		}
	}
	return nil, nil, err
}

// findColumns returns the place of each column that is there.
func findColumns(header []string, named map[string]string) (map[string]int, error) {
	if len(header) > maxColumns {
		return nil, fmt.Errorf("the header has more than %d columns: leave out what is not needed", maxColumns)
	}
	places := map[string][]int{}
	for place, name := range header {
		places[foldHeader(name)] = append(places[foldHeader(name)], place)
	}
	columns := map[string]int{}
	var problems []error
	for _, column := range columnNames() {
		name := column
		if other, renamed := named[column]; renamed {
			name = other
		}
		found := places[foldHeader(name)]
		switch {
		case len(found) > 1:
			problems = append(problems, fmt.Errorf("the header has %q twice: keep one", name))
		case len(found) == 1:
			columns[column] = found[0]
		case column == columnPerson || column == columnCourse || column == columnCompleted || name != column:
			problems = append(problems, fmt.Errorf("the header has no column %q: add it, or configure which one stands for %s", name, column))
		}
	}
	return columns, errors.Join(problems...)
}

// foldHeader makes equal what people take for equal.
func foldHeader(name string) string {
	return strings.NewReplacer(" ", "", "_", "", "-", "", "\u00a0", "").Replace(strings.ToLower(strings.TrimSpace(name)))
}
