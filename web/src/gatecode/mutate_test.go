package gatecode_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutate damages a code in one of the places where its reader has to look: its
// text, the frame's bytes, the inflated text or the side stream.
func mutate(t *testing.T, random *rand.Rand, code string) string {
	t.Helper()
	mark := strings.Index(code, "#") + 1
	prefix := code[:mark]
	number, ok := new(big.Int).SetString(code[mark:], 10)
	if !ok {
		t.Fatalf("not a number: %s", code[mark:])
	}
	frame := number.Bytes()
	switch random.IntN(5) {
	case 0:
		return mutateText(random, code)
	case 1:
		frame = mutateBytes(random, frame, false)
	case 2:
		format, deflated, side := cut(frame)
		frame = join(format, mutateBytes(random, deflated, false), side)
	case 3:
		format, deflated, side := cut(frame)
		frame = join(format, deflated, mutateBytes(random, side, false))
	default:
		format, deflated, side := cut(frame)
		text := inflate(t, deflated)
		for range 1 + random.IntN(3) {
			text = mutateBytes(random, text, true)
		}
		if random.IntN(2) == 0 {
			side = mutateBytes(random, side, false)
		}
		frame = join(format, deflate(t, text), side)
	}
	return prefix + new(big.Int).SetBytes(frame).String()
}

// mutateText changes, takes out or repeats a piece of a code's text.
func mutateText(random *rand.Rand, code string) string {
	at := random.IntN(len(code))
	if random.IntN(2) == 0 {
		at = random.IntN(min(len(code), 40)) // the page, where there is one
	}
	switch random.IntN(4) {
	case 0:
		return code[:at]
	case 1:
		return code[:at] + code[min(at+1+random.IntN(3), len(code)):]
	case 2:
		return code[:at] + strings.Repeat(code[at:], 1+random.IntN(3))
	}
	pieces := []string{"0", "9", "#", "/", ":", ".", "C", "c", "é", "\u212a", "\x00", "\n", " ", "%20", "@"}
	return code[:at] + pieces[random.IntN(len(pieces))] + code[at+1:]
}

// mutatePresentation damages a presentation's text or the content of its parts.
func mutatePresentation(random *rand.Rand, text string) string {
	if random.IntN(6) == 0 {
		return mutateText(random, text)
	}
	parts := regexp.MustCompile(`[^.~]+`)
	return parts.ReplaceAllStringFunc(text, func(part string) string {
		content, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || random.IntN(3) > 0 {
			return part
		}
		if content = mutateBytes(random, content, false); len(content) == 0 {
			return part
		}
		return base64.RawURLEncoding.EncodeToString(content)
	})
}

// mutateBytes changes some bytes, takes them out, adds or repeats them. In a
// template the new ones are mostly tokens.
func mutateBytes(random *rand.Rand, b []byte, template bool) []byte {
	b = slices.Clone(b)
	at := random.IntN(len(b) + 1)
	piece := make([]byte, 1+random.IntN(2))
	for i := range piece {
		piece[i] = byte(random.Uint32())
		if template && random.IntN(4) > 0 {
			piece[i] %= 0x14
		}
	}
	end := min(at+len(piece), len(b))
	switch random.IntN(6) {
	case 0:
		return b[:at]
	case 1:
		return slices.Insert(b, at, piece...)
	case 2:
		return slices.Delete(b, at, end)
	case 3:
		return slices.Insert(b, at, b[at:min(at+1+random.IntN(200), len(b))]...)
	case 4:
		if at < len(b) {
			b[at] ^= 1 << random.IntN(8)
		}
		return b
	}
	return slices.Replace(b, at, end, piece...)
}

// cut takes a frame apart, and join puts it together again.
func cut(frame []byte) (format byte, deflated, side []byte) {
	size, n := binary.Uvarint(frame[1:])
	rest := frame[1+n:]
	return frame[0], rest[:size], rest[size:]
}

func join(format byte, deflated, side []byte) []byte {
	frame := binary.AppendUvarint([]byte{format}, uint64(len(deflated)))
	return slices.Concat(frame, deflated, side)
}

// dictionary is that of the specification, which a test of credential/qr compares
// with the one in use.
func dictionary(t *testing.T) []byte {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "gate-code.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(document), "in base64:\n```\n")
	encoded, _, _ := strings.Cut(after, "\n```\n")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func inflate(t *testing.T, stream []byte) []byte {
	t.Helper()
	text, err := io.ReadAll(flate.NewReaderDict(bytes.NewReader(stream), dictionary(t)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func deflate(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, flate.BestCompression, dictionary(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
