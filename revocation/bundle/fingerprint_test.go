package bundle_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

func TestFingerprint_IsTheWholeThumbprint(t *testing.T) {
	t.Parallel()
	want, err := credential.Thumbprint(rootKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if got := root(t).String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestParseFingerprint_ReadsEveryFormInWhichOneIsShown(t *testing.T) {
	t.Parallel()
	f := root(t)
	words := f.Words()
	var numbered strings.Builder
	for i, word := range words {
		fmt.Fprintf(&numbered, "%2d. %s\n", i+1, strings.ToUpper(word))
	}
	for name, text := range map[string]string{
		"base64url":      f.String(),
		"with its break": f.String() + "\n",
		"words":          strings.Join(words, " "),
		"numbered":       numbered.String(),
	} {
		if got, err := bundle.ParseFingerprint(text); err != nil || got != f {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestParseFingerprint_SaysWhichWordIsWrong(t *testing.T) {
	t.Parallel()
	change := func(at int, to string) string {
		words := root(t).Words()
		words[at] = to
		return strings.Join(words, " ")
	}
	words := root(t).Words()
	swapped := append([]string{words[1], words[0]}, words[2:]...)
	for name, c := range map[string]struct{ text, says string }{
		"letter missing":  {change(4, "abby"), `word 5 of the fingerprint: "abby" is not in the list; was it "abbey"?`},
		"letters swapped": {change(0, "zebar"), `word 1 of the fingerprint: "zebar" is not in the list; was it "zebra"?`},
		"other ending":    {change(26, "umbrellas"), `word 27 of the fingerprint: "umbrellas" is not in the list`},
		"known beginning": {change(26, "voyager"), `was it "voyage"?`},
		"no word":         {change(2, "xqzt"), `word 3 of the fingerprint: "xqzt" is not in the list`},
		"another word":    {change(2, "zipper"), "one is another word than the issuer shows, or two changed places"},
		"places":          {strings.Join(swapped, " "), "two changed places"},
		"one too few":     {strings.Join(words[1:], " "), "the fingerprint has 27 words, these are 26"},
		"one too many":    {strings.Join(append(words, "zoo"), " "), "the fingerprint has 27 words, these are 28"},
		"half of it":      {root(t).String()[:22], "give the 43 characters or the 27 words"},
		"nothing":         {"", "give the 43 characters or the 27 words"},
		"other alphabet":  {strings.Repeat("+", 43), "is no fingerprint"},
	} {
		f, err := bundle.ParseFingerprint(c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) || f != (bundle.Fingerprint{}) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
}

func TestParseFingerprint_WordsHoldAllOfIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := bundle.Fingerprint(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "fingerprint"))
		words := f.Words()
		if len(words) != bundle.WordCount {
			t.Fatalf("%d words", len(words))
		}
		if got, err := bundle.ParseFingerprint(strings.Join(words, " ")); err != nil || got != f {
			t.Fatalf("%v from %v: %v", got, words, err)
		}
	})
}
