package portrait

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is the EXIF tag of that name: 1 to 8, how a camera was held.
type orientation uint16

const upright orientation = 1

// swaps reports whether width and height change places.
func (o orientation) swaps() bool { return o >= 5 }

// apply turns a picture upright (EXIF 2.32, section 4.6.4, tag 0112).
func (o orientation) apply(from *image.RGBA) *image.RGBA {
	if o == upright {
		return from
	}
	width, height := from.Bounds().Dx(), from.Bounds().Dy()
	size := image.Rect(0, 0, width, height)
	if o.swaps() {
		size = image.Rect(0, 0, height, width)
	}
	to := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			fromX, fromY := o.origin(x, y, width, height)
			to.SetRGBA(x, y, from.RGBAAt(fromX, fromY))
		}
	}
	return to
}

// origin is where a pixel of the upright picture stands in one of the given size.
func (o orientation) origin(x, y, width, height int) (fromX, fromY int) {
	if o.swaps() {
		x, y = y, x
	}
	switch o {
	case 2, 7, 3, 8:
		x = width - 1 - x
	}
	switch o {
	case 3, 4, 6, 7:
		y = height - 1 - y
	}
	return x, y
}

// Markers of a JPEG file (ITU-T T.81, table B.1).
const (
	markerRestart0 = 0xd0
	markerRestart7 = 0xd7
	markerEnd      = 0xd9
	markerScan     = 0xda
	markerApp1     = 0xe1
)

// jpegFile is what is wanted of a JPEG file before it is decoded.
type jpegFile struct {
	scans       int
	orientation orientation
}

// inspectJPEG walks over a file in the way of image/jpeg, so that both find the
// same segments in it.
func inspectJPEG(file []byte) jpegFile {
	found := jpegFile{orientation: upright}
	exif := false
	eachSegment(file, func(marker byte, content []byte) {
		switch {
		case marker == markerScan:
			found.scans++
		case marker == markerApp1 && !exif && bytes.HasPrefix(content, []byte("Exif\x00\x00")):
			exif = true
			found.orientation = readOrientation(content[6:])
		}
	})
	return found
}

func eachSegment(file []byte, visit func(marker byte, content []byte)) {
	for at := 2; at < len(file); {
		if file[at] != 0xff {
			at++ // of a scan, or garbage
			continue
		}
		for at < len(file) && file[at] == 0xff {
			at++
		}
		if at == len(file) || file[at] == markerEnd {
			return
		}
		marker := file[at]
		at++
		if marker == 0 || marker >= markerRestart0 && marker <= markerRestart7 {
			continue // within a scan
		}
		if at+2 > len(file) {
			return
		}
		size := int(binary.BigEndian.Uint16(file[at:]))
		if size < 2 || at+size > len(file) {
			return
		}
		visit(marker, file[at+2:at+size])
		at += size
	}
}

// readOrientation reads one tag of the first directory of TIFF data, and follows
// no other pointer in it. What is odd counts as upright: a picture that lies on
// its side is seen by whoever uploads it.
func readOrientation(tiff []byte) orientation {
	const tag, short = 0x0112, 3
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	start := order.Uint32(tiff[4:])
	if uint64(start)+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < 12 {
			return upright
		}
		value := orientation(order.Uint16(entries[8:]))
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short && value >= 1 && value <= 8 {
			return value
		}
		entries = entries[12:]
	}
	return upright
}
