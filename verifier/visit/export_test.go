package visit_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func (f *fixture) export(t *testing.T, site string, from, to time.Time) string {
	t.Helper()
	var out bytes.Buffer
	if err := f.Export(t.Context(), &out, site, from, to); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rows are the lines of an export by the names of their columns, without empty
// cells.
func (f *fixture) rows(t *testing.T, site string) (rows []map[string]string) {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(f.export(t, site, time.Time{}, time.Time{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			if cell != "" {
				row[lines[0][i]] = cell
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestExport_Lines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(60))
	in := admitted("a", "nadia", 0)
	in.At = in.At.Add(123456 * time.Microsecond).In(time.FixedZone("CET", 3600))
	in.Again, in.Offline, in.Decision, in.StatusIssuedAt = true, true, "D1", at(-3)
	in.Badge.Role = `Technician, "senior"`
	f.keep(t, north, visit.Kept, in)
	f.keep(t, south, visit.Kept, leftByHand("b", "a", 10), left("c", "omar", 20), refused("d", 30))
	f.keep(t, other, visit.Kept, refused("e", 30))
	want := strings.Join([]string{
		"id,at,event,site,gate,gate_name,reason,code,offline,again,decision,status_issued_at,visit,issuer,subject,status_list,index,given_name,family_name,organization,role,expires",
		`a,2026-03-02T08:00:00.123Z,admitted,plant 7,gate-1,North,ok,,true,true,D1,2026-03-02T07:57:00.000Z,,https://badge.vendor.example,nadia,https://badge.vendor.example/status-lists/1,42,Nadia,Nowakowska,Vendor,"Technician, ""senior""",2026-03-02T18:00:00.000Z`,
		`b,2026-03-02T08:10:00.000Z,left,plant 7,gate-2,South,,,false,false,,,a,https://badge.vendor.example,nadia,https://badge.vendor.example/status-lists/1,42,Nadia,Nowakowska,Vendor,"Technician, ""senior""",2026-03-02T18:00:00.000Z`,
		`c,2026-03-02T08:20:00.000Z,left,plant 7,gate-2,South,,,false,false,,,,https://badge.vendor.example,omar,,,,,,,`,
		`d,2026-03-02T08:30:00.000Z,refused,plant 7,gate-2,South,revoked,status_revoked,false,false,,,,,,,,,,,,`,
		"",
	}, "\r\n")
	if got := f.export(t, "plant 7", time.Time{}, time.Time{}); got != want {
		t.Errorf("export:\n%s\nwant:\n%s", got, want)
	}
	if got := f.export(t, "nowhere", time.Time{}, time.Time{}); got != want[:strings.Index(want, "\n")+1] {
		t.Errorf("export of a site without records:\n%s", got)
	}
}

func TestExport_FromAnInstantToBeforeAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.keep(t, north, visit.Kept, refused("a", -3), refused("b", -2), refused("c", -1), refused("d", 0))
	lines := strings.Split(f.export(t, north.Site, at(-2), at(0)), "\r\n")
	if len(lines) != 4 || lines[1][0] != 'b' || lines[2][0] != 'c' {
		t.Errorf("export %q", lines)
	}
}

func TestExport_NoCellIsAFormula(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"} {
		r := admitted(fmt.Sprint("-", i), text, 0)
		r.Badge.GivenName, r.Badge.FamilyName, r.Badge.Organization, r.Badge.Role, r.Badge.StatusList = text, text, text, text, text
		f.keep(t, visit.Origin{Gate: text, GateName: text, Site: north.Site}, visit.Kept, r)
	}
	// Read with the line ends of the file, which csv.Reader would change in cells.
	for i, row := range f.rows(t, north.Site) {
		if row["id"] != fmt.Sprint("'-", i) {
			t.Errorf("id %q", row["id"])
		}
		for name, cell := range row {
			if strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%s begins as a formula: %q", name, cell)
			}
		}
		if row["given_name"][0] != '\'' || row["gate"][0] != '\'' {
			t.Errorf("cells %q", row)
		}
	}
	r := admitted("harmless", "a-b", 1)
	r.Badge.GivenName = "'quoted"
	f.keep(t, north, visit.Kept, r)
	if row := f.rows(t, north.Site)[6]; row["subject"] != "a-b" || row["given_name"] != "'quoted" {
		t.Errorf("cells %q", row)
	}
}

func TestExport_EveryRecordOnceOverManyPages(t *testing.T) {
	t.Parallel()
	for _, count := range []int{499, 500, 501, 1000, 1234} {
		f := newFixture(t)
		records := make([]visit.Record, count)
		for i := range records {
			records[i] = refused(fmt.Sprintf("r%04d", i), i/700) // so that pages end within one instant
		}
		f.Set(at(2))
		for at := 0; at < count; at += visit.MaxRecords {
			f.keep(t, north, visit.Kept, records[at:min(at+visit.MaxRecords, count)]...)
		}
		rows := f.rows(t, north.Site)
		if len(rows) != count {
			t.Fatalf("%d lines of %d records", len(rows), count)
		}
		for i, row := range rows {
			if row["id"] != records[i].ID {
				t.Fatalf("line %d is record %s", i, row["id"])
			}
		}
	}
}

// brokenAfter is a client that goes away.
type brokenAfter struct{ bytes int }

var errGone = errors.New("gone")

func (w *brokenAfter) Write(p []byte) (int, error) {
	if w.bytes -= len(p); w.bytes < 0 {
		return 0, errGone
	}
	return len(p), nil
}

func TestExport_StopsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for part := range 15 {
		var records []visit.Record
		for i := range visit.MaxRecords {
			records = append(records, refused(fmt.Sprint(part, "-", i), 0))
		}
		f.keep(t, north, visit.Kept, records...)
	}
	for _, bytes := range []int{0, 5000, 100_000} {
		if err := f.Export(t.Context(), &brokenAfter{bytes}, north.Site, time.Time{}, time.Time{}); !errors.Is(err, errGone) {
			t.Errorf("after %d bytes: %v", bytes, err)
		}
	}
}
