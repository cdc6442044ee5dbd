package bundle

import (
	"bytes"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// form is a way to take a token apart, so that what stays the same in it from bundle
// to bundle is the same bytes: base64 shifts everything behind a byte more or less,
// and so does compression.
type form struct {
	mark string // begins a delta's line that changes a line in this form
	// open reads the lst of a status list, and shut writes it.
	open func(lst string) ([]byte, error)
	shut func(entries []byte) (string, error)
}

var forms = []form{
	// The list as it is compressed, and tokens that are none.
	{"~", jose.DecodeSegment, func(entries []byte) (string, error) { return jose.Encoding.EncodeToString(entries), nil }},
	// The list's entries. They are compressed again by who applies the delta, which
	// gives the same list only where both run a program that compresses alike; where
	// not, the manifest's hash tells.
	{"^", revocation.Inflate, revocation.Deflate},
}

// lstBegins is what stands before the compressed entries in a status list's payload.
var lstBegins = []byte(`"lst":"`)

// takeApart returns the pieces of a token without base64, each behind its length:
// header, payload and signature, or, of a status list, header, what is before the
// entries, the entries, what is behind them, signature. It is false where putTogether
// would not give the token back.
func (f form) takeApart(token string) ([]byte, bool) {
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return nil, false
	}
	var pieces [][]byte
	for _, segment := range segments {
		piece, err := jose.DecodeSegment(segment)
		if err != nil {
			return nil, false
		}
		pieces = append(pieces, piece)
	}
	if before, entries, after, isList := f.openList(pieces[1]); isList {
		pieces = [][]byte{pieces[0], before, entries, after, pieces[2]}
	}
	framed := frame(pieces)
	again, err := f.putTogether(framed)
	return framed, err == nil && again == token
}

func (f form) openList(payload []byte) (before, entries, after []byte, isList bool) {
	before, rest, found := bytes.Cut(payload, lstBegins)
	lst, after, ended := bytes.Cut(rest, []byte{'"'})
	if !found || !ended {
		return nil, nil, nil, false
	}
	entries, err := f.open(string(lst))
	return before, entries, after, err == nil
}

// putTogether undoes takeApart.
func (f form) putTogether(framed []byte) (string, error) {
	pieces, err := unframe(framed)
	if err != nil {
		return "", err
	}
	if len(pieces) == 5 {
		lst, err := f.shut(pieces[2])
		if err != nil {
			return "", invalid("the list: %v", err)
		}
		payload := append(bytes.Clone(pieces[1]), lstBegins...)
		payload = append(append(append(payload, lst...), '"'), pieces[3]...)
		pieces = [][]byte{pieces[0], payload, pieces[4]}
	}
	if len(pieces) != 3 {
		return "", invalid("a token of %d pieces", len(pieces))
	}
	segments := make([]string, len(pieces))
	for i, piece := range pieces {
		segments[i] = jose.Encoding.EncodeToString(piece)
	}
	return strings.Join(segments, "."), nil
}
