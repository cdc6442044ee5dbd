package source

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
)

const tableHead = "person_external_id,course_code,completed_at,valid_until,evidence_url\n"

func table(t *testing.T, config TableConfig, text string) Result[evidence.Training] {
	t.Helper()
	if config.Name == "" {
		config.Name = "academy"
	}
	result, err := Table(strings.NewReader(text), config)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	place, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func TestTable_ARowIsAnAttempt(t *testing.T) {
	t.Parallel()
	got := clean(t, table(t, TableConfig{}, tableHead+
		"0700001,CB-101,2026-11-01T08:30:00+01:00,2027-11-01,https://academy.example/1\n"+
		"0700002,CB-102,2026-11-02,,\n"), nil)
	want := []evidence.Training{
		{Origin: evidence.Origin{Source: "csv:academy", ID: "0b7a3fe1cc0e8b6dd18b2ee8a6b3aa6f"}, PersonExternalID: "0700001",
			Course: "CB-101", Outcome: evidence.Completed, At: instant(t, "2026-11-01T07:30:00Z")},
		{Origin: evidence.Origin{Source: "csv:academy"}, PersonExternalID: "0700002",
			Course: "CB-102", Outcome: evidence.Completed, At: instant(t, "2026-11-02T00:00:00Z")},
	}
	if len(got) != 2 {
		t.Fatalf("got %v", got)
	}
	for n := range want {
		if len(got[n].Origin.ID) != 32 {
			t.Errorf("the id is %q", got[n].Origin.ID)
		}
		want[n].Origin.ID = got[n].Origin.ID
		if got[n] != want[n] {
			t.Errorf("got %+v, want %+v", got[n], want[n])
		}
	}
}

func TestTable_AnIDSaysWhatTheRowSaysHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	id := func(config TableConfig, text string) string {
		t.Helper()
		return table(t, config, text).Records[0].Origin.ID
	}
	first := id(TableConfig{}, tableHead+"0700001,CB-101,2026-11-01T08:00:00Z,,\n")
	for name, other := range map[string]string{
		"another zone":      id(TableConfig{}, tableHead+"0700001,CB-101,2026-11-01T09:00:00+01:00,,\n"),
		"another delimiter": id(TableConfig{}, strings.ReplaceAll(tableHead+"0700001,CB-101,2026-11-01T08:00:00Z,,\n", ",", ";")),
		"another pattern": id(TableConfig{Dates: "DD.MM.YYYY HH:mm", Zone: time.UTC},
			tableHead+"0700001,CB-101,01.11.2026 08:00,,\n"),
		"quoted": id(TableConfig{}, tableHead+"\"0700001\",\"CB-101\",2026-11-01T08:00:00.000Z,2030-01-01,\r\n"),
	} {
		if other != first {
			t.Errorf("%s: %s, want %s", name, other, first)
		}
	}
	for name, other := range map[string]string{
		"another person":  id(TableConfig{}, tableHead+"0700002,CB-101,2026-11-01T08:00:00Z,,\n"),
		"another course":  id(TableConfig{}, tableHead+"0700001,CB-102,2026-11-01T08:00:00Z,,\n"),
		"another instant": id(TableConfig{}, tableHead+"0700001,CB-101,2026-11-01T08:00:01Z,,\n"),
		"cut elsewhere":   id(TableConfig{}, tableHead+"0700001C,B-101,2026-11-01T08:00:00Z,,\n"),
	} {
		if other == first {
			t.Errorf("%s has the same id", name)
		}
	}
}

