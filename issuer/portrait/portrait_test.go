package portrait

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

// quarters is a picture whose corners are red, green, blue and yellow, beginning
// at the top left and going round clockwise.
func quarters(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			right, low := 2*x >= width, 2*y >= height
			c := color.NRGBA{R: 255, A: 255}
			switch {
			case right && !low:
				c = color.NRGBA{G: 255, A: 255}
			case right && low:
				c = color.NRGBA{B: 255, A: 255}
			case low:
				c = color.NRGBA{R: 255, G: 255, A: 255}
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func mustTake(t testing.TB, upload []byte) Portrait {
	t.Helper()
	taken, err := Take(upload)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func decoded(t testing.TB, p Portrait) image.Image {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(p.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// refused insists on a refusal that says what to do.
func refused(t *testing.T, upload []byte, want Reason) {
	t.Helper()
	_, err := Take(upload)
	var why *RefusedError
	if !errors.As(err, &why) || why.Reason != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	if !strings.Contains(why.Detail, ": ") {
		t.Errorf("%q does not say what to do", why.Detail)
	}
}

func TestTake_MakesAJPEGThatFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ width, height, wantWidth, wantHeight int }{
		{MaxWidth, MaxHeight, MaxWidth, MaxHeight},
		{MaxWidth + 1, MaxHeight, 480, 599},
		{MaxWidth, MaxHeight + 1, 479, 600},
		{960, 1200, 480, 600},
		{756, 1008, 450, 600},
		{1008, 756, 480, 360},
		{MinSide, MinSide, MinSide, MinSide}, // never up
		{MinSide, MaxRatio * MinSide, MinSide, MaxRatio * MinSide},
		{900, 300, 480, 160},
	} {
		for name, upload := range map[string][]byte{"png": asPNG(t, quarters(c.width, c.height)), "jpeg": asJPEG(t, quarters(c.width, c.height))} {
			p := mustTake(t, upload)
			m := decoded(t, p)
			if p.Width != c.wantWidth || p.Height != c.wantHeight || m.Bounds().Size() != image.Pt(p.Width, p.Height) {
				t.Errorf("%s of %d × %d became %d × %d", name, c.width, c.height, p.Width, p.Height)
			}
			if p.MediaType != "image/jpeg" || p.Digest != sha256.Sum256(p.Bytes) {
				t.Errorf("%s: type %s or digest is wrong", name, p.MediaType)
			}
			if got := corners(m); got != "red green blue yellow" {
				t.Errorf("%s of %d × %d: corners are %s", name, c.width, c.height, got)
			}
		}
	}
}

// corners names the colours of the corners, clockwise from the top left.
func corners(m image.Image) string {
	b := m.Bounds()
	var names []string
	for _, at := range []image.Point{
		{b.Dx() / 4, b.Dy() / 4}, {b.Dx() * 3 / 4, b.Dy() / 4}, {b.Dx() * 3 / 4, b.Dy() * 3 / 4}, {b.Dx() / 4, b.Dy() * 3 / 4},
	} {
		r, g, blue, _ := m.At(b.Min.X+at.X, b.Min.Y+at.Y).RGBA()
		name := map[[3]bool]string{
			{true, false, false}: "red", {false, true, false}: "green", {false, false, true}: "blue",
			{true, true, false}: "yellow", {true, true, true}: "white",
		}[[3]bool{r > 1<<15, g > 1<<15, blue > 1<<15}]
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestTake_Bounds(t *testing.T) {
	t.Parallel()
	small := asJPEG(t, quarters(MinSide, MinSide))
	padded := func(size int) []byte { return append(bytes.Clone(small), make([]byte, size-len(small))...) }
	mustTake(t, padded(MaxUpload))
	refused(t, padded(MaxUpload+1), TooLarge)

	refused(t, asPNG(t, quarters(MinSide-1, MinSide)), TooSmall)
	refused(t, asPNG(t, quarters(MinSide, MinSide-1)), TooSmall)
	refused(t, asPNG(t, quarters(MinSide, MaxRatio*MinSide+1)), TooNarrow)
	refused(t, asPNG(t, quarters(MaxRatio*MinSide+1, MinSide)), TooNarrow)

	mustTake(t, asPNG(t, image.NewGray(image.Rect(0, 0, 4000, 4000)))) // MaxPixels
	refused(t, asPNG(t, image.NewGray(image.Rect(0, 0, 4000, 4001))), TooManyPixels)

	mustTake(t, withScans(t, small, MaxScans))
	refused(t, withScans(t, small, MaxScans+1), TooManyScans)
}

// withScans adds empty scans behind the end of the picture's own, before the end
// of the file. image/jpeg reads a baseline picture's scans one over the other.
func withScans(t *testing.T, file []byte, scans int) []byte {
	t.Helper()
	start := bytes.Index(file, []byte{0xff, markerScan})
	scan := file[start : len(file)-2]
	out := bytes.Clone(file[:start])
	for range scans {
		out = append(out, scan...)
	}
	return append(out, 0xff, markerEnd)
}

func TestTake_LooksAtTheHeaderBeforeItDecodes(t *testing.T) {
	t.Parallel()
	// The header of a picture of 2^31-1 × 2^31-1 pixels, and nothing behind it.
	bomb := asPNG(t, quarters(MinSide, MinSide))[:33]
	binary.BigEndian.PutUint32(bomb[16:], 1<<31-1)
	binary.BigEndian.PutUint32(bomb[20:], 1<<31-1)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	if _, err := Take(bomb); err == nil {
		t.Fatal("taken")
	}
	for _, side := range []uint32{4001, 65535} {
		binary.BigEndian.PutUint32(bomb[16:], side)
		binary.BigEndian.PutUint32(bomb[20:], side)
		binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
		refused(t, bomb, TooManyPixels)
	}
}

func TestTake_RefusesWhatIsNoPicture(t *testing.T) {
	t.Parallel()
	whole := asJPEG(t, quarters(200, 200))
	for name, c := range map[string]struct {
		upload []byte
		want   Reason
	}{
		"nothing":          {nil, Empty},
		"text":             {[]byte("a portrait"), UnknownType},
		"svg":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), UnknownType},
		"gif":              {[]byte("GIF89a"), UnknownType},
		"webp":             {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), UnknownType},
		"heic":             {[]byte("\x00\x00\x00\x18ftypheic"), UnknownType},
		"pdf":              {[]byte("%PDF-1.7"), UnknownType},
		"jpeg's beginning": {whole[:3], Damaged},
		"half a jpeg":      {whole[:len(whole)/2], Damaged},
		"half a png":       {asPNG(t, quarters(200, 200))[:100], Damaged},
		"a png in name":    {[]byte("\x89PNG\r\n\x1a\n and no more"), Damaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, c.upload, c.want)
		})
	}
}

