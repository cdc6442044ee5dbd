package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxTextLength bounds every text that is kept, in characters.
const MaxTextLength = 256

// fields takes one record apart and notes all that is wrong with it.
type fields struct {
	refusals []string
	notices  []string
}

func (f *fields) refuse(format string, args ...any) {
	f.refusals = append(f.refusals, fmt.Sprintf(format, args...))
}

func (f *fields) notice(format string, args ...any) {
	f.notices = append(f.notices, fmt.Sprintf(format, args...))
}

// decode reads the members that are wanted into a struct. It reports whether it
// is worth going on; if not, whatever could be read is there to name the record.
func (f *fields) decode(raw json.RawMessage, into any) bool {
	if len(raw) > MaxRecordSize {
		f.refuse("the record is larger than %d KiB: leave out what is not needed", MaxRecordSize>>10)
		return false
	}
	if raw[0] != '{' {
		f.refuse("the record is not a JSON object: remove it")
		return false
	}
	err := json.Unmarshal(raw, into)
	if !utf8.Valid(raw) {
		// encoding/json puts U+FFFD in its place without a word.
		f.refuse("the record is not UTF-8 text: export the file as UTF-8")
		return false
	}
	if name := repeatedMember(raw); name != "" {
		f.refuse("the member %q stands twice: keep one", clip(name, MaxTextLength))
		return false
	}
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		f.refuse("%s is %s: send %s", mismatch.Field, jsonKind(mismatch.Value), jsonKind(mismatch.Type.Kind().String()))
		return false
	}
	if err != nil {
		f.refuse("the record cannot be read: %v", err)
		return false
	}
	return true
}

// jsonKind is the JSON name of what Go calls a kind, or encoding/json a value.
func jsonKind(kind string) string {
	switch kind {
	case "bool":
		return "a boolean"
	case "struct", "object":
		return "an object"
	case "slice", "array":
		return "an array"
	default:
		return "a " + kind
	}
}

// repeatedMember returns the name of a member that stands twice in one object of
// a valid record, at whatever depth, or "". Capitals make no difference, because
// encoding/json fills a field from either and the last one would win.
func repeatedMember(raw json.RawMessage) string {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	// Each open object has a set of names, each open array a nil one.
	var open []map[string]bool
	name := true // whether the next text of an object is a name
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			name = true
		case string:
			if !inObject || !name {
				name = true
				continue
			}
			folded := foldName(token)
			if open[len(open)-1][folded] {
				return token
			}
			open[len(open)-1][folded] = true
			name = false
		default:
			name = true
		}
	}
}

// foldName makes equal what encoding/json takes for equal.
func foldName(name string) string {
	return strings.Map(func(c rune) rune {
		smallest := c
		for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		return smallest
	}, name)
}

// text checks a text that is kept as it is. It may be empty.
func (f *fields) text(name, value string) string {
	if utf8.RuneCountInString(value) > MaxTextLength {
		f.refuse("%s is longer than %d characters: shorten it", name, MaxTextLength)
		return ""
	}
	for _, c := range value {
		if !showable(c) {
			f.refuse("%s contains the character %U, which may not stand in a text: remove it", name, c)
			return ""
		}
	}
	return value
}

// showable reports whether a character may stand in a text. Control characters
// and line breaks would forge log lines and mail headers; overrides of direction
// would let a name read as another at a gate. The marks and joiners that Arabic,
// Hebrew, Persian and Indic names need are allowed. U+FFFD means that somebody
// has already lost what stood there.
func showable(c rune) bool {
	switch {
	case unicode.IsControl(c), c == utf8.RuneError:
		return false
	case c >= 0x2028 && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
		return false
	}
	return true
}

// identifier checks a text by which records find each other. It may be empty.
func (f *fields) identifier(name, value string) string {
	if strings.TrimSpace(value) != value {
		f.refuse("%s %q starts or ends with a space: remove it", name, clip(value, MaxTextLength))
		return ""
	}
	return f.text(name, value)
}

// required checks an identifier that has to be there.
func (f *fields) required(name, value string) string {
	if value == "" {
		f.refuse("%s is missing: send it", name)
		return ""
	}
	return f.identifier(name, value)
}

// instant reads a date and time, in UTC. An empty one is the zero time.
func (f *fields) instant(name, value string) time.Time {
	if value == "" {
		return time.Time{}
	}
	// RFC 3339, and ISO 8601 as some record stores write the offset. Parse takes
	// fractions of a second with any of them.
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07"} {
		if at, err := time.Parse(layout, value); err == nil {
			return at.UTC()
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05", value); err == nil {
		f.refuse("%s %q has no time zone: add \"Z\" for UTC, or an offset such as \"+01:00\"", name, value)
		return time.Time{}
	}
	f.refuse("%s %q is not a date and time: write it like \"2026-11-23T08:00:00Z\"", name, clip(value, MaxTextLength))
	return time.Time{}
}

// clip shortens a text that goes into a message.
func clip(value string, limit int) string {
	characters := []rune(value)
	if len(characters) <= limit {
		return value
	}
	return string(characters[:limit]) + "…"
}