func TestTable_HeadersAreFoundHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config TableConfig
		text   string
	}{
		"other order and more columns": {TableConfig{}, "Name,Completed At,COURSE-CODE,Person External ID\nx,2026-11-01,CB-101,0700001\n"},
		"semicolons":                   {TableConfig{}, "person_external_id;course_code;completed_at\n0700001;CB-101;2026-11-01\n"},
		"tabs":                         {TableConfig{}, "person_external_id\tcourse_code\tcompleted_at\n0700001\tCB-101\t2026-11-01\n"},
		"bars":                         {TableConfig{}, "person_external_id|course_code|completed_at\n0700001|CB-101|2026-11-01\n"},
		"byte order mark":              {TableConfig{}, "\ufeffperson_external_id,course_code,completed_at\r\n0700001,CB-101,2026-11-01\r\n"},
		"comma in another cell":        {TableConfig{}, "person_external_id;course_code;completed_at;\"a,b,c,d\"\n0700001;CB-101;2026-11-01;x,y\n"},
		"own names": {TableConfig{Columns: map[string]string{"person_external_id": "Employee No.", "course_code": "Item ID", "completed_at": "Done"}},
			"EMPLOYEE NO.,Item Id,done\n0700001,CB-101,2026-11-01\n"},
		"told delimiter": {TableConfig{Delimiter: ';'}, "person_external_id;course_code;completed_at\n0700001;CB-101;2026-11-01\n"},
	} {
		got := table(t, c.config, c.text)
		if len(got.Records) != 1 || got.Records[0].PersonExternalID != "0700001" || got.Records[0].Course != "CB-101" || len(got.Problems) != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestTable_DatesAreReadAsConfigured(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		config      TableConfig
		value, want string // want is an instant, or what is said
	}{
		{TableConfig{}, "2026-11-01", "2026-11-01T00:00:00Z"},
		{TableConfig{Zone: berlin}, "2026-11-01", "2026-10-31T23:00:00Z"},
		{TableConfig{Zone: berlin}, "2026-07-01 08:00:00", "2026-07-01T06:00:00Z"},
		{TableConfig{Zone: berlin}, "2026-07-01T08:00", "2026-07-01T06:00:00Z"},
		{TableConfig{Zone: berlin}, "2026-07-01T08:00:00Z", "2026-07-01T08:00:00Z"},
		{TableConfig{}, "2026-07-01 08:00:00Z", "2026-07-01T08:00:00Z"},
		{TableConfig{}, "2026-07-01T08:00:00", "has no time zone"},
		{TableConfig{}, "01.11.2026", "is not a date and time"},
		{TableConfig{Dates: "DD.MM.YYYY"}, "01.11.2026", "2026-11-01T00:00:00Z"},
		{TableConfig{Dates: "DD.MM.YYYY"}, "1.2.2026", "2026-02-01T00:00:00Z"},
		{TableConfig{Dates: "MM/DD/YYYY"}, "2/1/2026", "2026-02-01T00:00:00Z"},
		{TableConfig{Dates: "MM/DD/YYYY"}, "13/1/2026", "write it like MM/DD/YYYY"},
		{TableConfig{Dates: "YYYY/MM/DD HH:mm:ss", Zone: berlin}, "2026/12/01 8:15:30", "2026-12-01T07:15:30Z"},
		{TableConfig{Dates: "DD.MM.YYYY", Zone: berlin}, "30.02.2026", "is not a date"},
		{TableConfig{}, "", "completed_at is missing"},
	} {
		got := table(t, c.config, "person_external_id,course_code,completed_at\n0700001,CB-101,"+c.value+"\n")
		said := ""
		if len(got.Records) == 1 {
			said = got.Records[0].At.Format(time.RFC3339)
		} else if len(got.Problems) > 0 {
			said = got.Problems[0].Message
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%q as %q: %s, want %s", c.value, c.config.Dates, said, c.want)
		}
	}
}

