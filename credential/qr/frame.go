package qr

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"strings"
)

// Formats, the first byte of a frame. A format that changes in any way gets new
// numbers; these two keep their meaning for ever.
const (
	formatUnbound byte = 1 // a presentation without key binding
	formatBound   byte = 2 // one with a key-binding JWT
)

// Limits within a frame.
const (
	maxText = 4096 // bytes of the inflated text: the template and the strings
	maxSide = 1024 // bytes of the side stream
)

// frame is a gate code's content.
type frame struct {
	format   byte
	segments []string // of the template
	strings  []string // what tokenString stands for, in order
	side     []byte   // what the other tokens take, in order
}

// encode returns the frame's bytes.
func (f frame) encode() ([]byte, error) {
	var text strings.Builder
	for _, segment := range f.segments {
		text.WriteString(segment)
		text.WriteByte(tokenEnd)
	}
	text.WriteByte(tokenEnd)
	for _, s := range f.strings {
		text.WriteString(s)
		text.WriteByte(tokenEnd)
	}
	if text.Len() > maxText {
		return nil, tooLarge("the presentation leaves %d bytes of text, at most %d fit: issue the badge with fewer claims", text.Len(), maxText)
	}
	if len(f.side) > maxSide {
		return nil, tooLarge("the presentation leaves %d bytes of keys and hashes, at most %d fit: issue the badge with fewer claims", len(f.side), maxSide)
	}
	deflated := deflate(text.String())
	encoded := binary.AppendUvarint([]byte{f.format}, uint64(len(deflated)))
	encoded = append(encoded, deflated...)
	return append(encoded, f.side...), nil
}

// decode is the reverse of encode.
func decode(encoded []byte) (frame, error) {
	f := frame{format: encoded[0]}
	if f.format != formatUnbound && f.format != formatBound {
		return frame{}, malformed("this gate code is of a format that this version does not read: update the reader")
	}
	size, rest, ok := cutUvarint(encoded[1:])
	if !ok || size > uint64(len(rest)) {
		return frame{}, malformed("the deflated text's length is wrong")
	}
	f.side = rest[size:]
	if len(f.side) > maxSide {
		return frame{}, tooLarge("the side stream has %d bytes, at most %d are read", len(f.side), maxSide)
	}
	text, err := inflate(rest[:size])
	if err != nil {
		return frame{}, err
	}
	template, list, ok := strings.Cut(text, "\x00\x00")
	if !ok || list != "" && list[len(list)-1] != tokenEnd {
		return frame{}, malformed("the template or the last string has no end")
	}
	f.segments = strings.Split(template, "\x00")
	if list != "" {
		f.strings = strings.Split(list[:len(list)-1], "\x00")
	}
	return f, nil
}

// deflate compresses text against the dictionary.
func deflate(text string) []byte {
	var compressed bytes.Buffer
	// Neither fails: the level is valid and a buffer takes every write.
	writer, _ := flate.NewWriterDict(&compressed, flate.BestCompression, []byte(dictionary))
	_, _ = io.WriteString(writer, text)
	_ = writer.Close()
	return trim(compressed.Bytes(), text)
}

// trim drops the empty block with which compress/flate ends its stream: 5
// bytes, or 4 where its header shares a byte with the block before. The first
// block, the only other one for a text as short as ours, becomes the last by
// its first bit (RFC 1951 section 3.2.3).
func trim(stream []byte, text string) []byte {
	for _, tail := range []int{5, 4} {
		shorter := bytes.Clone(stream[:max(len(stream)-tail, 1)])
		shorter[0] |= 1
		if inflated, err := inflate(shorter); err == nil && inflated == text {
			return shorter
		}
	}
	return stream
}

// inflate decompresses a whole stream, and stops at the limit: a frame of 1 KB
// could otherwise grow to 1 MB.
func inflate(stream []byte) (string, error) {
	source := bytes.NewReader(stream)
	reader := flate.NewReaderDict(source, []byte(dictionary))
	text, err := io.ReadAll(io.LimitReader(reader, maxText+1))
	switch {
	case err != nil:
		return "", malformed("the deflated text is damaged")
	case len(text) > maxText:
		return "", tooLarge("the text inflates to more than %d bytes", maxText)
	case source.Len() > 0:
		return "", malformed("%d bytes follow the deflated text", source.Len())
	}
	return string(text), nil
}

// maxVarintBytes holds any number below 2^53, the largest that JavaScript's
// numbers hold exactly.
const maxVarintBytes = 8

// cutUvarint reads an unsigned varint of at most 53 bits, refusing one with
// needless bytes.
func cutUvarint(from []byte) (value uint64, rest []byte, ok bool) {
	value, n := binary.Uvarint(from[:min(len(from), maxVarintBytes)])
	if n <= 0 || n > 1 && from[n-1] == 0 || value >= 1<<53 {
		return 0, nil, false
	}
	return value, from[n:], true
}
