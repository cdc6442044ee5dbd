package portrait

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"image"
	"image/jpeg"
)

// Bounds of what is taken. The bound itself is allowed.
const (
	MaxUpload = 10 << 20   // bytes
	MaxPixels = 16_000_000 // the camera of most phones has 12 million
	MaxScans  = 64         // of a JPEG; a progressive one has about 10
	MinSide   = 120        // pixels of the shorter side: less is nobody
	MaxRatio  = 3          // the longer side to the shorter
)

// What is made.
const (
	MaxWidth  = 480 // pixels
	MaxHeight = 600
	Quality   = 85           // of 100, as image/jpeg counts
	MediaType = "image/jpeg" // always
)

// NameSize is the length in bytes of a portrait's name.
const NameSize = 16

// Portrait is a picture as it is published. Its fields belong together: only
// [Take] makes one.
type Portrait struct {
	Bytes         []byte
	Digest        Digest // of Bytes
	MediaType     string
	Width, Height int // pixels
}

// Digest is the SHA-256 of a portrait's bytes.
type Digest [sha256.Size]byte

// Name is the beginning of a portrait's digest, by which it is published.
type Name [NameSize]byte

// Name returns the name of the portrait with this digest.
func (d Digest) Name() Name { return Name(d[:NameSize]) }

// Integrity is the digest as SD-JWT VC and Subresource Integrity write it.
func (d Digest) Integrity() string {
	return "sha256-" + base64.StdEncoding.EncodeToString(d[:])
}

// String is the name in base64url, 22 characters.
func (n Name) String() string { return base64.RawURLEncoding.EncodeToString(n[:]) }

// ParseName reads what [Name.String] writes, and no other spelling of it.
func ParseName(text string) (Name, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder passes over line breaks.
	if err != nil || len(raw) != NameSize || Name(raw).String() != text {
		return Name{}, false
	}
	return Name(raw), true
}

// Take makes a portrait of a picture. The error is a [*RefusedError]. It takes up
// to some 300 MB of memory for the largest of pictures, so callers bound how many
// they take at once.
func Take(upload []byte) (Portrait, error) {
	as, err := Inspect(upload)
	if err != nil {
		return Portrait{}, err
	}
	header, err := as.config(bytes.NewReader(upload))
	if err != nil {
		return Portrait{}, damaged(err)
	}
	if err := checkSize(header.Width, header.Height); err != nil {
		return Portrait{}, err
	}
	turn := upright
	if as.mediaType == jpegKind.mediaType {
		file := inspectJPEG(upload)
		if file.scans > MaxScans {
			return Portrait{}, refuse(TooManyScans, "the picture is a progressive JPEG of %d scans, at most %d are read: export it as an ordinary JPEG", file.scans, MaxScans)
		}
		turn = file.orientation
	}
	decoded, err := as.decode(bytes.NewReader(upload))
	if err != nil {
		return Portrait{}, damaged(err)
	}
	return encode(turn.apply(fit(decoded, turn)))
}

// checkSize looks at the pixels that a picture's header promises.
func checkSize(width, height int) error {
	shorter, longer := min(width, height), max(width, height)
	switch {
	case int64(width)*int64(height) > MaxPixels:
		return refuse(TooManyPixels, "the picture has %d × %d pixels, at most %d million are read: scale it down", width, height, MaxPixels/1_000_000)
	case shorter < MinSide:
		return refuse(TooSmall, "the picture has %d × %d pixels, each side needs %d at least: send a larger one", width, height, MinSide)
	case longer > MaxRatio*shorter:
		return refuse(TooNarrow, "the picture has %d × %d pixels: crop it to head and shoulders", width, height)
	}
	return nil
}

// fit scales a picture down until it fits once it is upright.
func fit(from image.Image, turn orientation) *image.RGBA {
	maxWidth, maxHeight := MaxWidth, MaxHeight
	if turn.swaps() {
		maxWidth, maxHeight = maxHeight, maxWidth
	}
	width, height := from.Bounds().Dx(), from.Bounds().Dy()
	if width > maxWidth {
		width, height = maxWidth, max(1, (height*maxWidth+width/2)/width)
	}
	if height > maxHeight {
		// Of the picture as it came: rounding twice would bend it.
		width, height = max(1, (from.Bounds().Dx()*maxHeight+from.Bounds().Dy()/2)/from.Bounds().Dy()), maxHeight
	}
	return shrink(from, width, height)
}

func encode(made *image.RGBA) (Portrait, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, made, &jpeg.Options{Quality: Quality}); err != nil {
		return Portrait{}, err
	}
	size := made.Bounds().Size()
	return Portrait{
		Bytes:     b.Bytes(),
		Digest:    sha256.Sum256(b.Bytes()),
		MediaType: MediaType,
		Width:     size.X,
		Height:    size.Y,
	}, nil
}
