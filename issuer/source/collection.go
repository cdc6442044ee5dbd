package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Bounds of a file's records.
const (
	MaxRecords    = 500_000
	MaxRecordSize = 1 << 20 // bytes
)

// record is one raw element of a collection.
type record struct {
	position int // counted from 1
	line     int
	raw      json.RawMessage
}

// collection describes where a format keeps its records: in an array that is a
// member of one object, whose other members say how the array is to be read.
type collection struct {
	member string // the name of the array
	format string // what the file should be, for messages

	each func(record)

	found bool                       // set by read: whether the array was there
	rest  map[string]json.RawMessage // set by read: the members beside it
}

// missing is the answer to a file without the array.
func (c *collection) missing() error {
	return fmt.Errorf("there is no member %q: send %s", c.member, c.format)
}

// read goes through a file and calls each for every record. Nothing that it has
// passed on before an error is to be used.
func (c *collection) read(r io.Reader) error {
	lines := newLineReader(r)
	walk := &walker{collection: c, lines: lines, decoder: json.NewDecoder(lines)}
	c.found, c.rest = false, map[string]json.RawMessage{}
	if err := walk.object(); err != nil {
		return walk.explain(err)
	}
	return nil
}

// walker is at one place of a file.
type walker struct {
	*collection
	lines    *lineReader
	decoder  *json.Decoder
	position int
}

// object reads the outer object to the end of the file.
func (w *walker) object() error {
	if err := w.open(); err != nil {
		return err
	}
	for w.decoder.More() {
		if err := w.entry(); err != nil {
			return err
		}
	}
	if _, err := w.decoder.Token(); err != nil {
		return err
	}
	return w.end()
}

// end insists that nothing follows.
func (w *walker) end() error {
	if _, err := w.decoder.Token(); !errors.Is(err, io.EOF) {
		return w.fault("there is something after the end of the JSON: send one document per file")
	}
	return nil
}

func (w *walker) open() error {
	token, err := w.decoder.Token()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: export it again")
	}
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return w.fault("this is not a JSON object: send %s", w.format)
	}
	return nil
}

// entry reads one member of the outer object.
func (w *walker) entry() error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string) // a member's name is always a string
	_, repeated := w.rest[name]
	if repeated || name == w.member && w.found {
		return w.fault("the member %q stands twice: keep one", name)
	}
	if name != w.member {
		value, err := w.value()
		w.rest[name] = value
		return err
	}
	w.found = true
	return w.array()
}

func (w *walker) array() error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return w.fault("the member %q is not an array: send %s", w.member, w.format)
	}
	for w.decoder.More() {
		if err := w.record(); err != nil {
			return err
		}
	}
	_, err = w.decoder.Token()
	return err
}

func (w *walker) record() error {
	raw, err := w.value()
	if err != nil {
		return err
	}
	w.position++
	if w.position > MaxRecords {
		return w.fault("there are more than %d records: export them in parts", MaxRecords)
	}
	line, _ := w.lines.at(w.decoder.InputOffset() - int64(len(raw)))
	w.each(record{w.position, line, raw})
	return nil
}

// value reads one whole value.
func (w *walker) value() (json.RawMessage, error) {
	var raw json.RawMessage
	err := w.decoder.Decode(&raw)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return nil, w.broken(syntax)
	}
	return raw, err
}

// broken gives the place to what Decode says of a value. Decode counts only the
// bytes of values, not of what Token read in between; but it leaves the value
// unread, so that reading it once more by itself tells the place within it.
func (w *walker) broken(syntax *json.SyntaxError) error {
	start := w.decoder.InputOffset()
	var again json.RawMessage
	if err := json.NewDecoder(w.decoder.Buffered()).Decode(&again); !errors.As(err, &syntax) {
		return w.notJSON(start, syntax)
	}
	return w.notJSON(start+syntax.Offset-1, syntax)
}

func (w *walker) notJSON(offset int64, syntax *json.SyntaxError) error {
	line, column := w.lines.at(offset)
	return fmt.Errorf("line %d, column %d: this is not JSON: %s: export the file again", line, column, syntax)
}

// fault is an error at the token that was read last.
func (w *walker) fault(format string, args ...any) error {
	line, column := w.lines.at(max(w.decoder.InputOffset()-1, 0))
	return fmt.Errorf("line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

// explain gives the place to what Token says of broken JSON.
func (w *walker) explain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return w.notJSON(w.decoder.InputOffset(), syntax)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		line, column := w.lines.at(w.lines.offset)
		return fmt.Errorf("line %d, column %d: the file ends in the middle: export it again", line, column)
	default:
		return err
	}
}

// has reports whether the outer object has a member that is more than null or
// an empty text: the ways to say that there are no further pages.
func (c *collection) has(name string) bool {
	switch string(c.rest[name]) {
	case "", "null", `""`:
		return false
	}
	return true
}
