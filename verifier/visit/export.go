package visit

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// exportPage is how many records are in memory at once. Between pages nothing is
// held open in the store, so a slow reader is nobody's burden.
const exportPage = 500

// endOfTime is later than every time in JSON.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

var exportHeader = []string{
	"id", "at", "event", "site", "gate", "gate_name", "reason", "code", "offline", "again", "decision", "status_issued_at",
	"visit", "issuer", "subject", "status_list", "index", "given_name", "family_name", "organization", "role", "expires",
}

// Export writes the records of a site from an instant to before another as CSV
// (RFC 4180) with a header line, oldest first. A zero instant is no bound. Cells
// that a spreadsheet would run as a formula begin with an apostrophe. It reads as
// it writes: what is added or forgotten meanwhile may or may not be in it.
func (r *Register) Export(ctx context.Context, w io.Writer, site string, from, to time.Time) error {
	if to.IsZero() {
		to = endOfTime
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(exportHeader); err != nil {
		return fmt.Errorf("visit: export: %w", err)
	}
	for after := (Cursor{}); ; {
		entries, err := r.config.Store.RecordsBetween(ctx, site, from, to, after, exportPage)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := out.Write(e.cells()); err != nil {
				return fmt.Errorf("visit: export: %w", err)
			}
		}
		if out.Flush(); out.Error() != nil {
			return fmt.Errorf("visit: export: %w", out.Error())
		}
		if len(entries) < exportPage {
			return nil
		}
		last := entries[len(entries)-1]
		after = Cursor{last.At, last.ID}
	}
}

func (e Entry) cells() []string {
	cells := []string{
		e.ID, timeCell(e.At), string(e.Event), e.Site, e.Gate, e.GateName, e.Reason, e.Code,
		strconv.FormatBool(e.Offline), strconv.FormatBool(e.Again), e.Decision, timeCell(e.StatusIssuedAt), e.Visit,
	}
	if b := e.Badge; b != nil {
		cells = append(cells, b.Issuer, b.Subject, b.StatusList, b.indexCell(),
			b.GivenName, b.FamilyName, b.Organization, b.Role, timeCell(b.Expires))
	}
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	return append(cells, make([]string, len(exportHeader)-len(cells))...)
}

// indexCell is empty where the register keeps no place in a list.
func (b *Badge) indexCell() string {
	if b.StatusList == "" {
		return ""
	}
	return strconv.FormatUint(b.Index, 10)
}

func timeCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// harmless keeps a spreadsheet from running a cell: a holder's name must not be
// able to fetch an address from the office's desk.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
