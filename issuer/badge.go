package issuer

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// NotEligibleError says why a person gets no badge.
type NotEligibleError struct {
	ExternalID string
	Reasons    []policy.Reason
}

// Error lists every reason.
func (e *NotEligibleError) Error() string {
	texts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		texts[i] = r.String()
	}
	return fmt.Sprintf("issuer: %s is not in good standing: %s", e.ExternalID, strings.Join(texts, ", "))
}

// ErrEndsTooSoon is the answer to somebody who is in good standing for so short
// a time that no badge fits into it, or none after those that come before it in
// a stock: its times are rounded down to credential.TimeGranularity.
var ErrEndsTooSoon = errors.New("the standing ends too soon for a badge")

// IssueRequest asks for a badge.
type IssueRequest struct {
	Person    string           // id or external id
	HolderKey *ecdsa.PublicKey // P-256, from the holder's phone
	By        string           // who asks, for the record
	// Place in a stock: 0 is for now, 1 follows it, and so on. The zero value
	// asks for a badge alone.
	Place int
}

// Issued is a badge as its holder gets it.
type Issued struct {
	store.Badge
	Text string // the SD-JWT with every disclosure; it is kept nowhere
}

// Issue signs a badge for a person in good standing, for as long as the
// configuration allows and never past the instant at which the standing will
// change. One that is ahead in a stock begins [StockOverlap] before the one before
// it ends. The error is a *[NotEligibleError] (with the reason [SuspendedByOffice]
// for somebody who is suspended), [ErrEndsTooSoon], [ErrBeyondStock],
// store.ErrNotFound for an unknown person, store.ErrConflict for one who lost the
// standing meanwhile, a *code.Error for a key or a record that can't be signed,
// [ErrNoKey] while nothing signs, or the store's. After an error nothing that was signed is handed out, and what may
// have been signed is on record.
func (p *Program) Issue(ctx context.Context, request IssueRequest) (Issued, error) {
	issued, err := p.issue(ctx, request)
	if !errors.Is(err, store.ErrKeyInactive) {
		return issued, err
	}
	// Another process has changed the key.
	if err := p.keys.read(ctx); err != nil {
		return Issued{}, err
	}
	return p.issue(ctx, request)
}

func (p *Program) issue(ctx context.Context, request IssueRequest) (Issued, error) {
	// One key from here to the end, whichever is activated meanwhile.
	badges, keyID, err := p.keys.badges()
	if err != nil {
		return Issued{}, err
	}
	// One instant for the question and the answer, or a badge could begin after
	// the standing that it rests on has ended.
	now := p.config.Now()
	standing, err := p.Standing(ctx, request.Person, now)
	if err != nil {
		return Issued{}, err
	}
	if !standing.Eligible {
		return Issued{}, &NotEligibleError{standing.Person.ExternalID, standing.Reasons}
	}
	from, until, err := p.window(request.Place, standing, now)
	if err != nil {
		return Issued{}, err
	}
	claims := p.claims(standing, request.HolderKey, now)
	claims.NotBefore, claims.Expires = from, until
	if err := p.addPicture(ctx, standing.Person.ID, &claims); err != nil {
		return Issued{}, err
	}
	// Checked once before an index is spent on it, with any index.
	claims.Status.URI = p.ListURI(1)
	checked, err := badges.Prepare(claims)
	if err != nil {
		return Issued{}, err
	}
	reserved, err := p.reserve(ctx, request, keyID, standing.Person.ID, checked.Claims(), now)
	if errors.Is(err, store.ErrSuspended) {
		return Issued{}, &NotEligibleError{standing.Person.ExternalID, []policy.Reason{{Kind: SuspendedByOffice}}}
	}
	if err != nil {
		return Issued{}, err
	}
	claims.Status = credential.StatusRef{URI: p.ListURI(reserved.ListID), Index: uint64(reserved.Index)}
	draft, err := badges.Prepare(claims)
	if err != nil {
		return Issued{}, err
	}
	text, err := badges.Sign(draft)
	if err != nil {
		return Issued{}, err
	}
	badge, err := p.config.Store.CompleteBadge(ctx, reserved.ID, sha256.Sum256([]byte(text)))
	if err != nil {
		return Issued{}, err
	}
	p.config.Logger.InfoContext(ctx, "badge issued", "badge", badge.ID, "by", request.By, "expires", badge.ExpiresAt)
	return Issued{badge, text}, nil
}

