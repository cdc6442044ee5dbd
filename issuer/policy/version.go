package policy

import (
	"cmp"
	"strconv"
	"strings"
)

// Bounds of a version.
const (
	MaxVersionNumbers = 6 // numbers in a version; Windows uses 4
	MaxVersionDigits  = 9 // digits in each number
)

// Version is an operating system's version: dotted numbers, most significant
// first.
type Version []int

// parseVersion reads dotted decimal numbers such as "10.0.22631.4429".
func parseVersion(text string) (Version, bool) {
	parts := strings.Split(text, ".")
	if len(parts) > MaxVersionNumbers {
		return nil, false
	}
	version := make(Version, len(parts))
	for i, part := range parts {
		number, ok := parseNumber(part)
		if !ok {
			return nil, false
		}
		version[i] = number
	}
	return version, true
}

// parseNumber takes plain digits only: Atoi alone would take a sign, too.
func parseNumber(text string) (int, bool) {
	if text == "" || len(text) > MaxVersionDigits || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}

// Compare returns -1, 0 or +1 as v is older than, equal to or newer than other.
// Numbers that one of them does not have count as zero, so that a minimum of
// 10.0.22631 is met by every build of 10.0.22631.
func (v Version) Compare(other Version) int {
	for i := range max(len(v), len(other)) {
		if c := cmp.Compare(v.at(i), other.at(i)); c != 0 {
			return c
		}
	}
	return 0
}

func (v Version) at(i int) int {
	if i >= len(v) {
		return 0
	}
	return v[i]
}

// String returns the dotted form.
func (v Version) String() string {
	parts := make([]string, len(v))
	for i, number := range v {
		parts[i] = strconv.Itoa(number)
	}
	return strings.Join(parts, ".")
}
