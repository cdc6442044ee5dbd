package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// TablePrefix stands before a table's name in the source of its records.
const TablePrefix = "csv:"

// TableConfig says how a learning system writes its CSV. The zero value, but for
// the name, reads the columns under their own names, and dates of ISO 8601.
type TableConfig struct {
	// Name names the sending system; records have the source "csv:<name>". It must
	// stay the same from file to file.
	Name string
	// Columns says under which header the file has a column, by the column's name
	// (person_external_id, course_code, completed_at, valid_until, evidence_url,
	// outcome). Headers are compared without regard to capitals, spaces, hyphens
	// and underscores.
	Columns map[string]string
	// Delimiter is one of , ; tab |. When zero it is found in the header.
	Delimiter rune
	// Dates is how dates are written, in YYYY, MM, DD, HH, mm and ss, such as
	// "DD.MM.YYYY HH:mm"; empty means ISO 8601.
	Dates string
	// Zone is the time zone of dates that name none. When nil, a day is one of UTC
	// and a time of day without a zone is refused.
	Zone *time.Location
}

// Check reports everything that is wrong with the configuration at once.
func (c TableConfig) Check() error {
	_, err := c.validate()
	return err
}

// Table reads training as learning systems export it on a schedule: CSV (RFC
// 4180) in UTF-8 with the columns
//
//	person_external_id, course_code, completed_at [, valid_until, evidence_url, outcome]
//
// in any order; others are passed over. A row is one attempt that was completed,
// or what outcome says (passed, completed, failed). It has no id of its own: the
// record's id is made of person, course and instant, so that the same file again
// changes nothing. A day counts from its first moment. valid_until and
// evidence_url are checked and not kept, because how long training is good is the
// policy's to say. A row that is gone from a later file takes nothing back.
//
// A row that is no good is left out and reported under its line. Half a file is
// refused as a whole: its last line has to end in a line break and to have as many
// columns as the header. Nothing is written, so that reading alone is a dry run.
func Table(r io.Reader, config TableConfig) (Result[evidence.Training], error) {
	result, err := readTable(r, config)
	if err != nil {
		return Result[evidence.Training]{}, fmt.Errorf("source: training: %w", err)
	}
	return result, nil
}

func readTable(r io.Reader, config TableConfig) (Result[evidence.Training], error) {
	var none Result[evidence.Training]
	dates, err := config.validate()
	if err != nil {
		return none, err
	}
	text, err := readText(r)
	if err != nil {
		return none, err
	}
	t := &tableReader{
		source: TablePrefix + config.Name, dates: dates, text: text,
		gathering: newGathering(func(a, b evidence.Training) bool { return a == b }),
	}
	if t.columns, t.csv, err = openTable(text, config); err != nil {
		return none, err
	}
	if err := t.rows(); err != nil {
		return none, err
	}
	return t.finish(t.source, nil), nil
}

func (c TableConfig) validate() (dateReader, error) {
	var problems []error
	if c.Name == "" || strings.TrimSpace(c.Name) != c.Name || utf8.RuneCountInString(c.Name) > MaxTextLength-len(TablePrefix) {
		problems = append(problems, errors.New("config: Name must name the sending system"))
	}
	for column := range c.Columns {
		if !isColumn(column) {
			problems = append(problems, fmt.Errorf("config: Columns: there is no column %q; there are %s", column, strings.Join(columnNames(), ", ")))
		}
	}
	if c.Delimiter != 0 && !strings.ContainsRune(delimiters, c.Delimiter) {
		problems = append(problems, errors.New("config: Delimiter must be a comma, semicolon, tab or bar"))
	}
	dates, err := newDateReader(c.Dates, c.Zone)
	problems = append(problems, err)
	return dates, errors.Join(problems...)
}

