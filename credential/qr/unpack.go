package qr

import (
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Unpack restores the presentation that was packed into code. It takes the URL
// form, with scheme, host and path in any case, and the bare digits of a code
// that was packed without a URL.
//
// The presentation has the shape of a compact SD-JWT and no more is known of
// it: its signatures, digests and times are for a verifier to check. Errors are
// of type *code.Error. Time and memory are bounded whatever the code is.
func Unpack(code string) (presentation string, err error) {
	issuer, digits, err := cut(code)
	if err != nil {
		return "", err
	}
	f, err := decode(fromDigits(digits))
	if err != nil {
		return "", err
	}
	return f.restore(issuer)
}

// restore fills in the template.
func (f frame) restore(issuer string) (string, error) {
	jwts := 3
	if f.format == formatBound {
		jwts = 6
	}
	shown := len(f.segments) - jwts
	if shown < 0 {
		return "", malformed("the template has %d segments, at least %d are needed", len(f.segments), jwts)
	}
	if shown > MaxDisclosures {
		return "", tooLarge("the template has %d disclosures, at most %d are read", shown, MaxDisclosures)
	}
	r := restorer{issuer: issuer, strings: f.strings, side: f.side, time: firstTime}
	disclosures := r.segments(f.segments[:shown])
	for _, disclosure := range disclosures {
		r.digests = append(r.digests, digest(disclosure))
	}
	slices.Sort(r.digests)
	r.hidden = count(f.segments, tokenSortedDigest) - len(disclosures)
	badge := r.segments(f.segments[shown : shown+3])
	text := presentation{badge: badge, disclosures: disclosures}.unbound()
	if f.format == formatBound && r.err == nil {
		r.sdHash = digest(text)
		text += strings.Join(r.segments(f.segments[shown+3:]), ".")
	}
	if r.err == nil && len(r.side)+len(r.strings) > 0 {
		return "", malformed("%d bytes and %d strings are left over", len(r.side), len(r.strings))
	}
	if r.err != nil {
		return "", r.err
	}
	if _, err := split(text); err != nil {
		return "", err
	}
	return text, nil
}

func count(segments []string, token byte) int {
	total := 0
	for _, segment := range segments {
		total += strings.Count(segment, string(token))
	}
	return total
}

// restorer expands segments. Its first error stays, and ends the work.
type restorer struct {
	issuer  string
	strings []string // not yet used
	side    []byte   // not yet used
	size    int      // bytes restored so far
	err     error

	time    int64    // the time before
	pointY  string   // y of the point, once its x was restored
	digests []string // of the disclosures, in ascending order of their text
	sdHash  string   // "" before the key-binding JWT

	// The state of the sorted list, see nextSorted: how many of digests it holds
	// so far, and how many digests of claims not disclosed are to come.
	listed, hidden int
}

func (r *restorer) segments(templates []string) []string {
	segments := make([]string, 0, len(templates))
	for _, template := range templates {
		segments = append(segments, r.segment(template))
	}
	return segments
}

// segment expands one segment of the template to the text that stands in the
// presentation.
func (r *restorer) segment(template string) string {
	if text, ok := strings.CutPrefix(template, string(tokenVerbatim)); ok {
		r.grow(len(text))
		return text
	}
	content := make([]byte, 0, 2*len(template)+64)
	for i := 0; i < len(template) && r.err == nil; i++ {
		before := len(content)
		if isControl(template[i]) {
			content = append(content, r.expand(template[i])...)
		} else {
			content = append(content, template[i])
		}
		r.grow(len(content) - before)
	}
	return base64.RawURLEncoding.EncodeToString(content)
}

// grow counts what was restored, so that a short template of long tokens stops
// at the limit.
func (r *restorer) grow(bytes int) {
	if r.size += bytes; r.size > MaxPresentation {
		r.fail(tooLarge("the presentation restores to more than %d bytes", MaxPresentation))
	}
}

func (r *restorer) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// expand returns what a token stands for.
func (r *restorer) expand(token byte) string {
	switch token {
	case tokenRaw16:
		return base64.RawURLEncoding.EncodeToString(r.take(16))
	case tokenRaw32:
		return base64.RawURLEncoding.EncodeToString(r.take(32))
	case tokenIntegrity:
		return base64.StdEncoding.EncodeToString(r.take(32))
	case tokenUUID:
		return formatUUID(r.take(16))
	case tokenTime:
		return r.nextTime()
	case tokenDecimal:
		return r.nextDecimal()
	case tokenPointX:
		return r.nextPoint()
	case tokenPointY:
		return r.known(r.pointY, "a point's y stands before its x")
	case tokenSignature:
		return string(r.take(64))
	case tokenSortedDigest:
		return r.nextSorted()
	case tokenNumberedDigest:
		return r.nextNumbered()
	case tokenSDHash:
		return r.known(r.sdHash, "sd_hash stands outside the key-binding JWT")
	case tokenIssuer:
		return r.known(r.issuer, "the code was cut off its URL, which it needs: scan or paste all of it")
	case tokenString:
		return r.nextString()
	}
	r.fail(malformed("the template holds the unknown token 0x%02x", token))
	return ""
}

// take returns the side stream's next bytes, or zeros after an error.
func (r *restorer) take(count int) []byte {
	if len(r.side) < count {
		r.fail(malformed("the side stream is too short"))
		return make([]byte, count)
	}
	taken := r.side[:count]
	r.side = r.side[count:]
	return taken
}

func (r *restorer) takeUvarint() uint64 {
	value, rest, ok := cutUvarint(r.side)
	if !ok {
		r.fail(malformed("a number in the side stream is cut off, too large or not in its shortest form"))
		return 0
	}
	r.side = rest
	return value
}

// known returns a value that some token or the code's URL has to have set.
func (r *restorer) known(value, otherwise string) string {
	if value == "" {
		r.fail(malformed("%s", otherwise))
	}
	return value
}

// nextTime adds a difference to the time before. The varint's lowest bit tells
// its unit, 0 for seconds and 1 for hours; the rest is the difference in
// zigzag form: 0, -1, 1, -2 and so on.
func (r *restorer) nextTime() string {
	value, unit := r.takeUvarint(), int64(1)
	if value&1 == 1 {
		unit = hour
	}
	zigzag := value >> 1
	r.time += unit * (int64(zigzag>>1) ^ -int64(zigzag&1))
	if r.time < 0 || r.time >= 1<<53 {
		r.fail(malformed("a time is out of range"))
	}
	return strconv.FormatInt(r.time, 10)
}

// nextDecimal reads the number of a digit string among all digit strings,
// shorter ones first: 0 to 9 are "0" to "9", 10 is "00", 110 is "000".
func (r *restorer) nextDecimal() string {
	number, ofLength, length := r.takeUvarint(), uint64(10), 1
	for ; number >= ofLength; length++ {
		number -= ofLength
		ofLength *= 10
	}
	return fmt.Sprintf("%0*d", length, number)
}

// nextPoint decompresses a P-256 point (SEC 1 section 2.3.4). A second one is
// refused: a badge has one holder key, and each takes longer than all the rest.
func (r *restorer) nextPoint() string {
	if r.pointY != "" {
		r.fail(malformed("there is a second point"))
		return ""
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), r.take(33))
	if x == nil {
		r.fail(malformed("the holder's key is not a point on P-256"))
		return ""
	}
	var coordinate [32]byte
	r.pointY = base64.RawURLEncoding.EncodeToString(y.FillBytes(coordinate[:]))
	return base64.RawURLEncoding.EncodeToString(x.FillBytes(coordinate[:]))
}

