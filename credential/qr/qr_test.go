package qr_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	codes "github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/credential/qr/draw"
	"pgregory.net/rapid"
)

type goldenCode struct{ Name, Issuer, Presentation, Code string }

// The codes in testdata/golden.json were packed by the first version that had
// this format and must be unpacked by every later one: never change a line.
func golden(t testing.TB) []goldenCode {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var codes []goldenCode
	if err := json.Unmarshal(data, &codes); err != nil {
		t.Fatal(err)
	}
	return codes
}

func TestUnpack_ReadsEveryCodeEverPacked(t *testing.T) {
	t.Parallel()
	for _, g := range golden(t) {
		if got, err := qr.Unpack(g.Code); err != nil || got != g.Presentation {
			t.Errorf("%s: %v", g.Name, err)
		}
	}
}

func TestPack_RestoresTheFrozenPresentations(t *testing.T) {
	t.Parallel()
	for _, g := range golden(t) {
		code := restores(t, g.Issuer, g.Presentation)
		if len(code) > len(g.Code)*101/100 { // compress/flate may change a little
			t.Errorf("%s: the code has %d characters, it had %d", g.Name, len(code), len(g.Code))
		}
	}
}

// restores packs, checks that the code restores the presentation, and returns it.
func restores(t interface {
	Helper()
	Fatalf(string, ...any)
}, issuer, presentation string) string {
	t.Helper()
	code, err := qr.Pack(issuer, presentation)
	if err != nil {
		t.Fatalf("pack %q: %v", presentation, err)
	}
	if got, err := qr.Unpack(code); err != nil || got != presentation {
		t.Fatalf("unpack: %v\ngot  %q\nwant %q", err, got, presentation)
	}
	if !qr.IsCode(code) {
		t.Fatalf("IsCode says no to %q", code)
	}
	return code
}

func TestUnpack_TakesTheURLInAnyCase(t *testing.T) {
	t.Parallel()
	g := golden(t)[0]
	for _, code := range []string{g.Code, strings.ToLower(g.Code), "hTTps" + g.Code[len("https"):]} {
		if got, err := qr.Unpack(code); err != nil || got != g.Presentation {
			t.Errorf("%.40s…: %v", code, err)
		}
	}
}

func TestPack_IsDeterministic(t *testing.T) {
	t.Parallel()
	text := fullBadge().text(1)
	if a, b := restores(t, vendor, text), restores(t, vendor, text); a != b {
		t.Errorf("two codes for one presentation:\n%s\n%s", a, b)
	}
}

func TestPack_ReachesTheTarget(t *testing.T) {
	t.Parallel()
	for _, kid := range []string{"2026-11-a", hashOf("key")} {
		b := fullBadge()
		b.Kid = kid
		for seed := range uint64(20) {
			code := restores(t, vendor, b.text(seed))
			if version, modules, err := draw.Version(code, draw.Low); err != nil || version > 15 {
				t.Errorf("kid %q: version %d, %d modules, %v: want at most 15, 77", kid, version, modules, err)
			}
		}
	}
}

