package source

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// newlines is an endless file of long lines.
type newlines struct{}

func (newlines) Read(p []byte) (int, error) {
	clear(p)
	p[0] = '\n'
	return len(p), nil
}

func TestFileSizeIsBounded(t *testing.T) {
	t.Parallel()
	n, err := io.Copy(io.Discard, newLineReader(io.LimitReader(newlines{}, MaxFileSize)))
	if n != MaxFileSize || err != nil {
		t.Errorf("at the bound: read %d bytes, %v", n, err)
	}
	_, err = io.Copy(io.Discard, newLineReader(io.LimitReader(newlines{}, MaxFileSize+1)))
	if err != errTooLarge {
		t.Errorf("past the bound: got %v, want %v", err, errTooLarge)
	}
}

func TestNumberOfRecordsIsBounded(t *testing.T) {
	t.Parallel()
	read := func(records int) (int, error) {
		count := 0
		c := collection{member: "value", each: func(record) { count++ }}
		err := c.read(strings.NewReader(`{"value":[0` + strings.Repeat(",0", records-1) + `]}`))
		return count, err
	}
	if count, err := read(MaxRecords); count != MaxRecords || err != nil {
		t.Errorf("at the bound: %d records, %v", count, err)
	}
	_, err := read(MaxRecords + 1)
	want := fmt.Sprintf("line 1, column %d: there are more than 500000 records: export them in parts", len(`{"value":[`)+2*MaxRecords+1)
	if err == nil || err.Error() != want {
		t.Errorf("past the bound: got %v, want %s", err, want)
	}
}

func TestRecordSizeIsBounded(t *testing.T) {
	t.Parallel()
	read := func(size int) Result[struct{}] {
		t.Helper()
		const frame = `{"id":"d1","x":""}`
		raw := strings.Replace(frame, `""`, `"`+strings.Repeat("x", size-len(frame))+`"`, 1)
		var f fields
		var into managedDevice
		g := newGathering(func(a, b struct{}) bool { return a == b })
		f.decode([]byte(raw), &into)
		g.note(record{position: 1, line: 1}, into.ID, &f)
		return g.result
	}
	if got := read(MaxRecordSize).Problems; len(got) != 0 {
		t.Errorf("at the bound: %v", got)
	}
	got := read(MaxRecordSize + 1).Problems
	if len(got) != 1 || got[0].Message != "the record is larger than 1024 KiB: leave out what is not needed" {
		t.Errorf("past the bound: %v", got)
	}
}

func TestTextLengthIsBounded(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("م", MaxTextLength)
	if got := person(t, `,"displayName":"`+longest+`"`).DisplayName; got != longest {
		t.Errorf("at the bound: got %q", got)
	}
	result, err := People(strings.NewReader(`{"Resources":[{"id":"1","externalId":"0001","active":true,"displayName":"` + longest + `م"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Problem{1, 1, "1", true, "displayName is longer than 256 characters: shorten it"}
	if len(result.Problems) != 1 || result.Problems[0] != want || len(result.Records) != 0 {
		t.Errorf("past the bound: got %v", result.Problems)
	}
}

func TestLongIDsAreClippedInProblems(t *testing.T) {
	t.Parallel()
	result, err := People(strings.NewReader(`{"Resources":[{"id":"` + strings.Repeat("x", 10_000) + `","externalId":"0001","active":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := len([]rune(result.Problems[0].ID)); got != MaxTextLength+1 {
		t.Errorf("the id in the problem has %d characters", got)
	}
}

// The decoder reads ahead in blocks, so that the lines of a record have to be
// found in what was read long before.
func TestLinesAreRightInALongFile(t *testing.T) {
	t.Parallel()
	const records = 5000
	var file strings.Builder
	file.WriteString("{\"value\": [")
	for i := range records {
		if i > 0 {
			file.WriteString(",")
		}
		fmt.Fprintf(&file, "\n\n  {\"x\": \"%s\",\n   \"y\": 1}", strings.Repeat("é", i%300))
	}
	file.WriteString("\n]}\n")
	c := collection{member: "value", each: func(r record) {
		if want := 3 + (r.position-1)*3; r.line != want {
			t.Fatalf("record %d begins on line %d, want %d", r.position, r.line, want)
		}
	}}
	if err := c.read(strings.NewReader(file.String())); err != nil {
		t.Fatal(err)
	}
	broken := strings.TrimSuffix(file.String(), "\n]}\n") + ",\n {\"z\": ?}]}"
	err := c.read(strings.NewReader(broken))
	want := fmt.Sprintf("line %d, column 8: this is not JSON: invalid character '?' looking for beginning of value: export the file again", 2+records*3)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestErrorsOfTheReaderAreKept(t *testing.T) {
	t.Parallel()
	_, err := People(io.MultiReader(strings.NewReader(`{"Resources":[`), failing{}))
	if want := "source: people: read the file: the disk is gone"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fmt.Errorf("the disk is gone") }
