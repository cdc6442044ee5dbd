package issuer_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestImport_OneWithoutExternalIDKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	report, err := p.Import(t.Context(), issuer.Files{People: strings.NewReader(
		`{"Resources":[{"id":"x1","active":true},{"id":"x2","externalId":"x-0002","active":true}]}`)}, "a test")
	if err != nil {
		t.Fatal(err)
	}
	if report.People.Added != 1 || len(report.People.Problems) != 1 || !report.People.Problems[0].Refused || report.People.Problems[0].ID != "x1" {
		t.Errorf("got %+v", report.People)
	}
	if _, err := p.Person(t.Context(), "x1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the one left out: %v", err)
	}
	if person, err := p.Person(t.Context(), "x-0002"); err != nil || person.ID != "x2" {
		t.Errorf("the other: %+v, %v", person, err)
	}
}

func TestImport_AFileThatDoesNotArriveIsNotBlamed(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	gone := errors.New("connection reset")
	for _, begun := range []string{"", `{"Resources":[`, `{"Resources":[]}`} {
		_, err := p.Import(t.Context(), issuer.Files{People: io.MultiReader(strings.NewReader(begun), iotest.ErrReader(gone))}, "a test")
		var file *issuer.FileError
		if !errors.As(err, &file) || file.File != issuer.PeopleFile || !errors.Is(err, gone) {
			t.Errorf("after %q: %v", begun, err)
		}
	}
}

// pieces hands out little at a time, as a network does.
type pieces struct{ from io.Reader }

func (p pieces) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), 512)]) }

// Were each piece looked at together with all before it, this would take hours.
func TestImport_LongWhiteSpaceInSmallPiecesTakesNoTime(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	_, err := p.Import(t.Context(), issuer.Files{People: pieces{io.MultiReader(
		bytes.NewReader(bytes.Repeat([]byte{' '}, 16<<20)), strings.NewReader(`{"Resources":[]}`))}}, "a test")
	if err != nil {
		t.Error(err)
	}
}

func TestImporting_TakesNoFileOfAnotherName(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	var file *issuer.FileError
	if err := p.BeginImport().Read("payroll", strings.NewReader("{}")); !errors.As(err, &file) || file.File != "payroll" {
		t.Errorf("got %v", err)
	}
}
