package qr

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	codes "github.com/cyberbadge/cyberbadge/credential/code"
)

// The template and the side stream of a small presentation.
var (
	smallSegments = []string{"{", "{", string(tokenSignature)}
	oneSignature  = make([]byte, 64)
)

// encoded puts a frame together without the checks that encode makes.
func encoded(format byte, deflated, side []byte) []byte {
	b := binary.AppendUvarint([]byte{format}, uint64(len(deflated)))
	return slices.Concat(b, deflated, side)
}

func textOf(segments []string, list ...string) string {
	text := strings.Join(segments, "\x00") + "\x00\x00"
	for _, s := range list {
		text += s + "\x00"
	}
	return text
}

func digitsOf(b []byte) string { return "HTTPS://BADGE.VENDOR.EXAMPLE/C#" + toDigits(b) }

func check(t *testing.T, err error, code codes.Code, detail string) {
	t.Helper()
	var e *codes.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e.Code != code || !strings.Contains(e.Detail, detail) {
		t.Errorf("got %v, want %s with %q", err, code, detail)
	}
}

func TestUnpack_RefusesFramesThatNoPackerMakes(t *testing.T) {
	t.Parallel()
	unbound := func(segments []string, side []byte, list ...string) []byte {
		return encoded(formatUnbound, deflate(textOf(segments, list...)), side)
	}
	payload := func(template string, side ...byte) []byte {
		return unbound([]string{"{", template, string(tokenSignature)}, append(side, oneSignature...))
	}
	point := make([]byte, 33)
	point[0], point[32] = 2, 5 // x = 5 is a point's
	noPoint := slices.Clone(point)
	noPoint[32] = 1 // x = 1 is not
	stream := deflate(textOf(smallSegments))
	for _, c := range []struct {
		name   string
		frame  []byte
		detail string
	}{
		{"format 3", encoded(3, stream, oneSignature), "update the reader"},
		{"format 255", encoded(255, stream, oneSignature), "update the reader"},
		{"nothing but a format", []byte{formatUnbound}, "deflated text's length"},
		{"length beyond the end", []byte{formatUnbound, 5, 0}, "deflated text's length"},
		{"length with a needless byte", append([]byte{formatUnbound, 0x80 | byte(len(stream)), 0}, slices.Concat(stream, oneSignature)...), "deflated text's length"},
		{"no deflate stream", encoded(formatUnbound, nil, oneSignature), "damaged"},
		{"reserved block type", encoded(formatUnbound, []byte{7}, oneSignature), "damaged"},
		{"stream cut off", encoded(formatUnbound, stream[:len(stream)-1], oneSignature), "damaged"},
		{"bytes after the stream", encoded(formatUnbound, append(slices.Clone(stream), 0), oneSignature), "1 bytes follow the deflated text"},
		{"template without end", encoded(formatUnbound, deflate("{\x00{\x00\x0b"), oneSignature), "no end"},
		{"string without end", encoded(formatUnbound, deflate(textOf(smallSegments)+"x"), oneSignature), "no end"},
		{"too few segments", unbound([]string{"{", "{"}, nil), "2 segments, at least 3"},
		{"too few segments for key binding", encoded(formatBound, deflate(textOf(smallSegments)), oneSignature), "3 segments, at least 6"},
		{"side stream too short", unbound(smallSegments, oneSignature[:63]), "too short"},
		{"side bytes left over", unbound(smallSegments, make([]byte, 65)), "1 bytes and 0 strings are left over"},
		{"strings left over", unbound(smallSegments, oneSignature, "x"), "0 bytes and 1 strings are left over"},
		{"string missing", payload("\x11"), "more strings"},
		{"unknown token", payload("\x13"), "unknown token 0x13"},
		{"verbatim not first", payload("x\x12"), "unknown token 0x12"},
		{"verbatim of other characters", unbound([]string{"\x12e30=", "{", "\x0b"}, oneSignature), "not base64url"},
		{"verbatim that adds a part", unbound([]string{"\x12e30.e30~", "{", "\x0b"}, oneSignature), "three parts"},
		{"empty verbatim segment", unbound([]string{"\x12", "{", "\x0b"}, oneSignature), "empty"},
		{"not a point", payload("\x07\x08", noPoint...), "not a point"},
		{"uncompressed point", payload("\x07\x08", append([]byte{4}, point[1:]...)...), "not a point"},
		{"second point", payload("\x07\x08\x07\x08", slices.Concat(point, point)...), "second point"},
		{"y before x", payload("\x08\x07", point...), "before its x"},
		{"sd_hash outside of the key binding", payload("\x0f"), "outside the key-binding"},
		{"digest number out of range", payload("\x0e", 0), "out of range"},
		{"digest of a disclosure in a disclosure", unbound([]string{"\x0e", "{", "{", "\x0b"}, slices.Concat([]byte{0}, oneSignature)), "out of range"},
		{"list longer than its digests", unbound([]string{"\x0c", "{", "{", "\x0b"}, oneSignature), "longer than its digests"},
		{"number cut off", unbound([]string{"\x06", "{", "\x12AA"}, []byte{0x80}), "shortest form"},
		{"number missing", unbound([]string{"\x06", "{", "\x12AA"}, nil), "shortest form"},
		{"number with a needless byte", payload("\x06", 0x81, 0), "shortest form"},
		{"number of 2^53", payload("\x06", 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10), "shortest form"},
		{"number of 2^56", payload("\x06", 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), "shortest form"},
		{"time below zero", payload("\x05", binary.AppendUvarint(nil, 2*(2*(firstTime+1)-1))...), "time is out of range"},
		{"time of 2^53", payload("\x05", binary.AppendUvarint(nil, 4*(1<<50)+1)...), "time is out of range"},
	} {
		_, err := Unpack(digitsOf(c.frame))
		t.Run(c.name, func(t *testing.T) { check(t, err, codes.FrameMalformed, c.detail) })
	}
}

