package qr

import (
	"encoding/base64"
	"slices"
)

// Pack returns the gate code of a presentation, a compact SD-JWT with or
// without key-binding JWT.
//
// The code starts with the check page of issuerURL, which is the badge's iss:
// "https://badge.vendor.example" gives "HTTPS://BADGE.VENDOR.EXAMPLE/C#". The
// closer the presentation is to the badge profile and the more of its URLs start
// with issuerURL, the shorter is the code. With an empty issuerURL the code is
// digits alone.
//
// The code was unpacked and compared with the presentation before Pack returns
// it. An error about the presentation is an *code.Error: frame_malformed where it
// is not a compact SD-JWT, frame_too_large where it does not fit. Any other error
// is about issuerURL. The same input gives the same code.
func Pack(issuerURL, presentation string) (code string, err error) {
	prefix, err := prefixOf(issuerURL)
	if err != nil {
		return "", err
	}
	parts, err := split(presentation)
	if err != nil {
		return "", err
	}
	code, err = proven(prefix, presentation, lift(issuerURL, parts))
	if err == nil {
		return code, nil
	}
	if plainer, plainErr := proven(prefix, presentation, liftNothing(parts)); plainErr == nil {
		return plainer, nil
	}
	return "", err
}

// proven encodes a frame and checks that it restores the presentation.
func proven(prefix, presentation string, f frame) (code string, err error) {
	encoded, err := f.encode()
	if err != nil {
		return "", err
	}
	code = prefix + toDigits(encoded)
	restored, err := Unpack(code)
	if err != nil {
		return "", err
	}
	if restored != presentation {
		return "", malformed("the presentation cannot be restored from its code")
	}
	return code, nil
}

// liftNothing returns the plainest frame: every segment as it stands.
func liftNothing(p presentation) frame {
	f := frame{format: formatOf(p)}
	for _, segment := range p.segments() {
		f.segments = append(f.segments, string(tokenVerbatim)+segment)
	}
	return f
}

// lift returns the frame of a presentation with everything taken out of the
// template that a token can stand for.
func lift(issuer string, p presentation) frame {
	l := lifter{issuer: issuer, time: firstTime, listed: true}
	l.segments(p.disclosures)
	// A disclosure may hold digests of others, but the restorer knows none
	// before it has restored all disclosures.
	l.listed = false
	for _, disclosure := range p.disclosures {
		l.digests = append(l.digests, digest(disclosure))
	}
	slices.Sort(l.digests)
	l.jwt(p.badge)
	if p.binding != nil {
		l.sdHash = digest(p.unbound())
		l.jwt(p.binding)
	}
	return frame{formatOf(p), l.templates, l.strings, l.side}
}

func formatOf(p presentation) byte {
	if p.binding == nil {
		return formatUnbound
	}
	return formatBound
}

// lifter builds a frame. What it recognises decides only how short the frame
// gets; what each token means is the restorer's.
type lifter struct {
	issuer  string
	digests []string // of the disclosures, in ascending order; empty while these are lifted
	sdHash  string   // "" before the key-binding JWT
	time    int64    // the time before

	templates []string
	strings   []string
	side      []byte

	template []byte   // of the segment at hand
	before   position // of the latest tokenRaw32 in it

	listed  bool // the sorted list was met, or cannot be yet
	inList  bool // the values at hand are its elements
	pointed bool // the point was met
}

// position says where a tokenRaw32 stands, so that it can become a tokenPointX
// when its y follows.
type position struct {
	x          []byte // nil for none
	inTemplate int
	inSide     int
}

func (l *lifter) jwt(parts []string) {
	l.segments(parts[:2])
	if raw, ok := canonical(parts[2]); ok && len(raw) == 64 {
		l.side = append(l.side, raw...)
		l.templates = append(l.templates, string(tokenSignature))
		return
	}
	l.templates = append(l.templates, string(tokenVerbatim)+parts[2])
}

// segments lifts segments that ought to hold JSON. One that is not canonical
// base64url, or holds bytes that would read as tokens, is kept as it stands.
func (l *lifter) segments(segments []string) {
	for _, segment := range segments {
		content, ok := canonical(segment)
		if !ok || slices.ContainsFunc(content, isControl) {
			l.templates = append(l.templates, string(tokenVerbatim)+segment)
			continue
		}
		l.template, l.before = nil, position{}
		l.json(string(content))
		l.templates = append(l.templates, string(l.template))
	}
}

// canonical decodes base64url that encodes back to the same text.
func canonical(text string) (raw []byte, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return raw, err == nil && base64.RawURLEncoding.EncodeToString(raw) == text
}
