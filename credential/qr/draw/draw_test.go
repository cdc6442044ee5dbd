package draw_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/qr/draw"
)

type goldenCode struct{ Name, Code string }

func golden(t testing.TB) []goldenCode {
	t.Helper()
	data, err := os.ReadFile("../testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var codes []goldenCode
	if err := json.Unmarshal(data, &codes); err != nil {
		t.Fatal(err)
	}
	return codes
}

// modulesOf reads a PNG image back into modules, and fails where a module is
// not one colour.
func modulesOf(t testing.TB, file []byte, modulePixels int) [][]bool {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	picture, ok := decoded.(*image.Paletted)
	if !ok || len(picture.Palette) != 2 {
		t.Fatalf("the image has more than two colours: %T", decoded)
	}
	size := picture.Bounds().Dx() / modulePixels
	if b := picture.Bounds(); b.Dx() != b.Dy() || b.Dx() != size*modulePixels {
		t.Fatalf("the image has %v pixels, modules have %d", b, modulePixels)
	}
	modules := make([][]bool, size)
	for y := range modules {
		modules[y] = make([]bool, size)
		for x := range modules[y] {
			first := picture.ColorIndexAt(x*modulePixels, y*modulePixels)
			for i := range modulePixels * modulePixels {
				if picture.ColorIndexAt(x*modulePixels+i%modulePixels, y*modulePixels+i/modulePixels) != first {
					t.Fatalf("module %d, %d has two colours", x, y)
				}
			}
			modules[y][x] = color.GrayModel.Convert(picture.Palette[first]).(color.Gray).Y == 0
		}
	}
	return modules
}

func drawPNG(t testing.TB, code string, options draw.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := draw.PNG(&b, code, options); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPNG_IsReadByAnotherProgram(t *testing.T) {
	t.Parallel()
	zbarimg, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatal("zbarimg is missing: install zbar-tools; make test does it")
	}
	for i, g := range golden(t) {
		for _, level := range []draw.Level{draw.Low, draw.Medium} {
			t.Run(fmt.Sprintf("%d/%d", i, level), func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "code.png")
				if err := os.WriteFile(file, drawPNG(t, g.Code, draw.Options{Level: level, ModulePixels: 4}), 0o600); err != nil {
					t.Fatal(err)
				}
				read, err := exec.CommandContext(t.Context(), zbarimg, "--quiet", "--raw", "--nodbus", file).Output()
				if err != nil {
					t.Fatalf("%s: zbarimg: %v", g.Name, err)
				}
				if got := strings.TrimSuffix(string(read), "\n"); got != g.Code {
					t.Errorf("%s: zbarimg reads %q", g.Name, got)
				}
			})
		}
	}
}

func TestPNG_GivesEveryModuleTheSameWholePixels(t *testing.T) {
	t.Parallel()
	const code = "HTTPS://BADGE.VENDOR.EXAMPLE/C#1"
	want := modulesOf(t, drawPNG(t, code, draw.Options{ModulePixels: 1}), 1)
	for _, pixels := range []int{2, 3, 5, 7, 8, 13, 49, draw.MaxModulePixels} {
		if got := modulesOf(t, drawPNG(t, code, draw.Options{ModulePixels: pixels}), pixels); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%d pixels a module: another code", pixels)
		}
	}
	byDefault := modulesOf(t, drawPNG(t, code, draw.Options{}), draw.DefaultModulePixels)
	if !slices.EqualFunc(byDefault, want, slices.Equal) {
		t.Error("by default: another code")
	}
}

func TestPNG_HasAWhiteMargin(t *testing.T) {
	t.Parallel()
	code := golden(t)[0].Code
	modules := modulesOf(t, drawPNG(t, code, draw.Options{ModulePixels: 1}), 1)
	_, want, err := draw.Version(code, draw.Low)
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) != want+2*draw.Margin {
		t.Fatalf("%d modules with the margin, want %d", len(modules), want+2*draw.Margin)
	}
	for y, row := range modules {
		for x, dark := range row {
			inside := min(x, y, len(row)-1-x, len(row)-1-y) >= draw.Margin
			if dark && !inside {
				t.Fatalf("the margin is dark at %d, %d", x, y)
			}
		}
	}
	for _, corner := range []int{draw.Margin, len(modules) - 1 - draw.Margin} {
		if !modules[draw.Margin][corner] {
			t.Errorf("no finder pattern at %d", corner)
		}
	}
}

func TestSVG_DrawsTheModulesOfThePNG(t *testing.T) {
	t.Parallel()
	for _, g := range golden(t) {
		want := modulesOf(t, drawPNG(t, g.Code, draw.Options{ModulePixels: 3}), 3)
		var b bytes.Buffer
		if err := draw.SVG(&b, g.Code, draw.Options{ModulePixels: 3}); err != nil {
			t.Fatal(err)
		}
		if got := modulesOfSVG(t, b.Bytes(), 3); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: other modules", g.Name)
		}
	}
}

