package credential

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Bounds on what an issuer signs.
const (
	MaxText        = 128                // bytes of a claim that is shown to people
	MaxURL         = 256                // bytes
	MaxSubject     = 64                 // characters
	MaxTraining    = 16                 // courses in one badge
	MaxLifetime    = 7 * 24 * time.Hour // from iat to exp
	MaxBadge       = MaxSize - 1024     // bytes of a badge with every disclosure: its proof needs room, too
	maxCombining   = 4                  // marks on one character; more make a name unreadable
	sha256Prefix   = "sha256-"
	sha256TextSize = 44 // base64 with padding
)

// checkIssuerURL accepts an HTTPS URL without query, fragment or credentials;
// HTTP only on loopback, for development.
func checkIssuerURL(text string) error {
	u, err := parseURL(text)
	if err != nil {
		return err
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return code.Refuse(code.ClaimValueInvalid, "%q is not an HTTPS URL", text)
}

func parseURL(text string) (*url.URL, error) {
	if len(text) > MaxURL {
		return nil, code.Refuse(code.ClaimValueInvalid, "a URL of %d bytes, at most %d are allowed", len(text), MaxURL)
	}
	for i := range len(text) {
		if text[i] < 0x21 || text[i] > 0x7e {
			return nil, code.Refuse(code.ClaimValueInvalid, "%q has a character outside printable ASCII", text)
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#") {
		return nil, code.Refuse(code.ClaimValueInvalid, "%q is not an absolute URL without credentials, query and fragment", text)
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func checkClaims(c *Claims) error {
	checks := []func(*Claims) error{checkIdentity, checkTimes, checkAccess, checkPerson, checkPicture, checkTraining}
	for _, check := range checks {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

func checkIdentity(c *Claims) error {
	if c.Subject == "" || len(c.Subject) > MaxSubject || !jose.IsBase64url(c.Subject) {
		return code.Refuse(code.ClaimValueInvalid, "sub must be 1 to %d characters of A-Z a-z 0-9 - _", MaxSubject)
	}
	if c.Status.URI == "" {
		return code.Refuse(code.ClaimMissing, "a badge names a status list")
	}
	if err := checkIssuerURL(c.Status.URI); err != nil {
		return err
	}
	if c.Status.Index > strictjson.MaxInteger {
		return code.Refuse(code.ClaimValueInvalid, "status index %d, at most %d is allowed", c.Status.Index, int64(strictjson.MaxInteger))
	}
	_, err := jose.NewJWK(c.HolderKey)
	return err
}

func checkTimes(c *Claims) error {
	if c.IssuedAt.Unix() <= 0 || c.NotBefore.Before(c.IssuedAt) || !c.NotBefore.Before(c.Expires) {
		return code.Refuse(code.ClaimTimeInvalid,
			"times must be in the order iat, nbf, exp with nbf before exp once rounded to %v", TimeGranularity)
	}
	if life := c.Expires.Sub(c.IssuedAt); life > MaxLifetime {
		return code.Refuse(code.BadgeLifetimeExceeded, "a life of %v, at most %v is allowed", life, MaxLifetime)
	}
	for _, t := range c.Training {
		if t.ValidUntil.Unix() <= 0 {
			return code.Refuse(code.ClaimTimeInvalid, "course %q has no valid_until after 1970", t.Course)
		}
	}
	if c.Equipment != nil && c.Equipment.CheckedAt.Unix() <= 0 {
		return code.Refuse(code.ClaimTimeInvalid, "equipment has no checked_at after 1970")
	}
	return nil
}

func checkAccess(c *Claims) error {
	if len(c.Access) == 0 {
		return code.Refuse(code.ClaimMissing, "a badge grants some access")
	}
	seen := make(map[Access]bool)
	for _, a := range c.Access {
		if !a.Known() || seen[a] {
			return code.Refuse(code.ClaimValueInvalid, "access %q is unknown or twice", a)
		}
		seen[a] = true
	}
	return nil
}

func checkPerson(c *Claims) error {
	for name, value := range map[string]string{
		nameGivenName: c.GivenName, nameFamilyName: c.FamilyName, nameEmployeeNumber: c.EmployeeNumber,
		nameOrganization: c.Organization, nameRole: c.Role,
	} {
		if err := checkText(name, value); err != nil {
			return err
		}
	}
	return nil
}

// invisible are control and formatting characters (the bidirectional and
// zero-width ones among them), line separators, fillers that are letters by
// class but show nothing, and characters that mean something only privately.
var invisible = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point,
}

// checkText refuses what would make two badges look alike at a gate, or one
// badge look like something else: invisible characters, and piles of combining
// marks.
func checkText(name, value string) error {
	if len(value) > MaxText {
		return code.Refuse(code.ClaimValueInvalid, "%s has %d bytes, at most %d are allowed", name, len(value), MaxText)
	}
	if !utf8.ValidString(value) {
		return code.Refuse(code.ClaimValueInvalid, "%s is not UTF-8", name)
	}
	marks := 0
	var before rune
	for i, r := range value {
		if isJoiner(r) && joins(before, value[i+utf8.RuneLen(r):]) {
			continue
		}
		before = r
		if unicode.In(r, invisible...) {
			return code.Refuse(code.ClaimValueInvalid, "%s has the invisible character %U", name, r)
		}
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		} else if marks++; marks > maxCombining {
			return code.Refuse(code.ClaimValueInvalid, "%s has more than %d marks on one character", name, maxCombining)
		}
	}
	return nil
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joins reports whether a joiner stands between two characters of scripts in
// which it can be seen: one joiner, neither first, last nor beside another.
func joins(before rune, rest string) bool {
	after, _ := utf8.DecodeRuneInString(rest)
	return unicode.In(before, joiningScripts...) && unicode.In(after, joiningScripts...)
}

// joiningScripts are those in which a joiner changes what is seen (after RFC
// 5892, appendix A.1 and A.2). In any other it would be an invisible character.
var joiningScripts = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati,
	unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
}

func checkPicture(c *Claims) error {
	if c.Picture == "" && c.PictureIntegrity == "" {
		return nil
	}
	if c.Picture == "" || c.PictureIntegrity == "" {
		return code.Refuse(code.ClaimMissing, "picture and picture#integrity come together")
	}
	if err := checkIssuerURL(c.Picture); err != nil {
		return err
	}
	hash, found := strings.CutPrefix(c.PictureIntegrity, sha256Prefix)
	sum, err := base64.StdEncoding.Strict().DecodeString(hash)
	if !found || err != nil || len(hash) != sha256TextSize || len(sum) != sha256.Size {
		return code.Refuse(code.ClaimValueInvalid, "picture#integrity is not %q and 44 characters of base64", sha256Prefix)
	}
	return nil
}

func checkTraining(c *Claims) error {
	if len(c.Training) > MaxTraining {
		return code.Refuse(code.ClaimValueInvalid, "%d courses, at most %d are allowed", len(c.Training), MaxTraining)
	}
	for _, t := range c.Training {
		if t.Course == "" {
			return code.Refuse(code.ClaimMissing, "a course without a code")
		}
		for name, value := range map[string]string{"course": t.Course, "standard": t.Standard} {
			if err := checkText(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
