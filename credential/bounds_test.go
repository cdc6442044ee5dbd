package credential_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Each row sets one property to n; at the bound a badge is signed and opened,
// one beyond it is refused.
func TestPrepare_HoldsEveryBound(t *testing.T) {
	t.Parallel()
	const combining = 4
	url := func(n int) string {
		return "https://badge.vendor.example/" + strings.Repeat("p", n-len("https://badge.vendor.example/"))
	}
	courses := func(n int) []credential.Training {
		all := make([]credential.Training, n)
		for i := range all {
			all[i] = credential.Training{Course: fmt.Sprintf("C-%d", i), ValidUntil: credentialtest.Now}
		}
		return all
	}
	for name, c := range map[string]struct {
		bound int
		set   func(c *credential.Claims, n int)
		want  code.Code
	}{
		"bytes of a name": {credential.MaxText, func(c *credential.Claims, n int) { c.GivenName = strings.Repeat("n", n) }, code.ClaimValueInvalid},
		"bytes of a name beyond 7": {credential.MaxText, func(c *credential.Claims, n int) {
			c.FamilyName = strings.Repeat("é", 63) + strings.Repeat("n", n-126)
		}, code.ClaimValueInvalid},
		"bytes of a role":          {credential.MaxText, func(c *credential.Claims, n int) { c.Role = strings.Repeat("r", n) }, code.ClaimValueInvalid},
		"bytes of a course":        {credential.MaxText, func(c *credential.Claims, n int) { c.Training[0].Course = strings.Repeat("c", n) }, code.ClaimValueInvalid},
		"bytes of a standard":      {credential.MaxText, func(c *credential.Claims, n int) { c.Training[0].Standard = strings.Repeat("s", n) }, code.ClaimValueInvalid},
		"bytes of a picture's URL": {credential.MaxURL, func(c *credential.Claims, n int) { c.Picture = url(n) }, code.ClaimValueInvalid},
		"bytes of a list's URL":    {credential.MaxURL, func(c *credential.Claims, n int) { c.Status.URI = url(n) }, code.ClaimValueInvalid},
		"characters of a subject":  {credential.MaxSubject, func(c *credential.Claims, n int) { c.Subject = strings.Repeat("s", n) }, code.ClaimValueInvalid},
		"courses":                  {credential.MaxTraining, func(c *credential.Claims, n int) { c.Training = courses(n) }, code.ClaimValueInvalid},
		"marks on one character":   {combining, func(c *credential.Claims, n int) { c.GivenName = "e" + strings.Repeat("\u0301", n) + "a\u0301" }, code.ClaimValueInvalid},
		"marks on no character":    {combining, func(c *credential.Claims, n int) { c.GivenName = strings.Repeat("\u20dd", n) }, code.ClaimValueInvalid},
		"steps of five minutes": {int(credential.MaxLifetime / credential.TimeGranularity), func(c *credential.Claims, n int) {
			c.Expires = c.IssuedAt.Add(time.Duration(n) * credential.TimeGranularity)
		}, code.BadgeLifetimeExceeded},
		"status index": {strictjson.MaxInteger, func(c *credential.Claims, n int) { c.Status.Index = uint64(n) }, code.ClaimValueInvalid},
	} {
		issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Rand = nil })
		claims := credentialtest.Claims()
		c.set(&claims, c.bound)
		badge, err := issuer.Sign(prepare(t, issuer, claims))
		if err != nil {
			t.Errorf("%s: %d: %v", name, c.bound, err)
			continue
		}
		if _, err := (credential.Opener{Keys: credentialtest.Keys{}}).Open(badge); err != nil {
			t.Errorf("%s: %d: %v", name, c.bound, err)
		}
		claims = credentialtest.Claims()
		c.set(&claims, c.bound+1)
		if _, err := issuer.Prepare(claims); code.Of(err) != c.want {
			t.Errorf("%s: %d: %v", name, c.bound+1, err)
		}
	}
}