// modulesOfSVG parses the image strictly and paints its second path.
func modulesOfSVG(t testing.TB, file []byte, modulePixels int) [][]bool {
	t.Helper()
	var svg struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Width   int      `xml:"width,attr"`
		Height  int      `xml:"height,attr"`
		ViewBox string   `xml:"viewBox,attr"`
		Paths   []struct {
			Fill string `xml:"fill,attr"`
			D    string `xml:"d,attr"`
		} `xml:"path"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(file))
	if err := decoder.Decode(&svg); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("something follows the image: %v", err)
	}
	size := svg.Width / modulePixels
	if svg.Width != svg.Height || svg.Width != size*modulePixels || svg.ViewBox != fmt.Sprintf("0 0 %d %d", size, size) || len(svg.Paths) != 2 {
		t.Fatalf("unexpected frame: %d × %d, %s, %d paths", svg.Width, svg.Height, svg.ViewBox, len(svg.Paths))
	}
	if ground := svg.Paths[0]; ground.Fill != "#fff" || ground.D != fmt.Sprintf("M0 0h%dv%dH0z", size, size) {
		t.Fatalf("the ground is not white: %+v", ground)
	}
	modules := make([][]bool, size)
	for y := range modules {
		modules[y] = make([]bool, size)
	}
	for _, run := range strings.SplitAfter(svg.Paths[1].D, "z") {
		if run == "" {
			continue
		}
		var x, y, width, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%dz", &x, &y, &width, &back); err != nil || width != back {
			t.Fatalf("%q: %v", run, err)
		}
		for i := range width {
			modules[y][x+i] = true
		}
	}
	return modules
}

func TestTerminal_DrawsTheModulesOfThePNG(t *testing.T) {
	t.Parallel()
	for _, g := range golden(t) {
		want := modulesOf(t, drawPNG(t, g.Code, draw.Options{ModulePixels: 1}), 1)
		var b bytes.Buffer
		if err := draw.Terminal(&b, g.Code, draw.Options{}); err != nil {
			t.Fatal(err)
		}
		var got [][]bool
		for line := range strings.Lines(b.String()) {
			line, dark := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
			line, ends := strings.CutSuffix(line, "\x1b[0m\n")
			if !dark || !ends {
				t.Fatalf("%s: the colours are not set and reset: %q", g.Name, line)
			}
			var upper, lower []bool
			for _, c := range line {
				if !strings.ContainsRune(" ▀▄█", c) {
					t.Fatalf("%s: unexpected %q", g.Name, c)
				}
				upper = append(upper, c == '▀' || c == '█')
				lower = append(lower, c == '▄' || c == '█')
			}
			got = append(got, upper, lower)
		}
		if !slices.EqualFunc(got[:len(want)], want, slices.Equal) || slices.Contains(got[len(got)-1], true) {
			t.Errorf("%s: other modules", g.Name)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		digits           int
		level            draw.Level
		version, modules int
	}{
		{41, draw.Low, 1, 21}, {42, draw.Low, 2, 25}, {1250, draw.Low, 15, 77}, {1250, draw.Medium, 18, 89}, {7089, draw.Low, 40, 177},
	} {
		version, modules, err := draw.Version(strings.Repeat("7", c.digits), c.level)
		if err != nil || version != c.version || modules != c.modules {
			t.Errorf("%d digits at level %d: version %d, %d modules, %v, want %d, %d", c.digits, c.level, version, modules, err, c.version, c.modules)
		}
	}
}

func TestDraw_RefusesWhatItCannotDraw(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code string
		options    draw.Options
		want       string
	}{
		{"nothing", "", draw.Options{}, "nothing to draw"},
		{"no pixels", "1", draw.Options{ModulePixels: -1}, "-1 pixels"},
		{"too many pixels", "1", draw.Options{ModulePixels: draw.MaxModulePixels + 1}, "65 pixels"},
		{"unknown level", "1", draw.Options{Level: 2}, "unknown level"},
		{"negative level", "1", draw.Options{Level: -1}, "unknown level"},
		{"too long for any code", strings.Repeat("7", draw.MaxContent+1), draw.Options{}, "7090 bytes"},
		{"too long for the level", strings.Repeat("7", draw.MaxContent), draw.Options{Level: draw.Medium}, "does not fit"},
		{"too long for letters", strings.Repeat("a", 3000), draw.Options{}, "does not fit"},
	} {
		for name, to := range map[string]func(io.Writer, string, draw.Options) error{"PNG": draw.PNG, "SVG": draw.SVG, "Terminal": draw.Terminal} {
			var b bytes.Buffer
			if err := to(&b, c.code, c.options); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
				t.Errorf("%s, %s: %d bytes with %v, want an error with %q", c.name, name, b.Len(), err, c.want)
			}
		}
	}
	if len(drawPNG(t, "1", draw.Options{ModulePixels: draw.MaxModulePixels})) == 0 {
		t.Error("nothing drawn at the limit")
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestDraw_ReturnsTheWritersError(t *testing.T) {
	t.Parallel()
	for _, to := range []func(io.Writer, string, draw.Options) error{draw.PNG, draw.SVG, draw.Terminal} {
		if err := to(full{}, "1", draw.Options{}); !errors.Is(err, errFull) {
			t.Errorf("got %v", err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	code := golden(b)[0].Code
	for b.Loop() {
		if err := draw.PNG(io.Discard, code, draw.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	code := golden(b)[0].Code
	for b.Loop() {
		if err := draw.SVG(io.Discard, code, draw.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
