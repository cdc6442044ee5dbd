package store

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits on what is kept and asked at once. The bound itself is allowed.
const (
	MaxText          = 1024    // bytes in one text field
	MaxWords         = 32      // values in Reservation.Access and in Token.Scopes
	MaxPage          = 1000    // records in one page
	MaxImportRecords = 100_000 // records in one import: it holds up every other write, so larger ones must be split
)

// maxYear keeps microseconds since 1970 inside 64 bits and dates inside RFC 3339.
const maxYear = 9999

// checker collects the first rule that a value breaks.
type checker struct {
	of  string // what is checked, for the message
	err error
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("store: %s: %w: %s", c.of, ErrInvalid, fmt.Sprintf(format, args...))
	}
}

func (c *checker) text(name, value string) { c.bounded(name, value, MaxText) }

// bounded checks a text of at most limit bytes.
func (c *checker) bounded(name, value string, limit int) {
	switch {
	case len(value) > limit:
		c.fail("%s has %d bytes, at most %d are kept", name, len(value), limit)
	case !utf8.ValidString(value):
		c.fail("%s is not UTF-8", name)
	case strings.ContainsRune(value, 0):
		c.fail("%s contains a NUL character", name)
	}
}

func (c *checker) required(name, value string) {
	if value == "" {
		c.fail("%s is missing", name)
	}
	c.text(name, value)
}

func (c *checker) time(name string, value time.Time) {
	if year := value.UTC().Year(); year < 1 || year > maxYear {
		c.fail("%s is in year %d, outside 1 to %d", name, year, maxYear)
	}
}

func (c *checker) requiredTime(name string, value time.Time) {
	if value.IsZero() {
		c.fail("%s is missing", name)
	}
	c.time(name, value)
}

// words checks a short list of values that contain no white space, so that an
// engine may keep them as one text.
func (c *checker) words(name string, values []string) {
	if len(values) == 0 {
		c.fail("%s is missing", name)
	}
	if len(values) > MaxWords {
		c.fail("%s has %d values, at most %d are kept", name, len(values), MaxWords)
		return
	}
	seen := make(map[string]bool, len(values))
	for _, value := range values {
		if fields := strings.Fields(value); len(fields) != 1 || fields[0] != value {
			c.fail("%s has the value %q: it must be one word", name, value)
		}
		if seen[value] {
			c.fail("%s has %q twice", name, value)
		}
		seen[value] = true
	}
	c.text(name, strings.Join(values, " "))
}

// CheckPage returns nil for a number of records that a page may have: 1 to
// [MaxPage], and [ErrInvalid] for any other. It is for engines.
func CheckPage(limit int) error {
	if limit < 1 || limit > MaxPage {
		return fmt.Errorf("store: %w: a page has 1 to %d records, %d were asked for", ErrInvalid, MaxPage, limit)
	}
	return nil
}

// CheckBy returns nil if a name may stand for who made a change, else
// [ErrInvalid]. It is for engines.
func CheckBy(by string) error {
	c := checker{of: "change"}
	c.required("by", by)
	return c.err
}
