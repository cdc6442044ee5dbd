package bundle

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// Apply returns the whole bundle that a delta makes of the old one, byte for byte as
// it was sealed by the same root key. Whether it is one for us and for now it does not
// ask: [Open] what it returns. Every error is bundle_invalid and says to get the whole
// bundle, which always helps.
func Apply(delta, old string) (string, error) {
	whole, err := apply(delta, old)
	if err == nil {
		return whole, nil
	}
	detail := err.Error()
	var refused *code.Error
	if errors.As(err, &refused) {
		detail = refused.Detail
	}
	return "", invalid("%s; get the whole bundle", detail)
}

func apply(delta, old string) (string, error) {
	base, sum, rest, err := cutDelta(delta)
	if err != nil {
		return "", err
	}
	if len(old) > MaxSize {
		return "", invalid("the old bundle has %d bytes, at most %d are taken", len(old), MaxSize)
	}
	if held := sha256.Sum256([]byte(old)); jose.Encoding.EncodeToString(held[:]) != sum {
		return "", invalid("the delta builds on bundle %d, and another one is held", base)
	}
	was, _, err := openManifest(old, func(Fingerprint) error { return nil })
	if err != nil {
		return "", err
	}
	m := maker{old: lines(old)}
	manifest, rest, err := m.line(rest)
	if err != nil {
		return "", err
	}
	// The signature comes first: what the parts cost to make, the manifest says.
	is, _, err := openManifest(manifest+"\n", func(root Fingerprint) error {
		if root != was.Root {
			return invalid("another root key signed it")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	parts, err := m.parts(is.Parts, rest)
	if err != nil {
		return "", err
	}
	if err := is.readParts(parts); err != nil {
		return "", err
	}
	return manifest + "\n" + parts, nil
}

// cutDelta reads the first line of a delta.
func cutDelta(delta string) (base uint64, sum, rest string, err error) {
	if len(delta) > MaxSize {
		return 0, "", "", invalid("%d bytes, at most %d are taken", len(delta), MaxSize)
	}
	first, rest, ended := strings.Cut(delta, "\n")
	first, marked := strings.CutPrefix(first, deltaMark)
	number, sum, two := strings.Cut(first, " ")
	base, numberErr := strconv.ParseUint(number, 10, 64)
	if !ended || !marked || !two || numberErr != nil || strconv.FormatUint(base, 10) != number {
		return 0, "", "", invalid("it is no delta")
	}
	return base, sum, rest, nil
}

// maker makes the lines of the new bundle.
type maker struct{ old []string }

// parts makes the lines of the parts.
func (m *maker) parts(parts []Part, delta string) (string, error) {
	var made strings.Builder
	for i, part := range parts {
		line, rest, err := m.line(delta)
		if err != nil {
			return "", err
		}
		if len(line) != part.Size {
			return "", invalid("part %d has %d bytes, the manifest says %d", i+1, len(line), part.Size)
		}
		made.WriteString(line)
		made.WriteByte('\n')
		delta = rest
	}
	if delta != "" {
		return "", invalid("%d bytes behind the last part", len(delta))
	}
	return made.String(), nil
}

// line makes the line that the first of the delta's stands for.
func (m *maker) line(delta string) (line, rest string, err error) {
	text, rest, ended := strings.Cut(delta, "\n")
	if !ended {
		return "", "", invalid("it is cut off")
	}
	if place, same := strings.CutPrefix(text, sameMark); same {
		line, err = m.oldLine(place)
		return line, rest, err
	}
	for _, f := range forms {
		if change, changed := strings.CutPrefix(text, f.mark); changed {
			line, err = m.change(f, change)
			return line, rest, err
		}
	}
	return text, rest, nil
}

func (m *maker) oldLine(place string) (string, error) {
	n, err := strconv.Atoi(place)
	if err != nil || n < 1 || n > len(m.old) {
		return "", invalid("the old bundle has no line %.20q", place)
	}
	return m.old[n-1], nil
}

// maxForm bounds a token that was taken apart: a list's entries, inflated, and what
// is around them.
const maxForm = revocation.MaxInflatedSize + MaxManifest

// change carries out the operations on an old line in that form.
func (m *maker) change(f form, change string) (string, error) {
	place, encoded, _ := strings.Cut(change, " ")
	before, err := m.oldLine(place)
	if err != nil {
		return "", err
	}
	operations, err := jose.DecodeSegment(encoded)
	if err != nil {
		return "", invalid("the operations: %v", err)
	}
	old, known := f.takeApart(before)
	if !known {
		return "", invalid("it changes line %s, which is not made as this program makes it", place)
	}
	framed, err := patch(old, operations, maxForm)
	if err != nil {
		return "", err
	}
	return f.putTogether(framed)
}
