package source

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

// blank is a picture of that many pixels each way.
func blank(t testing.TB, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inline(picture []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
}

// photos reads a list of one user with these photos.
func photos(t *testing.T, photos string) ([]Portrait, []Problem) {
	t.Helper()
	result, err := People(strings.NewReader(`{"Resources":[{"id":"1","externalId":"0001","active":true,"photos":` + photos + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Records) != 1 {
		t.Fatalf("the person was left out: %v", result.Problems)
	}
	return result.Portraits, result.Problems
}

func TestPhotoIsThePrimaryElseNoThumbnailElseTheFirst(t *testing.T) {
	t.Parallel()
	one, two, three := inline(blank(t, 130)), inline(blank(t, 140)), inline(blank(t, 150))
	for sent, want := range map[string]int{
		`{"value":"` + one + `"},{"value":"` + two + `","type":"photo"},{"value":"` + three + `","primary":true}`: 150,
		`{"value":"` + one + `"},{"value":"` + two + `","type":"photo"},{"value":"` + three + `"}`:                140,
		`{"value":"` + one + `","type":"thumbnail"},{"value":"` + two + `"}`:                                      130,
		`{"value":"https://hr.example/1","primary":true},{"value":"` + two + `"}`:                                 140,
		`{"value":"` + strings.Replace(one, "data:", "DATA:", 1) + `"}`:                                           130,
	} {
		taken, problems := photos(t, `[`+sent+`]`)
		if len(problems) != 0 || len(taken) != 1 || taken[0].Portrait.Width != want || taken[0].PersonID != "1" {
			t.Errorf("%d portraits, %v; want one of %d pixels", len(taken), problems, want)
		}
	}
}

func TestPhotoThatIsNoGoodIsANoticeAndLeavesNobodyOut(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`[{"value":"` + inline(blank(t, portrait.MinSide-1)) + `"}]`: "photos: no portrait was taken, because the picture has 119 × 119 pixels, each side needs 120 at least: send a larger one",
		`[{"value":"data:image/svg+xml;base64,PHN2Zy8+"}]`:           "photos: no portrait was taken, because the picture is neither JPEG nor PNG: save it as JPEG or PNG",
		`[{"value":"data:image/png,raw"}]`:                           "photos has a data: URL that is not in base64: no portrait was taken; send data:image/jpeg;base64,…",
		`[{"value":"data:image/png;base64,?"}]`:                      "photos has a data: URL whose base64 is damaged: no portrait was taken; export it again",
		`"https://hr.example/1"`:                                     "photos is not a list of photos: no portrait was taken; send values with the picture as a data: URL",
		`[1]`:                                                        "photos is not a list of photos: no portrait was taken; send values with the picture as a data: URL",
	} {
		taken, problems := photos(t, sent)
		if len(taken) != 0 || len(problems) != 1 || problems[0].Refused || problems[0].Message != want {
			t.Errorf("%.60s: got %v, want %q", sent, problems, want)
		}
	}
}

func TestPhotosOnTheWebAreCountedAndNotFetched(t *testing.T) {
	t.Parallel()
	user := func(id, photos string) string {
		return `{"id":"` + id + `","externalId":"` + id + `","active":true,"photos":` + photos + `}`
	}
	const elsewhere = `[{"value":"https://hr.example/1"}]`
	result, err := People(strings.NewReader(`{"Resources":[` + strings.Join([]string{
		user("1", elsewhere), user("2", elsewhere), user("2", elsewhere), user("3", `[]`), user("4", `null`), user("5", `[{"value":""}]`),
		user("6", elsewhere), user("6", `[{"value":"`+inline(blank(t, 130))+`"}]`),
	}, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := "the photos of 2 people are addresses on the web, which are not fetched: send pictures as data: URLs, or upload them one by one"
	if len(result.Problems) != 1 || result.Problems[0].Message != want || len(result.Portraits) != 1 || result.Portraits[0].PersonID != "6" {
		t.Errorf("got %v and %d portraits", result.Problems, len(result.Portraits))
	}
}

func TestPhotoGoesWithTheRecordThatCameLast(t *testing.T) {
	t.Parallel()
	user := func(photos string) string { return `{"id":"1","externalId":"1","active":true,"photos":` + photos + `}` }
	result, err := People(strings.NewReader(`{"Resources":[` + user(`[{"value":"`+inline(blank(t, 130))+`"}]`) + `,` + user(`[]`) + `]}`))
	if err != nil || len(result.Portraits) != 0 || len(result.Records) != 1 {
		t.Errorf("got %d portraits, %v", len(result.Portraits), err)
	}
}

func TestPhotoOfSomebodyWhoIsRefusedIsNotTaken(t *testing.T) {
	t.Parallel()
	photo := `"photos":[{"value":"` + inline(blank(t, 130)) + `"}]`
	for name, users := range map[string]string{
		"bad record":        `{"id":"1","externalId":"1","active":"perhaps",` + photo + `}`,
		"shared externalId": `{"id":"1","externalId":"1","active":true,` + photo + `},{"id":"2","externalId":"1","active":true}`,
	} {
		result, err := People(strings.NewReader(`{"Resources":[` + users + `]}`))
		if err != nil || len(result.Records) != 0 || len(result.Portraits) != 0 {
			t.Errorf("%s: got %d portraits, %v", name, len(result.Portraits), err)
		}
	}
}