func TestPack_RestoresEveryBadge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[\pL'.-]{1,12}( [\pL'.-]{1,12})?`)
		b := badge{
			Issuer: rapid.SampledFrom([]string{vendor, "https://v.example/tenant/7", "http://127.0.0.1:8080"}).Draw(t, "issuer"),
			Kid:    rapid.OneOf(rapid.Just(hashOf("key")), rapid.StringMatching(`[0-9a-zA-Z_.-]{1,20}`)).Draw(t, "kid"),
			Given:  name.Draw(t, "given"), Family: name.Draw(t, "family"),
			Number:       rapid.StringMatching(`[0-9]{1,17}|[A-Z]-[0-9]{5}`).Draw(t, "number"),
			Organization: name.Draw(t, "organization"),
			Role:         rapid.SampledFrom([]string{"technician", "remote-support", "commissioning"}).Draw(t, "role"),
			Access:       rapid.SampledFrom([][]string{{"onsite"}, {"remote"}, {"onsite", "remote"}}).Draw(t, "access"),
			Shown:        rapid.Permutation(everyClaim).Draw(t, "order")[:rapid.IntRange(0, len(everyClaim)).Draw(t, "shown")],
			IssuedAt:     rapid.Int64Range(0, 1<<33).Draw(t, "issued"),
			Index:        rapid.IntRange(0, 1<<31).Draw(t, "index"),
			Bound:        rapid.Bool().Draw(t, "bound"),
		}
		for range rapid.IntRange(0, 5).Draw(t, "courses") {
			b.Courses = append(b.Courses, course{name.Draw(t, "course"), name.Draw(t, "standard"), rapid.Int64Range(-1, 1<<33).Draw(t, "until")})
		}
		packedAs := rapid.SampledFrom([]string{b.Issuer, "", vendor}).Draw(t, "packed as")
		restores(t, packedAs, b.text(rapid.Uint64().Draw(t, "seed")))
	})
}

// anySDJWT draws text of a compact SD-JWT's shape: JSON in unusual clothes,
// broken JSON, what is not base64url at all.
func anySDJWT() *rapid.Generator[string] {
	encode := base64.RawURLEncoding.EncodeToString
	digests := rapid.SampledFrom([]string{hashOf("a"), hashOf("b"), hashOf("c"), vendor, "2GLC42sKQveCfGfryNRN9w",
		"sha256-" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "f631e9ba-b18e-994e-e458-d94cafbb2a29",
		base64.StdEncoding.EncodeToString(make([]byte, 32)), vendor + "/x/" + hashOf("a"), "1795420800", "0042", "", `\"`, "é", vendor + vendor})
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"{", "}", "[", "]", ":", ",", `"`, " ", "\n", "\t", "\\", "null", "-", "1.5e3",
			`"_sd":[`, `"_sd"`, `"...":`, `"x":"`, `"y":"`, `"cnf":{"jwk":{`, "1795420800", "1795424400", "7", "00", "\x00", "\x0b", "\x12", "\xff"}),
		rapid.Map(digests, func(s string) string { return `"` + s + `"` }),
		digests,
		rapid.StringN(0, 10, -1),
	)
	segment := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return encode([]byte("x" + strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(t, "pieces"), "")))
		}),
		rapid.StringMatching(`[0-9A-Za-z_-]{1,50}`),
	)
	signature := rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 64, 64), func(b []byte) string { return encode(b) }),
		segment,
	)
	return rapid.Custom(func(t *rapid.T) string {
		jwt := func() string {
			return segment.Draw(t, "header") + "." + segment.Draw(t, "payload") + "." + signature.Draw(t, "signature")
		}
		text := jwt() + "~"
		for _, disclosure := range rapid.SliceOfN(segment, 0, 5).Draw(t, "disclosures") {
			text += disclosure + "~"
		}
		if rapid.Bool().Draw(t, "names its own digests") {
			list := []string{hashOf("hidden")}
			for _, d := range strings.Split(text, "~")[1:] {
				list = append(list, hashOf(d))
			}
			if rapid.Bool().Draw(t, "sorted") {
				slices.Sort(list)
			}
			first, rest, _ := strings.Cut(text, "~")
			parts := strings.Split(first, ".")
			text = parts[0] + "." + encode([]byte(`{"_sd": ["`+strings.Join(list, `", "`)+`"]}`)) + "." + parts[2] + "~" + rest
		}
		if rapid.Bool().Draw(t, "bound") {
			text += segment.Draw(t, "header") + "." + encode([]byte(`{"sd_hash":"`+hashOf(text)+`"}`)) + "." + signature.Draw(t, "signature")
		}
		return text
	})
}

func TestPack_RestoresAnyCompactSDJWT(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := anySDJWT().Draw(t, "presentation")
		issuer := rapid.SampledFrom([]string{vendor, ""}).Draw(t, "issuer")
		_, err := qr.Pack(issuer, text)
		var e *codes.Error
		if errors.As(err, &e) && e.Code == codes.FrameTooLarge || issuer == "" && err != nil {
			t.Skip("too large, or too short without a URL")
		}
		restores(t, issuer, text)
	})
}

