package strictjson

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// MaxDepth is how many arrays and objects may be open at once.
const MaxDepth = 16

// maxGuess bounds what memory is taken for before it is needed.
const maxGuess = 32

// fewMembers is the size up to which comparing names beats a map.
const fewMembers = 24

// Parse reads exactly one JSON value.
func Parse(text []byte) (Value, error) {
	return ParseString(string(text))
}

// ParseString is [Parse] for a string. Strings without escapes share its memory.
func ParseString(text string) (Value, error) {
	p := parser{text: text}
	p.space()
	var v Value
	if err := p.value(&v); err != nil {
		return Value{}, err
	}
	p.space()
	if p.at != len(p.text) {
		return Value{}, p.invalid("data after the value")
	}
	return v, nil
}

type parser struct {
	text  string
	at    int
	depth int
}

func (p *parser) invalid(what string) error {
	return code.Refuse(code.JSONInvalid, "%s at byte %d", what, p.at)
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next returns the byte at the current position, or 0 at the end: a NUL is
// nowhere legal in JSON, so the two need no distinction.
func (p *parser) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// value parses into the zero Value at its place in memory, because copying Values
// from level to level would cost more than reading them.
func (p *parser) value(v *Value) (err error) {
	switch c := p.next(); {
	case c == '{':
		return p.object(v)
	case c == '[':
		return p.array(v)
	case c == '"':
		v.Kind = String
		v.Text, err = p.string()
		return err
	case c == '-' || isDigit(c):
		v.Kind = Number
		v.Text, err = p.number()
		return err
	case c == 't':
		v.Kind = Bool
		v.Text, err = p.literal("true")
		return err
	case c == 'f':
		v.Kind = Bool
		v.Text, err = p.literal("false")
		return err
	case c == 'n':
		_, err = p.literal("null")
		return err
	}
	return p.invalid("no JSON value")
}

func (p *parser) literal(word string) (string, error) {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return "", p.invalid("no JSON value")
	}
	p.at += len(word)
	return word, nil
}

func (p *parser) enter() error {
	if p.depth == MaxDepth {
		return code.Refuse(code.JSONTooDeep, "more than %d levels at byte %d", MaxDepth, p.at)
	}
	p.depth++
	p.at++
	p.space()
	return nil
}

// guess returns how many members or elements there seem to be up to the closing
// character. It looks ahead no further than a value can nest, so it reads no part
// of the text more than MaxDepth times.
func (p *parser) guess(closing byte) int {
	end := strings.IndexByte(p.text[p.at:], closing)
	return min(1+strings.Count(p.text[p.at:p.at+max(end, 0)], ","), maxGuess)
}

func (p *parser) leave() {
	p.depth--
	p.at++
}

func (p *parser) array(v *Value) error {
	v.Kind = Array
	if err := p.enter(); err != nil {
		return err
	}
	if p.next() == ']' {
		p.leave()
		return nil
	}
	v.Elements = make([]Value, 0, p.guess(']'))
	for {
		v.Elements = append(v.Elements, Value{})
		if err := p.value(&v.Elements[len(v.Elements)-1]); err != nil {
			return err
		}
		if more, err := p.more(']'); !more {
			return err
		}
	}
}

func (p *parser) object(v *Value) error {
	v.Kind = Object
	if err := p.enter(); err != nil {
		return err
	}
	if p.next() == '}' {
		p.leave()
		return nil
	}
	v.Members = make([]Member, 0, p.guess('}'))
	var seen map[string]struct{}
	for {
		name, err := p.name()
		if err != nil {
			return err
		}
		v.Members = append(v.Members, Member{Name: name})
		last := len(v.Members) - 1
		if err := p.value(&v.Members[last].Value); err != nil {
			return err
		}
		if seen, err = p.refuseTwice(v.Members[:last], seen, name); err != nil {
			return err
		}
		if more, err := p.more('}'); !more {
			return err
		}
	}
}

// name reads a member's name and the colon behind it.
func (p *parser) name() (string, error) {
	if p.next() != '"' {
		return "", p.invalid("no member name")
	}
	name, err := p.string()
	if err != nil {
		return "", err
	}
	p.space()
	if p.next() != ':' {
		return "", p.invalid("no colon after a member name")
	}
	p.at++
	p.space()
	return name, nil
}