// readText reads a whole file of UTF-8 that ends in a line break.
func readText(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(newLineReader(r)) // which drops a byte order mark and bounds the size
	switch {
	case err != nil:
		return nil, err
	case len(bytes.TrimSpace(text)) == 0:
		return nil, errors.New("the file is empty: export it again")
	case !utf8.Valid(text), bytes.IndexByte(text, 0) >= 0:
		return nil, errors.New("the file is not UTF-8 text: export it as CSV UTF-8")
	case text[len(text)-1] != '\n':
		return nil, errors.New("the last line has no line break at its end, so that the file may be cut off: export it again")
	}
	return text, nil
}

type tableReader struct {
	*gathering[evidence.Training]
	source  string
	columns map[string]int // place in a row, by the column's name
	dates   dateReader
	csv     *csv.Reader
	text    []byte
}

// rows reads what follows the header.
func (t *tableReader) rows() error {
	short := 0 // columns of the row that was read last, if they are not as many as the header's
	for position := 1; ; position++ {
		start := t.csv.InputOffset()
		row, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return notTable(err)
		}
		if position > MaxRecords {
			return fmt.Errorf("there are more than %d rows: export them in parts", MaxRecords)
		}
		line, _ := t.csv.FieldPos(0)
		from := record{position, line, t.text[start:t.csv.InputOffset()]}
		if short = 0; err != nil {
			short = len(row)
			t.problem(from, "", true, fmt.Sprintf("the row has %s, the header has %d: correct it", count(len(row), "column"), t.csv.FieldsPerRecord))
			continue
		}
		t.take(from, row)
	}
	if short > 0 {
		return fmt.Errorf("the last row has %s, the header has %d, so that the file may be cut off: export it again",
			count(short, "column"), t.csv.FieldsPerRecord)
	}
	return nil
}

func notTable(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d, column %d: this is not CSV: %w: export the file again", parse.Line, parse.Column, parse.Err)
	}
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (t *tableReader) take(from record, row []string) {
	var f fields
	cell := func(column string) string {
		if at, present := t.columns[column]; present {
			return row[at]
		}
		return ""
	}
	training := evidence.Training{
		PersonExternalID: f.required(columnPerson, cell(columnPerson)),
		Course:           f.required(columnCourse, cell(columnCourse)),
		Outcome:          outcomeOf(&f, cell(columnOutcome)),
		At:               t.dates.read(&f, columnCompleted, cell(columnCompleted)),
	}
	if cell(columnCompleted) == "" {
		f.refuse("%s is missing: send it", columnCompleted)
	}
	if until := t.dates.read(&f, columnValid, cell(columnValid)); !until.IsZero() && until.Before(training.At) {
		f.refuse("%s is before %s: correct one of them", columnValid, columnCompleted)
	}
	checkURL(&f, cell(columnEvidence))
	id := rowID(training)
	training.Origin = evidence.Origin{Source: t.source, ID: id}
	if t.note(from, training.PersonExternalID, &f) {
		t.add(from, id, training)
	}
}

// rowID names a row by what it says, in a form that does not depend on how it was
// written.
func rowID(training evidence.Training) string {
	hash := sha256.New()
	for _, part := range []string{training.PersonExternalID, training.Course, training.At.UTC().Format(time.RFC3339Nano)} {
		fmt.Fprintf(hash, "%d:%s", len(part), part) // lengths, so that no two rows can be cut into the same text
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

func outcomeOf(f *fields, text string) evidence.Outcome {
	switch strings.ToLower(text) {
	case "", string(evidence.Completed):
		return evidence.Completed
	case string(evidence.Passed):
		return evidence.Passed
	case string(evidence.Failed):
		return evidence.Failed
	}
	f.refuse("%s is %q: send passed, completed or failed", columnOutcome, clip(text, MaxTextLength))
	return ""
}

func checkURL(f *fields, text string) {
	if text == "" {
		return
	}
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		f.notice("%s %q is no web address", columnEvidence, clip(text, MaxTextLength))
	}
}