func TestPack_RefusesWhatIsNoCompactSDJWT(t *testing.T) {
	t.Parallel()
	part := strings.Repeat("A", 86)
	jwt := "e30.e30." + part
	for _, c := range []struct {
		name, text string
		code       codes.Code
	}{
		{"nothing", "", codes.FrameMalformed},
		{"JWT without '~'", jwt, codes.FrameMalformed},
		{"only '~'", "~", codes.FrameMalformed},
		{"two parts", "e30.e30~", codes.FrameMalformed},
		{"four parts", "e30." + jwt + "~", codes.FrameMalformed},
		{"JWE", "e30.e30.e30.e30.e30~", codes.FrameMalformed},
		{"no signature", "e30.e30.~", codes.FrameMalformed},
		{"no header", ".e30." + part + "~", codes.FrameMalformed},
		{"empty disclosure", jwt + "~~", codes.FrameMalformed},
		{"disclosure with a dot", jwt + "~e30.e30.e30~", codes.FrameMalformed},
		{"final '~' missing", jwt + "~e30", codes.FrameMalformed},
		{"key binding of two parts", jwt + "~e30.e30", codes.FrameMalformed},
		{"padding", jwt + "~e30=~", codes.FrameMalformed},
		{"other alphabet", jwt + "~e3+/~", codes.FrameMalformed},
		{"line feed at the end", jwt + "~\n", codes.FrameMalformed},
		{"space at the start", " " + jwt + "~", codes.FrameMalformed},
		{"NUL", jwt + "~e3\x00~", codes.FrameMalformed},
		{"JSON serialisation", `{"payload":"e30","signature":"AA"}`, codes.FrameMalformed},
		{"a gate code", "HTTPS://BADGE.VENDOR.EXAMPLE/C#123", codes.FrameMalformed},
		{"8,193 bytes", jwt + "~" + strings.Repeat("A", 8193-len(jwt)-2) + "~", codes.FrameTooLarge},
		{"33 disclosures", jwt + "~" + strings.Repeat("e30~", 33), codes.FrameTooLarge},
		{"a million '~'", strings.Repeat("~", 1e6), codes.FrameTooLarge},
		{"more than the digits hold", jwt + "~" + base64.RawURLEncoding.EncodeToString([]byte(noise(2000))) + "~", codes.FrameTooLarge},
	} {
		_, err := qr.Pack(vendor, c.text)
		var e *codes.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
}

// noise returns text that does not compress.
func noise(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(hashOf(fmt.Sprint(i)))
	}
	return b.String()[:size]
}

func TestPack_HoldsAsMuchAsItsLimits(t *testing.T) {
	t.Parallel()
	jwt := "e30.e30." + strings.Repeat("A", 86)
	restores(t, vendor, jwt+"~"+strings.Repeat("e30~", qr.MaxDisclosures))
	digits := 0
	for size := 1400; ; size++ {
		code, err := qr.Pack("", jwt+"~"+noise(size)+"~")
		if err != nil {
			var e *codes.Error
			if !errors.As(err, &e) || e.Code != codes.FrameTooLarge {
				t.Fatal(err)
			}
			break
		}
		digits = len(code)
	}
	if digits < qr.MaxDigits-10 || digits > qr.MaxDigits {
		t.Errorf("the longest code has %d digits, want nearly %d", digits, qr.MaxDigits)
	}
}

func TestPack_RefusesUnfitIssuerURLs(t *testing.T) {
	t.Parallel()
	text := fullBadge().text(1)
	for _, url := range []string{
		"badge.vendor.example", "ftp://badge.vendor.example", "https://", "https:///x", "https://Badge.example",
		"https://badge.vendor.example/", "https://badge.vendor.example/a_b", "https://u@badge.vendor.example",
		"https://badge.vendor.example?q", "https://badge.vendor.example#f", "https://bädge.example",
		"https://\u212aadge.example", "https://[::1]", "https://:443", "https://x\n", "https://x y",
		"https://" + strings.Repeat("a", qr.MaxPrefix-len("https:///C#")+1),
	} {
		_, err := qr.Pack(url, text)
		var e *codes.Error
		if err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), "issuer's URL") {
			t.Errorf("%q: got %v, want an error about the issuer's URL", url, err)
		}
	}
	restores(t, "https://"+strings.Repeat("a", qr.MaxPrefix-len("https:///C#")), text)
}