func TestUnpack_RefusesCodesCutOffTheirURL(t *testing.T) {
	t.Parallel()
	f := encoded(formatUnbound, deflate(textOf([]string{"{", "\x10", "\x0b"})), oneSignature)
	if got, err := Unpack(digitsOf(f)); err != nil || !strings.Contains(got, ".aHR0cHM6Ly9iYWRnZS52ZW5kb3IuZXhhbXBsZQ.") {
		t.Fatalf("with its URL: %q, %v", got, err)
	}
	_, err := Unpack(toDigits(f))
	check(t, err, codes.FrameMalformed, "scan or paste all of it")
}

func TestUnpack_RefusesLeadingZeros(t *testing.T) {
	t.Parallel()
	f := encoded(formatUnbound, deflate(textOf(smallSegments)), oneSignature)
	if _, err := Unpack(digitsOf(f)); err != nil {
		t.Fatal(err)
	}
	_, err := Unpack(strings.Replace(digitsOf(f), "#", "#0", 1))
	check(t, err, codes.FrameMalformed, "leading zero")
}

func TestUnpack_ReadsTheWholeRangeOfNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		token byte
		value uint64
		want  string
	}{
		{tokenDecimal, 0, "0"}, {tokenDecimal, 9, "9"}, {tokenDecimal, 10, "00"}, {tokenDecimal, 109, "99"},
		{tokenDecimal, 110, "000"}, {tokenDecimal, 1<<53 - 1, "7896088143629881"},
		{tokenTime, 0, fmt.Sprint(firstTime)}, {tokenTime, 1, fmt.Sprint(firstTime)},
		{tokenTime, 2, fmt.Sprint(firstTime - 1)}, {tokenTime, 4, fmt.Sprint(firstTime + 1)},
		{tokenTime, 3, fmt.Sprint(firstTime - hour)}, {tokenTime, 5, fmt.Sprint(firstTime + hour)},
	} {
		r := restorer{side: binary.AppendUvarint(nil, c.value), time: firstTime}
		if got := r.expand(c.token); got != c.want || r.err != nil {
			t.Errorf("token 0x%02x of %d: got %q, %v, want %q", c.token, c.value, got, r.err, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	unpack := func(segments []string, side []byte) error {
		_, err := Unpack(digitsOf(encoded(formatUnbound, deflate(textOf(segments)), side)))
		return err
	}
	ofText := func(size int) error { // of the inflated text
		return unpack([]string{"{", strings.Repeat("x", size-len("{\x00\x00\x0b\x00\x00")), "\x0b"}, oneSignature)
	}
	ofSide := func(size int) error {
		own := size - len(oneSignature)
		tokens := strings.Repeat("\x01", own/16) + strings.Repeat("\x05", own%16)
		return unpack([]string{"{", tokens, "\x0b"}, slices.Concat(make([]byte, own), oneSignature))
	}
	ofDisclosures := func(count int) error {
		return unpack(append(slices.Repeat([]string{"x"}, count), smallSegments...), oneSignature)
	}
	ofPresentation := func(size int) error { // of the text restored
		// A payload of 8,100 characters; the header makes up the difference.
		header := strings.Repeat("x", size-8190)
		template := strings.Repeat("\x10", 200) + strings.Repeat("x", 8100*3/4-200*len("https://badge.vendor.example"))
		text, err := Unpack(digitsOf(encoded(formatUnbound, deflate(textOf([]string{header, template, "\x0b"})), oneSignature)))
		if err == nil && len(text) != size {
			t.Errorf("restored %d bytes, want %d", len(text), size)
		}
		return err
	}
	for _, c := range []struct {
		name  string
		of    func(int) error
		bound int
		want  string
	}{
		{"inflated text", ofText, maxText, "inflates to more than 4096 bytes"},
		{"side stream", ofSide, maxSide, "side stream has 1025 bytes"},
		{"disclosures", ofDisclosures, MaxDisclosures, "33 disclosures"},
		{"presentation", ofPresentation, MaxPresentation, "8193 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.of(c.bound); err != nil {
				t.Errorf("at the limit of %d: %v", c.bound, err)
			}
			check(t, c.of(c.bound+1), codes.FrameTooLarge, c.want)
		})
	}
}

