package office

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// MaxRevoked is of how many people one proposal may revoke the badges.
const MaxRevoked = 5000

// Revoker revokes badges. *issuer.Program is one.
type Revoker interface {
	// BadgesOf returns the badges of one person.
	BadgesOf(ctx context.Context, ref string) ([]store.Badge, error)
	// SetStatus changes a badge's status. A badge that has it stays as it is.
	SetStatus(ctx context.Context, badgeID string, to store.Status, reason, by string) (store.Badge, error)
}

// NewRevocation returns the action behind [BadgesRevoke]. Its payload is
//
//	{"people": [ids or external ids], "reason": "…"}
//
// Revoking is final, so that doing it twice changes nothing.
func NewRevocation(r Revoker, now func() time.Time) Action { return revocation{r, now} }

type revocation struct {
	badges Revoker
	now    func() time.Time
}

type revocationPayload struct {
	People []string `json:"people"`
	Reason string   `json:"reason"`
}

func (p revocationPayload) check() error {
	if len(p.People) == 0 || len(p.People) > MaxRevoked {
		return refuse(Invalid, "people has 1 to %d entries, not %d.", MaxRevoked, len(p.People))
	}
	if !isText(p.Reason, MaxReason) {
		return refuse(Invalid, "reason says why in 1 to %d bytes and without names of people.", MaxReason)
	}
	seen := make(map[string]bool, len(p.People))
	for _, person := range p.People {
		if seen[person] {
			return refuse(Invalid, "people has an entry twice.")
		}
		seen[person] = true
	}
	return nil
}

// Check implements [Action].
func (r revocation) Check(ctx context.Context, payload json.RawMessage) (string, error) {
	var asked revocationPayload
	if err := httpserver.UnmarshalJSON(payload, &asked); err != nil {
		return "", err
	}
	if err := asked.check(); err != nil {
		return "", err
	}
	badges := 0
	for _, person := range asked.People {
		found, err := r.live(ctx, person)
		if err != nil {
			return "", err
		}
		badges += len(found)
	}
	return fmt.Sprintf("revokes %d badges of %d people, for good", badges, len(asked.People)), nil
}

// live returns the badges that somebody might still be let in with.
func (r revocation) live(ctx context.Context, person string) ([]store.Badge, error) {
	found, err := r.badges.BadgesOf(ctx, person)
	now := r.now()
	return slices.DeleteFunc(slices.Clone(found), func(b store.Badge) bool { return !b.Live(now) }), err
}

// Do implements [Action].
func (r revocation) Do(ctx context.Context, p Proposal) error {
	var asked revocationPayload
	if err := httpserver.UnmarshalJSON(p.Payload, &asked); err != nil {
		return err
	}
	for _, person := range asked.People {
		if err := r.revoke(ctx, person, asked.Reason, p.DecidedBy); err != nil {
			return err
		}
	}
	return nil
}

func (r revocation) revoke(ctx context.Context, person, reason, by string) error {
	found, err := r.live(ctx, person)
	if err != nil {
		return err
	}
	for _, b := range found {
		if _, err := r.badges.SetStatus(ctx, b.ID, store.Invalid, reason, by); err != nil {
			return err
		}
	}
	return nil
}
