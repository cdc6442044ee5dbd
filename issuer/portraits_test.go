package issuer_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/sample/face"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// picture draws somebody for an upload.
func picture(t testing.TB, of string) []byte {
	t.Helper()
	drawn, err := face.PNG(of)
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

func (p program) mustSetPortrait(t testing.TB, ref, of string) portrait.Portrait {
	t.Helper()
	made, err := p.SetPortrait(t.Context(), ref, picture(t, of), "a test")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// events counts what is on record, by kind.
func (p program) events(t testing.TB) map[store.EventKind]int {
	t.Helper()
	counts := map[store.EventKind]int{}
	for after := int64(0); ; {
		page, err := p.store.Events(t.Context(), after, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			counts[e.Kind]++
			after = e.Number
		}
		if len(page) < store.MaxPage {
			return counts
		}
	}
}

func TestPortrait_IsInBadgesFromThenOn(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	person := p.eligible(t)[0].Person
	if badge := opened(t, p.mustIssue(t, person.ID).Text); badge.Picture != "" || badge.PictureIntegrity != "" {
		t.Errorf("a badge of somebody without a portrait has %q", badge.Picture)
	}
	made := p.mustSetPortrait(t, person.ExternalID, "a face")
	badge := opened(t, p.mustIssue(t, person.ID).Text)
	if want := credentialtest.IssuerURL + "/pictures/" + base64.RawURLEncoding.EncodeToString(made.Digest[:16]); badge.Picture != want {
		t.Errorf("picture is %q, want %q", badge.Picture, want)
	}
	if want := "sha256-" + base64.StdEncoding.EncodeToString(made.Digest[:]); badge.PictureIntegrity != want {
		t.Errorf("picture#integrity is %q, want %q", badge.PictureIntegrity, want)
	}
	found, err := p.Portrait(t.Context(), made.Digest.Name())
	if err != nil || found.Digest != made.Digest {
		t.Errorf("got %v, %v", found.Digest, err)
	}
	if err := p.RemovePortrait(t.Context(), person.ID, "a test"); err != nil {
		t.Fatal(err)
	}
	if badge := opened(t, p.mustIssue(t, person.ID).Text); badge.Picture != "" {
		t.Errorf("a badge names a portrait that was taken away: %q", badge.Picture)
	}
}

func TestPortrait_ChangesAreOnRecordOnce(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	person := p.eligible(t)[0].Person
	for range 2 {
		p.mustSetPortrait(t, person.ID, "a face")
	}
	for range 2 {
		if err := p.RemovePortrait(t.Context(), person.ID, "a test"); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.events(t); got[store.PortraitSet] != 1 || got[store.PortraitRemoved] != 1 {
		t.Errorf("recorded %d and %d", got[store.PortraitSet], got[store.PortraitRemoved])
	}
}

func TestPortrait_OfNobodyAndOfNothing(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	person := p.eligible(t)[0].Person
	_, err := p.SetPortrait(t.Context(), "nobody", picture(t, "a face"), "a test")
	_, none := p.PortraitOf(t.Context(), person.ID)
	for what, err := range map[string]error{
		"set": err, "remove": p.RemovePortrait(t.Context(), "nobody", "a test"), "none": none,
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var refused *portrait.RefusedError
	if _, err := p.SetPortrait(t.Context(), person.ID, []byte("no picture"), "a test"); !errors.As(err, &refused) || refused.Reason != portrait.UnknownType {
		t.Errorf("got %v", err)
	}
}

// TestPortrait_IsThereAsLongAsABadgeNamesIt: the badge that was issued last before
// the portrait was replaced is the one that lives longest.
func TestPortrait_IsThereAsLongAsABadgeNamesIt(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *issuer.Config) { c.BadgeLife = credential.MaxLifetime })
	person := p.eligible(t)[0].Person
	old := p.mustSetPortrait(t, person.ID, "a face")
	badge := opened(t, p.mustIssue(t, person.ID).Text)
	replaced := p.Now()
	p.mustSetPortrait(t, person.ID, "another face")

	p.Set(replaced.Add(issuer.KeepPortraits))
	if p.Now().Before(badge.Expires) {
		t.Fatalf("a badge outlives its portrait: until %s", badge.Expires)
	}
	p.touchPortraits(t)
	if _, err := p.Portrait(t.Context(), old.Digest.Name()); err != nil {
		t.Errorf("at the end of its time: %v", err)
	}
	p.Set(replaced.Add(issuer.KeepPortraits + time.Microsecond))
	p.touchPortraits(t)
	if _, err := p.Portrait(t.Context(), old.Digest.Name()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after its time: %v", err)
	}
	if _, err := p.PortraitOf(t.Context(), person.ID); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// touchPortraits is an import of nothing, with which old portraits are discarded.
func (p program) touchPortraits(t testing.TB) {
	t.Helper()
	if _, err := p.Import(t.Context(), issuer.Files{}, "a test"); err != nil {
		t.Fatal(err)
	}
}

// scim is an export of one person with these photos.
func scim(id, photos string) string {
	return fmt.Sprintf(`{"totalResults":1,"Resources":[{"id":%q,"externalId":"X-%s","active":true,"photos":%s}]}`, id, id, photos)
}

func dataURL(picture []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
}

func (p program) importPeople(ctx context.Context, t testing.TB, people string) issuer.ImportReport {
	t.Helper()
	report, err := p.Import(ctx, issuer.Files{People: strings.NewReader(people)}, "a test")
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestImport_TakesPhotosThatAreInTheFile(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	people := scim("p1", `[{"value":"https://hr.example/p1.jpg"},{"value":"`+dataURL(picture(t, "a face"))+`","primary":true}]`)
	report := p.importPeople(t.Context(), t, people)
	if report.Portraits != (store.ImportCount{Added: 1}) || len(report.People.Problems) != 0 {
		t.Fatalf("got %+v, %v", report.Portraits, report.People.Problems)
	}
	want, err := portrait.Take(picture(t, "a face"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.PortraitOf(t.Context(), "p1"); err != nil || got.Digest != want.Digest {
		t.Errorf("got %v, %v", got.Digest, err)
	}
	if again := p.importPeople(t.Context(), t, people).Portraits; again != (store.ImportCount{Unchanged: 1}) {
		t.Errorf("again: %+v", again)
	}
}

func TestImport_LeavesPortraitsOfPeopleWithoutPhotosAlone(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	person := p.eligible(t)[0].Person
	made := p.mustSetPortrait(t, person.ID, "a face")
	issuertest.ImportSample(t, p.Program)
	if got, err := p.PortraitOf(t.Context(), person.ID); err != nil || got.Digest != made.Digest {
		t.Errorf("after an import: %v, %v", got.Digest, err)
	}
	// Not even when the record changes, and photos are elsewhere or no good.
	for _, photos := range []string{`[]`, `[{"value":"https://hr.example/1.jpg"}]`, `[{"value":"data:image/png;base64,AAAA"}]`} {
		report := p.importPeople(t.Context(), t, scim(person.ID, photos))
		if report.Portraits != (store.ImportCount{}) {
			t.Errorf("%s: %+v", photos, report.Portraits)
		}
		if got, err := p.PortraitOf(t.Context(), person.ID); err != nil || got.Digest != made.Digest {
			t.Errorf("%s: %v, %v", photos, got.Digest, err)
		}
	}
}

func TestImport_TellsOfPhotosThatWereNotTaken(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	report := p.importPeople(t.Context(), t, scim("p1", `[{"value":"https://hr.example/p1.jpg"}]`))
	told := slices.ContainsFunc(report.People.Problems, func(problem issuer.ImportProblem) bool {
		return !problem.Refused && strings.Contains(problem.Message, "photos of 1 people are addresses on the web, which are not fetched")
	})
	if report.People.Added != 1 || !told {
		t.Errorf("got %+v", report.People)
	}
}

func TestImport_PhotoOfSomebodyWhoIsRefusedIsPassedOver(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	people := `{"Resources":[{"id":"p1","active":true,"photos":[{"value":"` + dataURL(picture(t, "a face")) + `"}]}]}`
	report := p.importPeople(t.Context(), t, people) // without externalId
	if report.People.Added != 0 || report.Portraits != (store.ImportCount{}) {
		t.Errorf("got %+v", report)
	}
}