func TestTake_EveryCutIsRefusedOrWhole(t *testing.T) {
	t.Parallel()
	for _, whole := range [][]byte{asJPEG(t, quarters(MinSide, MinSide)), asPNG(t, quarters(MinSide, MinSide))} {
		for size := range len(whole) - 2 { // a decoder may do without the end marker
			_, err := Take(whole[:size])
			if why := (*RefusedError)(nil); err != nil && !errors.As(err, &why) {
				t.Fatalf("%d bytes: %v", size, err)
			}
		}
	}
}

func TestTake_IsDeterministic(t *testing.T) {
	t.Parallel()
	upload := asPNG(t, noise(700, 900))
	first := mustTake(t, upload)
	for range 3 {
		if again := mustTake(t, upload); again.Digest != first.Digest {
			t.Fatal("another digest")
		}
	}
	// Frozen: the digest of a portrait made here is that of one made elsewhere.
	const want = "fMyY9LFVCPLx3wPKQH5Dtg"
	if got := first.Digest.Name().String(); got != want {
		t.Errorf("the name is %s, want %s: if Go encodes JPEG differently now, freeze the new one", got, want)
	}
}

func noise(width, height int) image.Image {
	random := rand.New(rand.NewPCG(1, 2))
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(random.Uint32())
	}
	return m
}

func TestTake_PutsTransparentPicturesOnWhite(t *testing.T) {
	t.Parallel()
	m := decoded(t, mustTake(t, asPNG(t, image.NewNRGBA(image.Rect(0, 0, 600, 600)))))
	if got := corners(m); got != "white white white white" {
		t.Errorf("corners are %s", got)
	}
}

func TestShrink_AveragesWholeAndPartPixels(t *testing.T) {
	t.Parallel()
	row := image.NewGray(image.Rect(0, 0, 3, 1))
	copy(row.Pix, []byte{0, 90, 240})
	// Each of two pixels is the mean of one and a half.
	got := shrink(row, 2, 1)
	if a, b := got.RGBAAt(0, 0).R, got.RGBAAt(1, 0).R; a != 30 || b != 190 {
		t.Errorf("got %d and %d, want 30 and 190", a, b)
	}
	column := image.NewGray(image.Rect(0, 0, 1, 3))
	copy(column.Pix, []byte{0, 90, 240})
	got = shrink(column, 1, 2)
	if a, b := got.RGBAAt(0, 0).R, got.RGBAAt(0, 1).R; a != 30 || b != 190 {
		t.Errorf("got %d and %d, want 30 and 190", a, b)
	}
}

func TestName_HasOneSpelling(t *testing.T) {
	t.Parallel()
	digest := Digest(sha256.Sum256([]byte("x")))
	text := digest.Name().String()
	if len(text) != 22 {
		t.Errorf("%q has %d characters", text, len(text))
	}
	if got, ok := ParseName(text); !ok || got != digest.Name() {
		t.Errorf("%q was not read", text)
	}
	last := text[:21] + string(text[21]+1) // spare bits that are not zero
	for _, other := range []string{"", text[:21], text + "A", text + "=", text + "\n", text[:10] + "\n" + text[10:], last, strings.Repeat("+", 22)} {
		if _, ok := ParseName(other); ok {
			t.Errorf("%q was read", other)
		}
	}
}

func TestIntegrity_IsAsSubresourceIntegrityWritesIt(t *testing.T) {
	t.Parallel()
	p := mustTake(t, asPNG(t, quarters(200, 200)))
	sum := sha256.Sum256(p.Bytes)
	if got, want := p.Digest.Integrity(), "sha256-"+base64.StdEncoding.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInspect_TellsTheFormat(t *testing.T) {
	t.Parallel()
	for want, upload := range map[string][]byte{"image/jpeg": asJPEG(t, quarters(8, 8)), "image/png": asPNG(t, quarters(8, 8))} {
		kind, err := Inspect(upload)
		if err != nil || kind.MediaType() != want {
			t.Errorf("got %q, %v, want %q", kind.MediaType(), err, want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	for name, upload := range map[string][]byte{
		"jpeg of 12 megapixels": asJPEG(b, quarters(3000, 4000)),
		"png of 2 megapixels":   asPNG(b, quarters(1200, 1600)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Take(upload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