func (p *Program) reserve(ctx context.Context, request IssueRequest, keyID, personID string, claims credential.Claims, at time.Time) (store.Badge, error) {
	thumbprint, err := credential.Thumbprint(request.HolderKey)
	if err != nil {
		return store.Badge{}, err
	}
	access := make([]string, len(claims.Access))
	for i, a := range claims.Access {
		access[i] = string(a)
	}
	return p.config.Store.ReserveBadge(ctx, store.Reservation{
		ID:                  rand.Text(),
		PersonID:            personID,
		HolderKeyThumbprint: thumbprint,
		Type:                claims.Type,
		Access:              access,
		IssuedAt:            claims.IssuedAt,
		ExpiresAt:           claims.Expires,
		By:                  request.By,
		KeyID:               keyID,
		StandingAt:          at,
	})
}

func (p *Program) claims(s Standing, holder *ecdsa.PublicKey, now time.Time) credential.Claims {
	c := credential.Claims{
		Type:           p.BadgeType(),
		Subject:        p.subject(s.Person.ID),
		IssuedAt:       now,
		HolderKey:      holder,
		GivenName:      s.Person.GivenName,
		FamilyName:     s.Person.FamilyName,
		EmployeeNumber: s.Person.EmployeeNumber,
		Organization:   s.Person.Organization,
		Role:           s.Person.Role,
		Equipment:      &credential.Equipment{Compliant: true, CheckedAt: s.EquipmentCheckedAt},
	}
	for _, a := range s.Access {
		c.Access = append(c.Access, credential.Access(a))
	}
	for _, held := range s.Training {
		c.Training = append(c.Training, credential.Training{Course: held.Course, Standard: held.Standard, ValidUntil: held.ValidUntil})
	}
	return c
}

// Badge returns what is on record about a badge, or store.ErrNotFound.
func (p *Program) Badge(ctx context.Context, id string) (store.Badge, error) {
	return p.config.Store.Badge(ctx, id)
}

// BadgesOf returns a person's badges, the latest expiry first.
func (p *Program) BadgesOf(ctx context.Context, ref string) ([]store.Badge, error) {
	person, err := p.Person(ctx, ref)
	if err != nil {
		return nil, err
	}
	return p.config.Store.BadgesOf(ctx, person.ID, time.Time{})
}

// SetStatus revokes (store.Invalid, for good), suspends or reinstates
// (store.Valid) one badge, and its entry in the status list with it. Reinstating
// asks the policy first: the error is a *[NotEligibleError] when the person is
// not in good standing. It takes an officer's suspension away; a badge that is
// suspended for another cause as well stays so. Repeating a change is no error. The
// reason is kept for the record and published nowhere.
func (p *Program) SetStatus(ctx context.Context, badgeID string, to store.Status, reason, by string) (store.Badge, error) {
	if to == store.Valid {
		if err := p.mayReinstate(ctx, badgeID); err != nil {
			return store.Badge{}, err
		}
	}
	badge, err := p.config.Store.SetBadgeStatus(ctx, store.StatusChange{BadgeID: badgeID, To: to, Reason: reason, By: by})
	if err != nil {
		return store.Badge{}, err
	}
	p.config.Logger.InfoContext(ctx, "badge status", "badge", badge.ID, "status", badge.Status, "by", by)
	return badge, nil
}

func (p *Program) mayReinstate(ctx context.Context, badgeID string) error {
	badge, err := p.config.Store.Badge(ctx, badgeID)
	if err != nil {
		return err
	}
	if badge.Status == store.Invalid {
		return fmt.Errorf("issuer: badge %s was revoked; issue a new one: %w", badgeID, store.ErrFinal)
	}
	standing, err := p.Standing(ctx, badge.PersonID, time.Time{})
	if err != nil {
		return err
	}
	if !standing.Eligible {
		return &NotEligibleError{standing.Person.ExternalID, standing.Reasons}
	}
	return nil
}

// IsNotEligible returns the reasons when err says that somebody is not in good
// standing.
func IsNotEligible(err error) (*NotEligibleError, bool) {
	var refused *NotEligibleError
	ok := errors.As(err, &refused)
	return refused, ok
}