// nextSorted returns the next element of the list of digests: those of all
// disclosures and of claims not disclosed, together in ascending order of their
// text. The list has more elements than there are disclosures by the number of
// claims not disclosed, whose digests stand in the side stream, each where the
// list reaches it.
func (r *restorer) nextSorted() string {
	if r.hidden > 0 && len(r.side) >= 32 {
		next := base64.RawURLEncoding.EncodeToString(r.side[:32])
		if r.listed == len(r.digests) || next < r.digests[r.listed] {
			r.hidden--
			r.take(32)
			return next
		}
	}
	if r.listed == len(r.digests) {
		r.fail(malformed("the list of digests is longer than its digests"))
		return ""
	}
	r.listed++
	return r.digests[r.listed-1]
}

func (r *restorer) nextNumbered() string {
	index := int(r.take(1)[0])
	if index >= len(r.digests) {
		r.fail(malformed("a digest's number is out of range"))
		return ""
	}
	return r.digests[index]
}

func (r *restorer) nextString() string {
	if len(r.strings) == 0 {
		r.fail(malformed("the template needs more strings than follow it"))
		return ""
	}
	next := r.strings[0]
	r.strings = r.strings[1:]
	return next
}

func formatUUID(raw []byte) string {
	digits := hex.EncodeToString(raw)
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}
