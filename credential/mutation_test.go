package credential_test

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// shown is a presentation of ordinary size: some claims disclosed, some kept
// back, bound to the holder's key.
func shown(t testing.TB) string {
	t.Helper()
	badge, err := credential.Disclose(credentialtest.MustIssue(t, credentialtest.Claims()), "given_name", "role", "equipment")
	if err != nil {
		t.Fatal(err)
	}
	return credentialtest.MustPresent(t, badge, credentialtest.Now)
}

var gateRules = credential.ProofRules{
	Audiences: []string{credential.GateAudience}, Now: credentialtest.Now, MaxAge: 90e9, MaxAhead: 30e9,
}

// open is everything that this package checks of a presentation at a gate.
func open(text string) error {
	p, err := credential.Opener{Keys: credentialtest.Keys{}}.OpenPresentation(text)
	if err != nil {
		if p != nil {
			panic("content beside a refusal")
		}
		return err
	}
	_, err = p.CheckProof(gateRules)
	return err
}

// mustRefuse expects one of the codes with which a changed text may be found.
func mustRefuse(t *testing.T, what, text string) {
	t.Helper()
	switch got := code.Of(open(text)); got {
	case "", code.Internal:
		t.Errorf("%s: code %q for %q", what, got, text)
	}
}

func TestOpenPresentation_TakesTheUnchangedText(t *testing.T) {
	t.Parallel()
	if err := open(shown(t)); err != nil {
		t.Fatal(err)
	}
}

func TestOpenPresentation_RefusesEveryFlippedBit(t *testing.T) {
	t.Parallel()
	text := shown(t)
	for i := range len(text) {
		for bit := range 8 {
			changed := []byte(text)
			changed[i] ^= 1 << bit
			mustRefuse(t, "a flipped bit", string(changed))
		}
	}
}

func TestOpenPresentation_RefusesEveryReplacedByte(t *testing.T) {
	t.Parallel()
	text := shown(t)
	const instead = "A_9~.=+ \n\x00\xff"
	for i := range len(text) {
		for j := range len(instead) {
			if instead[j] != text[i] {
				mustRefuse(t, "a replaced byte", text[:i]+instead[j:j+1]+text[i+1:])
			}
		}
	}
}

func TestOpenPresentation_RefusesEveryInsertedAndRemovedByte(t *testing.T) {
	t.Parallel()
	text := shown(t)
	for i := range len(text) + 1 {
		for _, inserted := range []string{"\n", "\r", " ", "=", "~", ".", "A", "\x00"} {
			mustRefuse(t, "an inserted byte", text[:i]+inserted+text[i:])
		}
		if i < len(text) {
			mustRefuse(t, "a removed byte", text[:i]+text[i+1:])
		}
		if i+1 < len(text) && text[i] != text[i+1] {
			mustRefuse(t, "exchanged bytes", text[:i]+text[i+1:i+2]+text[i:i+1]+text[i+2:])
		}
	}
}

func TestOpenPresentation_RefusesEveryPrefixAndSuffix(t *testing.T) {
	t.Parallel()
	text := shown(t)
	for i := range len(text) {
		mustRefuse(t, "a prefix", text[:i])
		if i > 0 {
			mustRefuse(t, "a suffix", text[i:])
		}
	}
}

func TestOpenPresentation_RefusesEveryRespelling(t *testing.T) {
	t.Parallel()
	text := shown(t)
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '~' || r == '.' })
	for i, part := range parts {
		with := func(spelling string) string { return strings.Replace(text, part, spelling, 1) }
		for name, spelling := range map[string]string{
			"padding":          part + strings.Repeat("=", (4-len(part)%4)%4),
			"always padding":   part + "=",
			"other alphabet":   strings.NewReplacer("-", "+", "_", "/").Replace(part),
			"escaped alphabet": strings.NewReplacer("-", "%2D", "_", "%5F").Replace(part),
			"line break":       part + "\r\n",
			"folded":           part[:len(part)/2] + "\n " + part[len(part)/2:],
			"upper case":       strings.ToUpper(part),
			"lower case":       strings.ToLower(part),
		} {
			if spelling != part {
				mustRefuse(t, name, with(spelling))
			}
		}
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if spelling := part[:len(part)-1] + string(c); spelling != part {
				if err := open(with(spelling)); err == nil {
					t.Errorf("the last character of part %d as %c is taken", i, c)
				}
			}
		}
	}
}

func TestOpenPresentation_RefusesMixturesOfTwoGoodOnes(t *testing.T) {
	t.Parallel()
	one := strings.Split(shown(t), "~")
	claims := credentialtest.Claims()
	claims.Status.Index++
	claims.GivenName = "Mallory"
	other := strings.Split(credentialtest.MustPresent(t, credentialtest.MustIssue(t, claims), credentialtest.Now), "~")
	for name, text := range map[string]string{
		"proof of the other":      strings.Join(append(one[:len(one)-1:len(one)-1], other[len(other)-1]), "~"),
		"badge of the other":      strings.Join(append(other[:1:1], one[1:]...), "~"),
		"disclosure of the other": strings.Join(append(append(one[:1:1], other[1]), one[2:]...), "~"),
	} {
		mustRefuse(t, name, text)
	}
}

func BenchmarkOpenPresentation(b *testing.B) {
	text := credentialtest.MustPresent(b, credentialtest.MustIssue(b, credentialtest.Claims()), credentialtest.Now)
	opener := credential.Opener{Keys: credentialtest.Keys{}}
	b.ReportAllocs()
	for b.Loop() {
		p, err := opener.OpenPresentation(text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.CheckProof(gateRules); err != nil {
			b.Fatal(err)
		}
	}
}
