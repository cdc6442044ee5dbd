package bundle

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
)

// A fingerprint in words: 256 bits of it and then 14 that check them, ten bits to a
// word, the first bits first.
const (
	WordCount = 27
	wordBits  = 10
	checkBits = WordCount*wordBits - 256
	// prefix characters tell a word from every other of the list.
	prefix = 4
)

// wordsText is a thousand and twenty-four common English words of four to seven
// letters, sorted. No two begin with the same four letters or are one slip of the
// pen apart, and of words that sound alike none or one is there.
//
//go:embed words.txt
var wordsText string

var wordList = sync.OnceValue(func() []string { return strings.Fields(wordsText) })

// Words returns the fingerprint as words for people to read to each other. They
// hold all of it: whoever compares them has compared the key.
func (f Fingerprint) Words() []string {
	n := new(big.Int).SetBytes(f[:])
	n.Lsh(n, checkBits).Or(n, big.NewInt(f.check()))
	words, list := make([]string, WordCount), wordList()
	mask := big.NewInt(1<<wordBits - 1)
	for i := range slices.Backward(words) {
		words[i] = list[new(big.Int).And(n, mask).Int64()]
		n.Rsh(n, wordBits)
	}
	return words
}

// check is what tells a mistaken word from another key.
func (f Fingerprint) check() int64 {
	sum := sha256.Sum256(append([]byte("cyberbadge root fingerprint "), f[:]...))
	return int64(binary.BigEndian.Uint16(sum[:]) >> (16 - checkBits))
}

func fromWords(words []string) (Fingerprint, error) {
	n := new(big.Int)
	// Whatever else is wrong, a word that is none shows where to look.
	for i, word := range words[:min(len(words), WordCount)] {
		index, err := wordIndex(word)
		if err != nil {
			return Fingerprint{}, fmt.Errorf("bundle: word %d of the fingerprint: %w", i+1, err)
		}
		n.Lsh(n, wordBits).Or(n, big.NewInt(int64(index)))
	}
	if len(words) != WordCount {
		return Fingerprint{}, fmt.Errorf("bundle: the fingerprint has %d words, these are %d", WordCount, len(words))
	}
	check := new(big.Int).And(n, big.NewInt(1<<checkBits-1)).Int64()
	var f Fingerprint
	n.Rsh(n, checkBits).FillBytes(f[:])
	if f.check() != check {
		return Fingerprint{}, errors.New("bundle: the words of the fingerprint do not fit together: one is another word than the issuer shows, or two changed places")
	}
	return f, nil
}

// wordIndex takes a word in any case, and says of a mistyped one what it may have
// been. It does not guess: what a pin is must be typed.
func wordIndex(word string) (int, error) {
	list, lower := wordList(), strings.ToLower(word)
	if index, found := slices.BinarySearch(list, lower); found {
		return index, nil
	}
	if meant := closest(list, lower); meant != "" {
		return 0, fmt.Errorf("%.20q is not in the list; was it %q?", word, meant)
	}
	return 0, fmt.Errorf("%.20q is not in the list", word)
}

// closest returns the word that begins alike, or is one slip away.
func closest(list []string, word string) string {
	if len(word) > 2*prefix {
		word = word[:2*prefix]
	}
	for _, candidate := range list {
		if isOneSlip(candidate, word) {
			return candidate
		}
	}
	for _, candidate := range list {
		if len(word) >= prefix && strings.HasPrefix(candidate, word[:prefix]) {
			return candidate
		}
	}
	return ""
}

// isOneSlip reports whether one letter too many, too few or wrong, or two that
// changed places, tell a from b.
func isOneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i == len(a) || a[i+1:] == b[i+1:] ||
			i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}
