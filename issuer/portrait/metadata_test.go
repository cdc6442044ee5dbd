package portrait

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"slices"
	"testing"
)

// Strings that stand for what must not get out.
const (
	secretPlace   = "47 deg 36 min North"
	secretProfile = "Display P3 of a certain phone"
	secretComment = "taken at home"
)

// segment is a marker segment of a JPEG file.
func segment(marker byte, content string) []byte {
	head := []byte{0xff, marker, 0, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(content)+2))
	return append(head, content...)
}

// exif is EXIF data with an orientation and a directory of where it was taken.
func exif(order binary.AppendByteOrder, value orientation) string {
	mark := map[bool]string{true: "II", false: "MM"}[order == binary.LittleEndian]
	tiff := []byte(mark)
	tiff = order.AppendUint16(tiff, 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	entry := func(tag, kind uint16, count uint32, value uint16) {
		tiff = order.AppendUint16(tiff, tag)
		tiff = order.AppendUint16(tiff, kind)
		tiff = order.AppendUint32(tiff, count)
		tiff = order.AppendUint16(tiff, value)
		tiff = order.AppendUint16(tiff, 0)
	}
	entry(0x0112, 3, 1, uint16(value))
	entry(0x8825, 4, 1, 38) // the directory of GPS data
	return "Exif\x00\x00" + string(tiff) + secretPlace
}

// withMetadata puts segments behind the beginning of a JPEG file.
func withMetadata(file []byte, segments ...[]byte) []byte {
	return slices.Concat(file[:2], slices.Concat(segments...), file[2:])
}

// chunk is a chunk of a PNG file.
func chunk(kind, content string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	out = append(out, kind+content...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(kind+content)))
}

func TestTake_LeavesNothingButPixels(t *testing.T) {
	t.Parallel()
	picture := quarters(600, 600)
	plain := asPNG(t, picture)
	for name, upload := range map[string][]byte{
		"jpeg": append(withMetadata(asJPEG(t, picture),
			segment(0xe0, "JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"),
			segment(markerApp1, exif(binary.BigEndian, upright)),
			segment(markerApp1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"+secretPlace),
			segment(0xe2, "ICC_PROFILE\x00\x01\x01"+secretProfile),
			segment(0xed, "Photoshop 3.0\x008BIM"+secretPlace),
			segment(0xfe, secretComment),
		), secretComment+" behind the end"...),
		"png": slices.Concat(plain[:33],
			chunk("iCCP", secretProfile),
			chunk("tEXt", "Comment\x00"+secretComment),
			chunk("eXIf", exif(binary.BigEndian, upright)[6:]),
			plain[33:], []byte(secretComment)),
	} {
		for _, secret := range []string{secretPlace, secretProfile, secretComment} {
			if !bytes.Contains(upload, []byte(secret)) {
				t.Fatalf("%s: the upload lacks %q", name, secret)
			}
		}
		made := mustTake(t, upload)
		for _, word := range []string{secretPlace, secretProfile, secretComment, "Exif", "ICC", "xmp", "8BIM", "JFIF"} {
			if bytes.Contains(made.Bytes, []byte(word)) {
				t.Errorf("%s: %q is still there", name, word)
			}
		}
		if got, want := markers(made.Bytes), "db c0 c4 da"; got != want {
			t.Errorf("%s: segments are %s, want tables, frame and scan alone: %s", name, got, want)
		}
		if !bytes.HasSuffix(made.Bytes, []byte{0xff, markerEnd}) || bytes.Count(made.Bytes, []byte{0xff, markerEnd}) != 1 {
			t.Errorf("%s: something stands behind the end", name)
		}
		if bare := mustTake(t, map[string][]byte{"jpeg": asJPEG(t, picture), "png": plain}[name]); bare.Digest != made.Digest {
			t.Errorf("%s: metadata changed the picture", name)
		}
	}
}

// markers names the segments of a JPEG file, each as often as it comes in a row.
func markers(file []byte) string {
	var all []byte
	eachSegment(file, func(marker byte, _ []byte) { all = append(all, marker) })
	return fmt.Sprintf("% x", slices.Compact(all))
}

func TestTake_TurnsPicturesUpright(t *testing.T) {
	t.Parallel()
	// What a camera stores for a scene whose corners are as quarters has them, in
	// each of the eight ways to hold it (EXIF 2.32, section 4.6.4).
	stored := map[orientation]string{
		1: "red green blue yellow", 2: "green red yellow blue", 3: "blue yellow red green", 4: "yellow blue green red",
		5: "red yellow blue green", 6: "green blue yellow red", 7: "blue green red yellow", 8: "yellow red green blue",
	}
	for value, lies := range stored {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			width, height := 400, 600
			if value.swaps() {
				width, height = height, width
			}
			// A picture in which the corners stand as the camera stored them.
			source := undo(value, width, height)
			if got := corners(source); got != lies {
				t.Fatalf("orientation %d: the upload's corners are %s, want %s", value, got, lies)
			}
			upload := withMetadata(asJPEG(t, source), segment(markerApp1, exif(order, value)))
			made := mustTake(t, upload)
			if made.Width != 400 || made.Height != 600 {
				t.Errorf("orientation %d: %d × %d", value, made.Width, made.Height)
			}
			if got := corners(decoded(t, made)); got != "red green blue yellow" {
				t.Errorf("orientation %d: corners are %s", value, got)
			}
		}
	}
}

func TestOrientation_IsReadWithinItsBounds(t *testing.T) {
	t.Parallel()
	good := exif(binary.LittleEndian, 6)[6:]
	if got := readOrientation([]byte(good)); got != 6 {
		t.Fatalf("got %d", got)
	}
	for size := range 8 + 2 + 12 { // up to the end of the entry
		if got := readOrientation([]byte(good[:size])); got != upright {
			t.Errorf("%d bytes: %d", size, got)
		}
	}
	for name, spoil := range map[string]func([]byte){
		"directory behind the end": func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 1<<32-1) },
		"value 0":                  func(b []byte) { b[18] = 0 },
		"value 9":                  func(b []byte) { b[18] = 9 },
		"of another type":          func(b []byte) { b[12] = 4 },
	} {
		spoiled := []byte(good)
		spoil(spoiled)
		if got := readOrientation(spoiled); got != upright {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// undo is quarters as a camera that is held this way stores it: the corners of
// the picture turned are those of quarters.
func undo(value orientation, width, height int) *image.RGBA {
	upright := image.Rect(0, 0, width, height)
	if value.swaps() {
		upright = image.Rect(0, 0, height, width)
	}
	scene := quarters(upright.Dx(), upright.Dy())
	stored := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range upright.Dy() {
		for x := range upright.Dx() {
			atX, atY := value.origin(x, y, width, height)
			stored.Set(atX, atY, scene.At(x, y))
		}
	}
	return stored
}
