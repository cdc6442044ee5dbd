package portrait

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

// Kind is a format in which pictures are taken.
type Kind struct {
	mediaType string
	magic     string
	config    func(io.Reader) (image.Config, error)
	decode    func(io.Reader) (image.Image, error)
}

// MediaType is the name of the format: image/jpeg or image/png.
func (k Kind) MediaType() string { return k.mediaType }

var (
	jpegKind = Kind{"image/jpeg", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode}
	pngKind  = Kind{"image/png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode}
)

// Inspect tells the format of a picture by its first bytes. The error is a
// [*RefusedError]: the picture is empty, too large, or of another format. It is
// cheap, and says nothing about the rest.
func Inspect(upload []byte) (Kind, error) {
	switch {
	case len(upload) == 0:
		return Kind{}, refuse(Empty, "there is no picture: send a JPEG or PNG file")
	case len(upload) > MaxUpload:
		return Kind{}, refuse(TooLarge, "the picture has more than %d MiB: scale it down", MaxUpload>>20)
	}
	for _, k := range []Kind{jpegKind, pngKind} {
		if bytes.HasPrefix(upload, []byte(k.magic)) {
			return k, nil
		}
	}
	return Kind{}, refuse(UnknownType, "the picture is %s: save it as JPEG or PNG", called(upload))
}

// called names the formats that people are likely to send in place of those two.
func called(upload []byte) string {
	switch {
	case len(upload) >= 12 && string(upload[4:8]) == "ftyp":
		return "HEIC or AVIF, as phones make them"
	case len(upload) >= 12 && string(upload[:4]) == "RIFF" && string(upload[8:12]) == "WEBP":
		return "WebP"
	case bytes.HasPrefix(upload, []byte("GIF8")):
		return "a GIF"
	case bytes.HasPrefix(upload, []byte("%PDF")):
		return "a PDF"
	}
	return "neither JPEG nor PNG"
}
