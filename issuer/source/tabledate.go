package source

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// dateReader reads the dates of a table.
type dateReader struct {
	pattern string // as it was configured; empty means ISO 8601
	layout  string
	zone    *time.Location // nil: only a day may be without one
}

var patternParts = regexp.MustCompile(`^(YYYY|MM|DD|HH|mm|ss|[ T./:,-])+$`)

// newDateReader turns a pattern such as "DD.MM.YYYY HH:mm" into a layout of package
// time. Days, months and hours may have one digit.
func newDateReader(pattern string, zone *time.Location) (dateReader, error) {
	d := dateReader{pattern: pattern, zone: zone}
	if pattern == "" {
		return d, nil
	}
	for _, part := range []string{"YYYY", "MM", "DD"} {
		if strings.Count(pattern, part) != 1 || !patternParts.MatchString(pattern) {
			return d, fmt.Errorf("config: Dates %q: write it with YYYY, MM and DD once each, and HH, mm and ss, such as \"DD.MM.YYYY HH:mm\"", pattern)
		}
	}
	if zone == nil && strings.Contains(pattern, "HH") {
		return d, fmt.Errorf("config: Dates %q has a time of day: set Zone to the time zone of the file", pattern)
	}
	d.layout = strings.NewReplacer("YYYY", "2006", "MM", "1", "DD", "2", "HH", "15", "mm", "04", "ss", "05").Replace(pattern)
	return d, nil
}

// read reads a date, in UTC. An empty one is the zero time.
func (d dateReader) read(f *fields, name, value string) time.Time {
	if value == "" {
		return time.Time{}
	}
	zone := d.zone
	if zone == nil {
		zone = time.UTC
	}
	if d.layout != "" {
		return d.patterned(f, name, value, zone)
	}
	if day, err := time.ParseInLocation(time.DateOnly, value, zone); err == nil {
		return day.UTC()
	}
	if d.zone != nil {
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
			if at, err := time.ParseInLocation(layout, value, zone); err == nil {
				return at.UTC()
			}
		}
	}
	return f.instant(name, strings.Replace(value, " ", "T", 1))
}

func (d dateReader) patterned(f *fields, name, value string, zone *time.Location) time.Time {
	at, err := time.ParseInLocation(d.layout, value, zone)
	if err != nil {
		f.refuse("%s %q is not a date as configured: write it like %s", name, clip(value, MaxTextLength), d.pattern)
		return time.Time{}
	}
	return at.UTC()
}