func TestNewIssuer_HoldsTheBoundOfItsURL(t *testing.T) {
	t.Parallel()
	for n, good := range map[int]bool{credential.MaxURL: true, credential.MaxURL + 1: false} {
		config := credentialtest.IssuerConfig("x")
		config.URL = "https://badge.vendor.example/" + strings.Repeat("p", n-len("https://badge.vendor.example/"))
		if _, err := credential.NewIssuer(config); (err == nil) != good {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// A badge is bounded so that it can be presented whole, with the longest nonce
// and an audience as long as a URL.
func TestSign_LeavesRoomForTheProof(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Rand = nil })
	claims := credentialtest.Claims()
	claims.Training = nil
	for range 11 {
		claims.Training = append(claims.Training, credential.Training{
			Course: strings.Repeat("c", credential.MaxText), Standard: strings.Repeat("s", credential.MaxText), ValidUntil: credentialtest.Now,
		})
	}
	longest, refused := "", false
	for n := range 4 * credential.MaxText {
		for i, field := range []*string{&claims.Role, &claims.GivenName, &claims.Organization, &claims.EmployeeNumber} {
			*field = strings.Repeat("x", 1+min(max(n-i*credential.MaxText, 0), credential.MaxText-1))
		}
		badge, err := issuer.Sign(prepare(t, issuer, claims))
		if err == nil {
			longest = badge
			continue
		}
		refused = true
		if code.Of(err) != code.TokenTooLarge || badge != "" {
			t.Fatal(err)
		}
	}
	if !refused {
		t.Fatalf("no badge was too long, the longest has %d bytes", len(longest))
	}
	if len(longest) > credential.MaxBadge || len(longest) < credential.MaxBadge-1 {
		t.Errorf("the longest badge has %d bytes, at most %d may be signed", len(longest), credential.MaxBadge)
	}
	proof := credential.Proof{Audience: "https://" + strings.Repeat("a", credential.MaxURL-8), Nonce: strings.Repeat("n", credential.MaxNonce), IssuedAt: credentialtest.Now}
	text := credentialtest.MustBind(t, longest, proof)
	p, err := credential.Opener{Keys: credentialtest.Keys{}}.OpenPresentation(text)
	if err != nil {
		t.Fatal(err)
	}
	rules := gateRules
	rules.Audiences = []string{proof.Audience}
	if _, err := p.CheckProof(rules); err != nil {
		t.Error(err)
	}
}

func TestBind_RefusesAPresentationThatNobodyWouldTake(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	room := credential.MaxSize - len(credentialtest.MustBind(t, badge, credential.Proof{Audience: "a", Nonce: "n", IssuedAt: credentialtest.Now}))
	bind := func(n int) (string, error) {
		return credential.Bind(badge, credentialtest.HolderKey, credential.Proof{Audience: strings.Repeat("a", n), Nonce: "n", IssuedAt: credentialtest.Now})
	}
	longest := 0
	for n := room/4*3 - 4; n < room/4*3+8; n++ {
		text, err := bind(n)
		if err == nil {
			longest = len(text)
			if _, err := (credential.Opener{Keys: credentialtest.Keys{}}).OpenPresentation(text); err != nil {
				t.Errorf("%d bytes: %v", len(text), err)
			}
		} else if code.Of(err) != code.TokenTooLarge || text != "" {
			t.Errorf("%v", err)
		}
	}
	if longest > credential.MaxSize || longest < credential.MaxSize-2 {
		t.Errorf("the longest presentation has %d bytes, at most %d are taken", longest, credential.MaxSize)
	}
}

// Beyond the bound an input costs next to nothing, however long it is.
func TestOpenPresentation_RefusesHugeInputsWithoutWork(t *testing.T) {
	opener := credential.Opener{Keys: credentialtest.Keys{}}
	for name, text := range map[string]string{
		"64 KB": strings.Repeat("A", 64<<10) + "~", "10 MB": strings.Repeat("A", 10<<20), "a million dots": strings.Repeat(".", 1e6), "a million tildes": strings.Repeat("~", 1e6), "a thousand disclosures": "a.b.c~" + strings.Repeat("AA~", 1000),
		"eight thousand dots": strings.Repeat(".", 8000) + "~", "eight thousand tildes": "a" + strings.Repeat("~", 8000),
	} {
		allocated := testing.AllocsPerRun(20, func() {
			if _, err := opener.OpenPresentation(text); code.Of(err) != code.TokenTooLarge && code.Of(err) != code.TokenMalformed {
				t.Errorf("%s: %v", name, err)
			}
		})
		if allocated > 10 {
			t.Errorf("%s: %.0f allocations", name, allocated)
		}
	}
}

func TestOpenPresentation_NeverPanicsOnNoise(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	const letters = "ABCabc019-_.~={}[]\",:\\\n "
	for range 20_000 {
		noise := make([]byte, random.IntN(200))
		for i := range noise {
			noise[i] = letters[random.IntN(len(letters))]
		}
		mustRefuse(t, "noise", string(noise))
	}
}