func TestPack_LimitsTheFrame(t *testing.T) {
	t.Parallel()
	ofText := func(size int) error {
		_, err := frame{segments: []string{strings.Repeat("x", size-2)}}.encode()
		return err
	}
	ofSide := func(size int) error {
		_, err := frame{side: make([]byte, size)}.encode()
		return err
	}
	if err := errors.Join(ofText(maxText), ofSide(maxSide)); err != nil {
		t.Errorf("at the limits: %v", err)
	}
	check(t, ofText(maxText+1), codes.FrameTooLarge, "4097 bytes of text")
	check(t, ofSide(maxSide+1), codes.FrameTooLarge, "1025 bytes of keys and hashes")
}

// A token of one byte stands for a URL of more than a hundred, and a stream of
// one kilobyte inflates to one megabyte.
func TestUnpack_StaysSmallWhateverTheCodeClaims(t *testing.T) {
	long := "https://" + strings.Repeat("a", MaxPrefix-len("https:///C#"))
	tokens := encoded(formatUnbound, deflate(textOf([]string{"{", strings.Repeat("\x10", 4000), "\x0b"})), oneSignature)
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]string{
		"tokens": strings.ToUpper(long) + "/C#" + toDigits(tokens),
		"bomb":   digitsOf(encoded(formatUnbound, bomb.Bytes(), oneSignature)),
		"length": strings.Repeat("1", 64<<20),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Unpack(code)
		runtime.ReadMemStats(&after)
		check(t, err, codes.FrameTooLarge, "")
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<10 {
			t.Errorf("%s: %d bytes allocated", name, used)
		}
	}
}

func TestDeflate_LeavesOutTheEmptyBlock(t *testing.T) {
	t.Parallel()
	for size := range 300 {
		text := strings.Repeat("Zoë Rößler ", 30)[:size]
		stream := deflate(text)
		if got, err := inflate(stream); err != nil || got != text {
			t.Fatalf("%d bytes: got %q, %v", size, got, err)
		}
		if size > 0 && bytes.HasSuffix(stream, []byte{0, 0, 0xff, 0xff}) {
			t.Errorf("%d bytes: the empty block is still there", size)
		}
	}
}

func TestLift_NeedsNoPlainerFrameForJSON(t *testing.T) {
	t.Parallel()
	// A list that only looks sorted, digests in disclosures, a y without its x:
	// what lift makes of them has to restore at once.
	inner := canonicalText(`["2GLC42sKQveCfGfryNRN9w","a",1]`)
	outer := canonicalText(`["eluV5Og3gSNII8EYnsxA_A","b",{"_sd":["` + digest(inner) + `"]}]`)
	for _, payload := range []string{
		`{"_sd":["` + digest(inner) + `"]}`,
		`{"_sd":["` + digest(outer) + `","` + digest(outer) + `"]}`,
		`{"a":{"_sd":["` + digest(outer) + `"]},"_sd":["` + digest("x") + `"]}`,
		`{"_sd":"` + digest(outer) + `","a":["b"]}`,
		`{"_sd":["` + digest(outer) + `",["x"],"` + digest("x") + `"]}`,
		`{"x":"` + digest("x") + `","y":"` + digest("y") + `"}`,
		`{"unterminated":"`, `{"escaped":"\"","a":1}`, `"\`, `1e400,-7,00012,99999999999999999999,4294967296,4294967295,0999999999`,
	} {
		parts, err := split(canonicalText(`{}`) + "." + canonicalText(payload) + "." + strings.Repeat("A", 86) + "~" + inner + "~" + outer + "~")
		if err != nil {
			t.Fatal(err)
		}
		b, err := lift("https://badge.vendor.example", parts).encode()
		if err != nil {
			t.Fatal(err)
		}
		f, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.restore("https://badge.vendor.example"); err != nil || got != parts.unbound() {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func canonicalText(raw string) string {
	return (&restorer{}).segment(raw)
}

// FuzzRestore reaches what FuzzUnpack seldom does: changed digits hardly ever
// make a stream that inflates.
func FuzzRestore(f *testing.F) {
	f.Add(formatUnbound, textOf(smallSegments), oneSignature)
	f.Add(formatUnbound, textOf([]string{"{", "\x01\x02\x03\x04\x05\x06\x0c\x0c\x0e\x10\x11", "{", "\x12AA"}, "x"), make([]byte, 200))
	f.Add(formatBound, textOf([]string{"{", "{", "\x0b", "{", "\x0f", "\x0b"}), make([]byte, 128))
	f.Fuzz(func(t *testing.T, format byte, text string, side []byte) {
		code := digitsOf(encoded(max(format, 1), deflate(text), side))
		presentation, err := Unpack(code)
		var e *codes.Error
		if err != nil {
			if presentation != "" || !errors.As(err, &e) {
				t.Fatalf("%q with %v", presentation, err)
			}
			return
		}
		if _, err := split(presentation); err != nil {
			t.Fatal(err)
		}
		again, err := Pack("https://badge.vendor.example", presentation)
		if errors.As(err, &e) && e.Code == codes.FrameTooLarge {
			return
		}
		if restored, err := Unpack(again); err != nil || restored != presentation {
			t.Fatalf("%q became %q, %v", presentation, restored, err)
		}
	})
}
