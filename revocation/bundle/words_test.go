package bundle

import (
	"regexp"
	"slices"
	"testing"
)

// TestWords_CanBeTold: a list in which two words are nearly one makes mistakes that
// nobody notices.
func TestWords_CanBeTold(t *testing.T) {
	t.Parallel()
	list := wordList()
	if len(list) != 1<<wordBits || !slices.IsSorted(list) {
		t.Fatalf("%d words, sorted: %v", len(list), slices.IsSorted(list))
	}
	plain := regexp.MustCompile(`^[a-z]{4,7}$`)
	beginnings := map[string]string{}
	for i, word := range list {
		if !plain.MatchString(word) {
			t.Errorf("%q", word)
		}
		if other := beginnings[word[:prefix]]; other != "" {
			t.Errorf("%q and %q begin alike", word, other)
		}
		beginnings[word[:prefix]] = word
		for _, other := range list[:i] {
			if isOneSlip(word, other) {
				t.Errorf("%q and %q are one slip apart", word, other)
			}
		}
	}
}
