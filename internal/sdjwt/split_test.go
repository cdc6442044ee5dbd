package sdjwt_test

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
)

func TestSplit_TakesAnSDJWTApart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]sdjwt.Parts{
		"a.b.c~":             {JWT: "a.b.c", Bound: "a.b.c~"},
		"a.b.c~d~":           {JWT: "a.b.c", Disclosures: []string{"d"}, Bound: "a.b.c~d~"},
		"a.b.c~d~e~":         {JWT: "a.b.c", Disclosures: []string{"d", "e"}, Bound: "a.b.c~d~e~"},
		"a.b.c~k.b.s":        {JWT: "a.b.c", KeyBinding: "k.b.s", Bound: "a.b.c~"},
		"a.b.c~d~e~k.b.s":    {JWT: "a.b.c", Disclosures: []string{"d", "e"}, KeyBinding: "k.b.s", Bound: "a.b.c~d~e~"},
		"not checked here~d": {JWT: "not checked here", KeyBinding: "d", Bound: "not checked here~"},
	} {
		got, err := sdjwt.Split(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got.JWT != want.JWT || got.KeyBinding != want.KeyBinding || got.Bound != want.Bound || strings.Join(got.Disclosures, "|") != strings.Join(want.Disclosures, "|") {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

func TestSplit_RefusesWhatIsNoSDJWT(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a.b.c", "~", "~~", "~d~", "~k.b.s", "a.b.c~~", "a.b.c~~d~", "a.b.c~d~~k.b.s", "a.b.c~d=~", "a.b.c~d d~", "a.b.c~d\n~", "a.b.c~d.e~", "a.b.c~ä~", "a.b.c~+/~"} {
		if parts, err := sdjwt.Split(text); code.Of(err) != code.TokenMalformed || parts.JWT != "" || parts.Bound != "" {
			t.Errorf("%q is %+v, %v", text, parts, err)
		}
	}
}

func TestSplit_BoundsTheSize(t *testing.T) {
	t.Parallel()
	if _, err := sdjwt.Split(strings.Repeat("x", sdjwt.MaxSize-1) + "~"); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	if _, err := sdjwt.Split(strings.Repeat("x", sdjwt.MaxSize) + "~"); code.Of(err) != code.TokenTooLarge {
		t.Errorf("one byte beyond: %v", err)
	}
}

func TestSplit_BoundsTheDisclosures(t *testing.T) {
	t.Parallel()
	for _, proof := range []string{"", "k.b.s"} {
		if parts, err := sdjwt.Split("a.b.c~" + strings.Repeat("d~", sdjwt.MaxDisclosures) + proof); err != nil || len(parts.Disclosures) != sdjwt.MaxDisclosures {
			t.Errorf("at the bound: %d, %v", len(parts.Disclosures), err)
		}
		if _, err := sdjwt.Split("a.b.c~" + strings.Repeat("d~", sdjwt.MaxDisclosures+1) + proof); code.Of(err) != code.TokenTooLarge {
			t.Errorf("one more: %v", err)
		}
	}
}

// The digest of RFC 9901, section 5.1: of the encoded text, not of the JSON.
func TestDigest_IsTakenOverTheEncodedDisclosure(t *testing.T) {
	t.Parallel()
	const disclosure = "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd"
	if got, want := sdjwt.Digest(disclosure), "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	d, err := sdjwt.ParseDisclosure(disclosure)
	if err != nil || d.Salt != "2GLC42sKQveCfGfryNRN9w" || d.Name != "given_name" || d.Value.Text != "John" {
		t.Errorf("%+v, %v", d, err)
	}
}