func TestTable_ErrorsAreToldByRow(t *testing.T) {
	t.Parallel()
	got := table(t, TableConfig{}, "person_external_id,course_code,completed_at,valid_until,evidence_url,outcome\n"+
		"0700001,CB-101,2026-11-01,,,passed\n"+ // line 2
		",CB-101,2026-11-01,,,\n"+
		"0700001,,2026-11-01,,,\n"+
		"\"07\n00001\",CB-101,2026-11-01,,,\n"+ // lines 5 and 6
		"0700001,CB-101,yesterday,,,\n"+
		"0700001,CB-101,2026-11-01,2026-10-31,,\n"+
		"0700001,CB-101,2026-11-02,,,perhaps\n"+
		"0700001,CB-101\n"+ // line 10
		" 0700001,CB-101,2026-11-03,,,\n"+
		"0700001,CB-101,2026-11-04,,javascript:x,FAILED\n"+
		"0700001,CB-101,2026-11-01,,,passed\n"+
		"0700001,CB-101,2026-11-01,,,failed\n")
	var said strings.Builder
	for _, p := range got.Problems {
		fmt.Fprintln(&said, p)
	}
	const want = `record 2, line 3: refused: person_external_id is missing: send it
record 3, line 4, id "0700001": refused: course_code is missing: send it
record 4, line 5: refused: person_external_id contains the character U+000A, which may not stand in a text: remove it
record 5, line 7, id "0700001": refused: completed_at "yesterday" is not a date and time: write it like "2026-11-23T08:00:00Z"
record 6, line 8, id "0700001": refused: valid_until is before completed_at: correct one of them
record 7, line 9, id "0700001": refused: outcome is "perhaps": send passed, completed or failed
record 8, line 10: refused: the row has 2 columns, the header has 6: correct it
record 9, line 11: refused: person_external_id " 0700001" starts or ends with a space: remove it
record 10, line 12, id "0700001": notice: evidence_url "javascript:x" is no web address
record 12, line 14, id "ca9da3db6e77f8cfab10303ce6d18359": notice: the same id came earlier with other content: this one counts; send each record once
`
	if said.String() != want {
		t.Errorf("said\n%swant\n%s", said.String(), want)
	}
	if len(got.Records) != 2 || got.Repeated != 2 || got.Records[0].Outcome != evidence.Failed || got.Records[1].Outcome != evidence.Failed {
		t.Errorf("got %v, repeated %d", got.Records, got.Repeated)
	}
}