func TestCode_LimitsItsText(t *testing.T) {
	t.Parallel()
	host := func(size int) string { return "https://" + strings.Repeat("a", size-len("https:///c#")) + "/c#" }
	for _, c := range []struct {
		name, code string
		want       codes.Code
		detail     string
	}{
		{"most digits", host(20) + strings.Repeat("9", qr.MaxDigits), codes.FrameMalformed, "format"},
		{"one digit more", host(20) + strings.Repeat("9", qr.MaxDigits+1), codes.FrameTooLarge, "3001 digits"},
		{"most digits, bare", strings.Repeat("9", qr.MaxDigits), codes.FrameMalformed, "format"},
		{"one digit more, bare", strings.Repeat("9", qr.MaxDigits+1), codes.FrameTooLarge, "3001 digits"},
		{"fewest digits, bare", strings.Repeat("9", qr.MinBareDigits), codes.FrameMalformed, "format"},
		{"one digit less, bare", strings.Repeat("9", qr.MinBareDigits-1), codes.FrameMalformed, "at least 100 digits"},
		{"longest URL", host(qr.MaxPrefix) + "9", codes.FrameMalformed, "format"},
		{"one character more", host(qr.MaxPrefix+1) + "9", codes.FrameTooLarge, "129 bytes"},
		{"most text", host(qr.MaxPrefix) + strings.Repeat("9", qr.MaxDigits), codes.FrameMalformed, "format"},
		{"one byte more", host(qr.MaxPrefix) + strings.Repeat("9", qr.MaxDigits+1), codes.FrameTooLarge, "3129 bytes"},
	} {
		_, err := qr.Unpack(c.code)
		var e *codes.Error
		if !errors.As(err, &e) || e.Code != c.want || !strings.Contains(e.Detail, c.detail) {
			t.Errorf("%s: got %v, want %s with %q", c.name, err, c.want, c.detail)
		}
		if is := qr.IsCode(c.code); is != (c.detail == "format") {
			t.Errorf("%s: IsCode says %v", c.name, is)
		}
	}
}

// testdata/bad.json holds what a camera at a gate sees besides badges.
func TestUnpack_RefusesOtherPeoplesCodes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/bad.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name   string
		Code   string
		Repeat int        // how often Code is repeated; 0 means once
		Want   codes.Code // the error's code
		Shaped bool       // what IsCode says
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		code := strings.Repeat(c.Code, max(c.Repeat, 1))
		text, err := qr.Unpack(code)
		var e *codes.Error
		if !errors.As(err, &e) || e.Code != c.Want || text != "" {
			t.Errorf("%s: got %.40q, %v, want %s", c.Name, text, err, c.Want)
			continue
		}
		if want := string(c.Want) + ": " + e.Detail; err.Error() != want {
			t.Errorf("%s: the error reads %q, want %q", c.Name, err, want)
		}
		if len(c.Code) > 7 && strings.Contains(e.Detail, c.Code) {
			t.Errorf("%s: the error repeats the input", c.Name)
		}
		if qr.IsCode(code) != c.Shaped {
			t.Errorf("%s: IsCode says %v", c.Name, !c.Shaped)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	for _, g := range golden(f) {
		f.Add(g.Code)
	}
	f.Add("HTTPS://X/C#1")
	f.Fuzz(func(t *testing.T, code string) {
		text, err := qr.Unpack(code)
		var e *codes.Error
		if err != nil {
			if text != "" || !errors.As(err, &e) {
				t.Fatalf("%q with %v", text, err)
			}
			return
		}
		if len(text) > qr.MaxPresentation || !qr.IsCode(code) {
			t.Fatalf("%d bytes from %q", len(text), code)
		}
		if _, err := qr.Pack(vendor, text); errors.As(err, &e) && e.Code == codes.FrameTooLarge {
			return // another packer may know shorter forms
		}
		restores(t, vendor, text)
	})
}

func FuzzPackUnpack(f *testing.F) {
	for _, g := range golden(f) {
		f.Add(g.Presentation)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := qr.Pack(vendor, text)
		var e *codes.Error
		if err != nil {
			if code != "" || !errors.As(err, &e) {
				t.Fatalf("%q with %v", code, err)
			}
			return
		}
		restores(t, vendor, text)
	})
}
