package bundle

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// deltaMark begins the first line of a delta; a bundle's begins with a JWS.
const deltaMark = "delta "

// sameMark begins a line of a delta that is a line of the old bundle. Like the marks
// of forms it is not of base64url, as which a new part begins.
const sameMark = "="

// IsDelta reports whether a text is a delta rather than a bundle, so far as its first
// bytes say.
func IsDelta(text string) bool { return strings.HasPrefix(text, deltaMark) }

// DeltaBase returns the number of the bundle that a delta builds on, by its own word.
func DeltaBase(delta string) (uint64, error) {
	base, _, _, err := cutDelta(delta)
	return base, err
}

// Delta returns what makes next of old with [Apply]. Both are whole bundles of one
// issuer, as Seal wrote them.
func Delta(old, next string) (string, error) {
	was, err := Inspect(old)
	if err != nil {
		return "", fmt.Errorf("the old bundle: %w", err)
	}
	is, err := Inspect(next)
	if err != nil {
		return "", fmt.Errorf("the new bundle: %w", err)
	}
	if was.Issuer != is.Issuer || was.Number >= is.Number {
		return "", invalid("bundle %d of %s is not newer than bundle %d of %s", is.Number, is.Issuer, was.Number, was.Issuer)
	}
	sum := sha256.Sum256([]byte(old))
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d %s\n", deltaMark, was.Number, jose.Encoding.EncodeToString(sum[:]))
	oldLines, newLines := lines(old), lines(next)
	b.WriteString(lineDelta(oldLines, 0, newLines[0]))
	at := placesOf(was.Parts)
	for i, part := range is.Parts {
		from, held := at[part.name()]
		if !held {
			from = -1
		}
		b.WriteString(lineDelta(oldLines, from, newLines[i+1]))
	}
	return b.String(), nil
}

// lines are those of a bundle, whose last ends in a line feed, too.
func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// name is what stays the same of a part from bundle to bundle.
func (p Part) name() string {
	if p.Kind == PortraitKind {
		return string(p.Digest[:])
	}
	return p.URI
}

// placesOf returns in which line of a bundle each part is, counted from zero.
func placesOf(parts []Part) map[string]int {
	at := make(map[string]int, len(parts))
	for i, part := range parts {
		at[part.name()] = i + 1
	}
	return at
}

// lineDelta writes a line as what it is made of, or whole where that is shorter.
// from is the line of the old bundle that it took the place of, -1 for none.
func lineDelta(old []string, from int, line string) string {
	if from < 0 {
		return line + "\n"
	}
	if old[from] == line {
		return sameMark + strconv.Itoa(from+1) + "\n"
	}
	best := line
	for _, f := range forms {
		before, known := f.takeApart(old[from])
		after, exact := f.takeApart(line)
		if !known || !exact {
			continue
		}
		changed := f.mark + strconv.Itoa(from+1) + " " + jose.Encoding.EncodeToString(difference(before, after))
		if len(changed) < len(best) {
			best = changed
		}
	}
	return best + "\n"
}