func TestTable_HalfAFileIsRefusedWhole(t *testing.T) {
	t.Parallel()
	const row = "0700001,CB-101,2026-11-01,2027-11-01,https://academy.example/1\n"
	whole := tableHead + row + row
	for end := range len(whole) {
		result, err := Table(strings.NewReader(whole[:end]), TableConfig{Name: "academy"})
		if end == len(tableHead) || end == len(tableHead)+len(row) {
			if err != nil { // at the end of a line nothing shows that there was more
				t.Errorf("cut at %d: %v", end, err)
			}
			continue
		}
		if err == nil || len(result.Records) != 0 {
			t.Errorf("cut at %d, %q: %d records, %v", end, whole[max(0, end-10):end], len(result.Records), err)
		}
	}
	for text, want := range map[string]string{
		"0700001,CB-101\n":   "the last row has 2 columns, the header has 5, so that the file may be cut off",
		"0700001\n":          "the last row has 1 column, the header has 5",
		"0700001,\"CB-101\n": "this is not CSV",
	} {
		if _, err := Table(strings.NewReader(tableHead+row+text), TableConfig{Name: "academy"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestTable_AFileThatIsNoTableIsAnError(t *testing.T) {
	t.Parallel()
	utf16le := func(text string) string {
		out := "\xff\xfe"
		for _, unit := range utf16.Encode([]rune(text)) {
			out += string([]byte{byte(unit), byte(unit >> 8)})
		}
		return out
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":            {"", "the file is empty"},
		"white space":      {" \n\n", "the file is empty"},
		"UTF-16":           {utf16le(tableHead), "is not UTF-8"},
		"Latin-1":          {tableHead + "0700001,Pr\xfcfung,2026-11-01,,\n", "is not UTF-8"},
		"a NUL":            {tableHead + "07\x0000001,x,2026-11-01,,\n", "is not UTF-8"},
		"another file":     {"{\"statements\":[]}\n", "line 1, column 2: this is not CSV"},
		"a missing column": {"person_external_id,completed_at\n1,2\n", `the header has no column "course_code": add it, or configure which one stands for course_code`},
		"a column twice":   {"person_external_id,course_code,Course Code,completed_at\n1,2,3,4\n", `the header has "course_code" twice`},
		"a stray quote":    {tableHead + "0700001,CB\"101,2026-11-01,,\n", "line 2, column 11: this is not CSV"},
		"columns without":  {strings.Repeat("x,", maxColumns) + "y\n", "the header has more than 256 columns"},
	} {
		if _, err := Table(strings.NewReader(c.text), TableConfig{Name: "academy"}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	config := TableConfig{Name: "academy", Columns: map[string]string{"valid_until": "Expires"}}
	if _, err := Table(strings.NewReader(tableHead), config); err == nil || !strings.Contains(err.Error(), `no column "Expires"`) {
		t.Errorf("a configured column that is not there: %v", err)
	}
}

func TestTable_ColumnsAreBounded(t *testing.T) {
	t.Parallel()
	more := strings.Repeat(",x", maxColumns-3)
	if got := table(t, TableConfig{}, "person_external_id,course_code,completed_at"+more+"\n1,c,2026-11-01"+more+"\n"); len(got.Records) != 1 {
		t.Errorf("at the bound: %+v", got)
	}
	_, err := Table(strings.NewReader("person_external_id,course_code,completed_at"+more+",x\n"), TableConfig{Name: "x"})
	if err == nil || !strings.Contains(err.Error(), "more than 256 columns") {
		t.Errorf("past the bound: %v", err)
	}
}

func TestTable_TheConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	_, err := Table(strings.NewReader(""), TableConfig{Columns: map[string]string{"course": "x"}, Delimiter: 'x', Dates: "DD/MM/YY"})
	for _, want := range []string{"Name must name", `no column "course"`, "Delimiter", `Dates "DD/MM/YY"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	for _, dates := range []string{"DD.MM.YYYY HH:mm", "MM", "YYYY-MM-DD YYYY", "2006-01-02"} {
		if _, err := Table(strings.NewReader(""), TableConfig{Name: "x", Dates: dates}); err == nil || !strings.Contains(err.Error(), "Dates") {
			t.Errorf("%q: %v", dates, err)
		}
	}
	longest := strings.Repeat("x", MaxTextLength-len(TablePrefix))
	table(t, TableConfig{Name: longest}, tableHead)
	if _, err := Table(strings.NewReader(tableHead), TableConfig{Name: longest + "x"}); err == nil || !strings.Contains(err.Error(), "Name") {
		t.Errorf("past the bound: %v", err)
	}
}

func TestTable_RowsAreBounded(t *testing.T) {
	t.Parallel()
	const head, row, last = "person_external_id,course_code,completed_at\n", "x\n", "1,c,2026-11-01\n"
	at := head + strings.Repeat(row, MaxRecords-1) + last
	if got := table(t, TableConfig{}, at); len(got.Records) != 1 || len(got.Problems) != MaxRecords-1 {
		t.Errorf("at the bound: %d records, %d problems", len(got.Records), len(got.Problems))
	}
	if _, err := Table(strings.NewReader(at+last), TableConfig{Name: "x"}); err == nil || !strings.Contains(err.Error(), "more than 500000 rows") {
		t.Errorf("past the bound: %v", err)
	}
}

// The sample's training, written as a table, has the same people, courses and
// instants as its statements.
func TestTable_TheSampleSaysTheSame(t *testing.T) {
	t.Parallel()
	result, err := Training(sampleFile(t, sample.Training), Config{Source: "lrs"})
	var text strings.Builder
	text.WriteString("person_external_id;course_code;completed_at;outcome\n")
	statements := clean(t, result, err)
	for _, s := range statements {
		fmt.Fprintf(&text, "%s;%s;%s;%s\n", s.PersonExternalID, s.Course, s.At.Format(time.RFC3339Nano), s.Outcome)
	}
	rows := clean(t, table(t, TableConfig{}, text.String()), nil)
	if len(rows) != len(statements) {
		t.Fatalf("%d rows, %d statements", len(rows), len(statements))
	}
	for n, row := range rows {
		s := statements[n]
		s.Origin, s.Received = row.Origin, row.Received
		if row != s {
			t.Errorf("got %+v, want %+v", row, s)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add(tableHead + "0700001,CB-101,2026-11-01,2027-11-01,https://academy.example/1\n")
	f.Add("person_external_id;course_code;completed_at\n\"a\"\"b\";;\n")
	f.Fuzz(func(t *testing.T, text string) {
		result, _ := Table(strings.NewReader(text), TableConfig{Name: "x"})
		for _, r := range result.Records {
			if r.PersonExternalID == "" || r.Course == "" || r.At.IsZero() || r.Outcome == "" || len(r.Origin.ID) != 32 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
