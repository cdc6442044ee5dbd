package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// officerPayload is the payload of [OfficerSet] and [OfficerRemove].
type officerPayload struct {
	Subject string `json:"subject"` // at the identity provider
	Role    Role   `json:"role"`    // of OfficerSet alone
}

// officerAction changes the list of officers.
type officerAction struct {
	office *Office
	kind   Kind
}

// Check implements [Action].
func (a officerAction) Check(ctx context.Context, payload json.RawMessage) (string, error) {
	change, err := a.change(payload)
	if err != nil {
		return "", err
	}
	before, err := a.office.config.Records.Officer(ctx, change.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	switch {
	case a.kind == OfficerRemove && !before.Role.Known():
		return "", refuse(Invalid, "Nobody on the list has that subject.")
	case before.Role == change.Role:
		return "", refuse(Invalid, "The officer has the role %s already.", change.Role)
	}
	if err := a.office.keepsAnAdmin(ctx, before, change.Role); err != nil {
		return "", err
	}
	return fmt.Sprintf("officer %s: %s becomes %s", change.ID, orNone(before.Role), orNone(change.Role)), nil
}

func orNone(r Role) Role {
	if !r.Known() {
		return "no role"
	}
	return r
}

// Do implements [Action].
func (a officerAction) Do(ctx context.Context, p Proposal) error {
	change, err := a.change(p.Payload)
	if err != nil {
		return err
	}
	change.By, change.At, change.Proposal = p.DecidedBy, a.office.now(), p.ID
	_, err = a.office.config.Records.ChangeOfficer(ctx, change)
	return err
}

func (a officerAction) change(payload json.RawMessage) (OfficerChange, error) {
	if !a.office.Lists() {
		return OfficerChange{}, rolesElsewhere()
	}
	var asked officerPayload
	if err := httpserver.UnmarshalJSON(payload, &asked); err != nil {
		return OfficerChange{}, err
	}
	wants := a.kind == OfficerSet
	if wants != asked.Role.Known() || !wants && asked.Role != "" {
		return OfficerChange{}, refuse(Invalid, "Give the role viewer, officer or admin with officer.set, and none with officer.remove.")
	}
	if !isSubject(asked.Subject) {
		return OfficerChange{}, refuse(Invalid, "subject is who it is at the identity provider: 1 to %d printable ASCII characters. The refused sign-in shows it.", maxSubject)
	}
	issuer := a.office.config.Issuer
	return OfficerChange{ID: OfficerID(issuer, asked.Subject), Issuer: issuer, Subject: asked.Subject, Role: asked.Role}, nil
}

func rolesElsewhere() error {
	return refuse(RolesElsewhere, "The identity provider gives the roles here. Change them there.")
}

// keepsAnAdmin is for a good answer early; the store is what holds it.
func (o *Office) keepsAnAdmin(ctx context.Context, before Officer, to Role) error {
	if before.Role != RoleAdmin || to == RoleAdmin {
		return nil
	}
	all, err := o.config.Records.Officers(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != before.ID && other.Role == RoleAdmin {
			return nil
		}
	}
	return refuse(LastAdmin, "This is the last admin. Make somebody else one first.")
}

// Officers returns everybody on the list, and everybody who has signed in.
func (o *Office) Officers(ctx context.Context) ([]Officer, error) {
	return o.config.Records.Officers(ctx)
}

// Appoint changes the list without a second pair of eyes. It is for the operator
// on the issuer's own machine alone, who makes the first admins and lets people in
// again when there is none left: who owns the machine owns the database, and what
// is done here is at least recorded. Anybody else is refused with
// proposal_required. role none takes the officer off the list.
func (o *Office) Appoint(ctx context.Context, who Actor, subject string, role Role) (Officer, error) {
	if !o.Lists() {
		return Officer{}, rolesElsewhere()
	}
	if !who.Operator {
		return Officer{}, refuse(ProposalRequired, "Changing officers takes two: propose it as %s or %s, and have an admin approve it.", OfficerSet, OfficerRemove)
	}
	if !isSubject(subject) || role != "" && !role.Known() {
		return Officer{}, refuse(Invalid, "Give a subject of 1 to %d printable ASCII characters, and the role viewer, officer or admin.", maxSubject)
	}
	issuer := o.config.Issuer
	changed, err := o.config.Records.ChangeOfficer(ctx, OfficerChange{
		ID: OfficerID(issuer, subject), Issuer: issuer, Subject: subject, Role: role, By: who.By, At: o.now(),
	})
	if errors.Is(err, ErrLastAdmin) {
		return changed, because(LastAdmin, err, "This is the last admin. Make somebody else one first.")
	}
	return changed, err
}