// refuseTwice fails when name is already a member. It keeps a map only once an
// object is large, so that many members cost no more than linear time.
func (p *parser) refuseTwice(members []Member, seen map[string]struct{}, name string) (map[string]struct{}, error) {
	if len(members) < fewMembers {
		for i := range members {
			if members[i].Name == name {
				return nil, code.Refuse(code.JSONDuplicateName, "member %q twice in one object", name)
			}
		}
		return nil, nil
	}
	if seen == nil {
		seen = make(map[string]struct{}, 2*fewMembers)
		for i := range members {
			seen[members[i].Name] = struct{}{}
		}
	}
	if _, twice := seen[name]; twice {
		return nil, code.Refuse(code.JSONDuplicateName, "member %q twice in one object", name)
	}
	seen[name] = struct{}{}
	return seen, nil
}

// more steps over a comma, or over the closing character and out of the value.
func (p *parser) more(closing byte) (bool, error) {
	p.space()
	switch p.next() {
	case ',':
		p.at++
		p.space()
		return true, nil
	case closing:
		p.leave()
		return false, nil
	}
	return false, p.invalid("no comma or end")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (p *parser) digits() bool {
	start := p.at
	for isDigit(p.next()) {
		p.at++
	}
	return p.at > start
}

func (p *parser) number() (string, error) {
	start := p.at
	if p.next() == '-' {
		p.at++
	}
	leadingZero := p.next() == '0'
	intStart := p.at
	if !p.digits() || leadingZero && p.at > intStart+1 {
		return "", p.invalid("malformed number")
	}
	if p.next() == '.' {
		p.at++
		if !p.digits() {
			return "", p.invalid("malformed number")
		}
	}
	if c := p.next(); c == 'e' || c == 'E' {
		p.at++
		if c := p.next(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			return "", p.invalid("malformed number")
		}
	}
	return p.text[start:p.at], nil
}

// string reads from an opening quote to behind the closing one. Text without
// escapes is not copied.
func (p *parser) string() (string, error) {
	p.at++
	text, err := p.plain()
	if err != nil {
		return "", err
	}
	if p.text[p.at] == '"' {
		p.at++
		return text, nil
	}
	var b strings.Builder
	for p.text[p.at] == '\\' {
		b.WriteString(text)
		r, err := p.escape()
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
		if text, err = p.plain(); err != nil {
			return "", err
		}
	}
	b.WriteString(text)
	p.at++
	return b.String(), nil
}

// plain reads up to the next quote or backslash, on which it leaves the parser.
func (p *parser) plain() (string, error) {
	start := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"' || c == '\\':
			return p.text[start:p.at], nil
		case c < 0x20:
			return "", p.invalid("control character in a string")
		case c < utf8.RuneSelf:
			p.at++
		default:
			if err := p.rune(); err != nil {
				return "", err
			}
		}
	}
	return "", p.invalid("unterminated string")
}

func (p *parser) rune() error {
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	if r == utf8.RuneError && size <= 1 {
		return p.invalid("not UTF-8")
	}
	p.at += size
	return nil
}

func (p *parser) escape() (rune, error) {
	p.at++
	c := p.next()
	if c == 'u' {
		return p.unicodeEscape()
	}
	plain := strings.IndexByte(`"\/bfnrt`, c)
	if plain < 0 {
		return 0, p.invalid("unknown escape")
	}
	p.at++
	return rune("\"\\/\b\f\n\r\t"[plain]), nil
}

// unicodeEscape reads \uXXXX, or two of them that form a surrogate pair.
func (p *parser) unicodeEscape() (rune, error) {
	first, ok := p.hex4()
	if !ok {
		return 0, p.invalid("malformed \\u escape")
	}
	if !utf16.IsSurrogate(first) {
		return first, nil
	}
	if strings.HasPrefix(p.text[p.at:], `\u`) {
		p.at++
		second, ok := p.hex4()
		if r := utf16.DecodeRune(first, second); ok && r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, p.invalid("lone surrogate")
}

// hex4 reads four hexadecimal digits behind a 'u'.
func (p *parser) hex4() (rune, bool) {
	if p.at+5 > len(p.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.text[p.at+1 : p.at+5]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	p.at += 5
	return r, true
}
