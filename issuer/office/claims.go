package office

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const (
	// clockSkew is how far the provider's clock may be from ours.
	clockSkew = 2 * time.Minute

	maxSubject = 255 // OpenID Connect Core, section 2
	maxName    = 256 // bytes of a name and of an address; more is cut off
	maxValues  = 500 // roles or groups that are looked at
)

// claims are what a checked ID token says.
type claims struct {
	subject       string
	name, email   string
	authenticated time.Time // zero when it does not say
	values        []string  // of the claim with roles
	overage       bool      // the claim is elsewhere, because it was too long
}

// claims makes the checks of OpenID Connect Core, section 3.1.3.7, that go-oidc
// leaves to its callers, and those that make one token mean one thing.
func (o *Office) claims(raw string, token *oidc.IDToken, f flow) (c claims, err error) {
	var said struct {
		Name          string          `json:"name"`
		Email         string          `json:"email"`
		EmailVerified json.RawMessage `json:"email_verified"`
		AuthorizedBy  *string         `json:"azp"`
		AuthTime      *int64          `json:"auth_time"`
		IssuedAt      *int64          `json:"iat"`
		Elsewhere     map[string]any  `json:"_claim_names"`
	}
	if err := unambiguous(raw); err != nil {
		return c, err
	}
	if err := token.Claims(&said); err != nil {
		return c, err
	}
	now := o.config.Now()
	switch {
	// A second audience could use the token, and is nobody that we trust.
	case len(token.Audience) != 1 || token.Audience[0] != o.config.ClientID:
		return c, errors.New("the token is for somebody else, too")
	case said.AuthorizedBy != nil && *said.AuthorizedBy != o.config.ClientID:
		return c, errors.New("azp is somebody else")
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1:
		return c, errors.New("another nonce")
	case !now.Before(token.Expiry):
		return c, errors.New("the token has expired")
	case said.IssuedAt == nil:
		return c, errors.New("the token has no iat")
	case token.IssuedAt.After(now.Add(clockSkew)):
		return c, errors.New("the token is from the future")
	case token.IssuedAt.Before(f.Begun.Add(-clockSkew)):
		return c, errors.New("the token is older than the sign-in")
	case !isSubject(token.Subject):
		return c, errors.New("the token has no good subject")
	}
	c = claims{subject: token.Subject, name: display(said.Name)}
	// An address that the provider did not verify is what its owner says it is.
	if verified := string(said.EmailVerified); verified == "true" || verified == `"true"` {
		c.email = display(said.Email)
	}
	if c.authenticated, err = authenticated(said.AuthTime, f, now); err != nil {
		return c, err
	}
	if o.config.RoleClaim != "" {
		_, c.overage = said.Elsewhere[o.config.RoleClaim]
		c.values, err = values(token, o.config.RoleClaim)
	}
	return c, err
}

// unambiguous insists on the compact form and on members that are there once:
// elsewhere the last of two would win, or the first.
func unambiguous(raw string) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errors.New("the token is not compact")
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return err
	}
	_, err = strictjson.Parse(payload)
	return err
}

// authenticated is when the provider saw credentials. After a fresh sign-in it
// must say so, and it must have been since.
func authenticated(seconds *int64, f flow, now time.Time) (time.Time, error) {
	if seconds == nil {
		if f.Fresh {
			return time.Time{}, errors.New("the token does not say when the officer showed credentials; have the provider put auth_time into it")
		}
		return time.Time{}, nil
	}
	at := time.Unix(*seconds, 0).UTC()
	if at.After(now.Add(clockSkew)) {
		return time.Time{}, errors.New("auth_time is in the future")
	}
	if f.Fresh && at.Before(f.Begun.Add(-clockSkew)) {
		return time.Time{}, errors.New("the provider was asked to see credentials again, and did not")
	}
	if at.After(now) {
		at = now.UTC().Truncate(time.Microsecond)
	}
	return at, nil
}

// values returns the values of a claim: a string, or strings.
func values(token *oidc.IDToken, name string) ([]string, error) {
	var all map[string]json.RawMessage
	if err := token.Claims(&all); err != nil {
		return nil, err
	}
	raw, present := all[name]
	if !present {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var several []string
	if err := json.Unmarshal(raw, &several); err != nil {
		return nil, fmt.Errorf("the claim with roles is neither a string nor strings")
	}
	return several[:min(len(several), maxValues)], nil
}

// isSubject reports whether a subject is one that the specification allows.
func isSubject(text string) bool { return text != "" && len(text) <= maxSubject && isVisible(text) }

// isVisible reports whether a text is of printable ASCII characters alone.
func isVisible(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// display makes a text fit to be shown: valid, of one line, not too long.
func display(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text))
	for len(text) > maxName {
		cut := []rune(text)
		text = string(cut[:len(cut)-1])
	}
	return text
}

// OfficerID makes an officer's id out of who the officer is: the first 16 bytes
// of SHA-256 over issuer, NUL and subject, in base64url. It is what events name;
// neither a name nor an address can be read from it.
func OfficerID(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// roleOf is the role of who signs in, or why there is none.
func (o *Office) roleOf(ctx context.Context, id string, c claims) (Role, error) {
	if o.Lists() {
		return o.listed(ctx, id, c.subject)
	}
	var best Role
	for _, value := range c.values {
		if role := o.config.Roles[value]; !best.AtLeast(role) && role.Known() {
			best = role
		}
	}
	switch {
	case best.Known():
		return best, nil
	case c.overage:
		return best, because(NotAnOfficer, errors.New("the provider left the groups out of the token, because there are too many; use roles of the application instead"),
			"The identity provider does not say which groups you are in, because they are too many. Tell your administrator.")
	}
	return best, refuse(NotAnOfficer, "You are signed in, but have no role here. Ask an administrator of your identity provider for one.")
}

func (o *Office) listed(ctx context.Context, id, subject string) (Role, error) {
	found, err := o.config.Records.Officer(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	if !found.Role.Known() {
		return "", refuse(NotAnOfficer, "You are signed in, but not an officer here. An administrator can add you by your subject, which is %s.", subject)
	}
	return found.Role, nil
}
