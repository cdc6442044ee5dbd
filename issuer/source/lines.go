package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxFileSize bounds a file, in bytes. It holds some 300,000 statements; a
// larger program exports in pages.
const MaxFileSize = 256 << 20

// errTooLarge is the answer to a file over MaxFileSize.
var errTooLarge = fmt.Errorf("the file is larger than %d MiB: export it in parts", MaxFileSize>>20)

// lineReader passes a stream on, without a leading byte order mark, and remembers
// where its lines begin, so that an offset can be told as a line and a column.
// It forgets lines that have been asked past, and so stays small.
type lineReader struct {
	from   *bufio.Reader
	begun  bool
	offset int64 // bytes passed on

	starts []int64 // offsets at which a line begins, of the lines after the one last asked for
	line   int     // the line last asked for
	start  int64   // where that line begins
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{from: bufio.NewReader(r), line: 1}
}

// Read implements io.Reader.
func (l *lineReader) Read(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		if mark, _ := l.from.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
			_, _ = l.from.Discard(3) // just peeked at, so it is there
		}
	}
	n, err := l.from.Read(p)
	for i := 0; ; {
		next := bytes.IndexByte(p[i:n], '\n')
		if next < 0 {
			break
		}
		i += next + 1
		l.starts = append(l.starts, l.offset+int64(i))
	}
	l.offset += int64(n)
	if l.offset > MaxFileSize {
		return 0, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read the file: %w", err)
	}
	return n, err
}

// at returns the line and the column, in bytes, of an offset that has been passed
// on; both are counted from 1. Offsets have to be asked for in ascending order.
func (l *lineReader) at(offset int64) (line, column int) {
	passed := 0
	for passed < len(l.starts) && l.starts[passed] <= offset {
		l.start = l.starts[passed]
		passed++
	}
	l.starts = l.starts[passed:]
	l.line += passed
	return l.line, int(offset-l.start) + 1
}
