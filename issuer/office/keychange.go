package office

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// KeyStep is one step in the life of a signing key.
type KeyStep struct {
	To      store.KeyState   // prepared, active, retired or revoked
	Purpose store.KeyPurpose // of one that is to be prepared
	KeyID   string           // of all others
	Now     bool             // activate one that was not published for long enough
}

// KeyHolder changes signing keys.
type KeyHolder interface {
	// Keys returns every key there ever was, the oldest first.
	Keys(ctx context.Context) ([]store.Key, error)

	// ChangeKey takes a key a step on.
	ChangeKey(ctx context.Context, step KeyStep, reason, by string) error
}

// NewKeyChange returns the action behind [KeyChange]. Its payload is one of
//
//	{"do": "prepare", "purpose": "badge"}
//	{"do": "activate", "kid": "…", "now": false}
//	{"do": "retire", "kid": "…"}
//	{"do": "revoke", "kid": "…"}
//
// A key that is the issuer's no longer alone is tainted without a proposal: stopping
// must not wait.
func NewKeyChange(h KeyHolder) Action { return keyChange{h} }

type keyChange struct{ keys KeyHolder }

type keyPayload struct {
	Do      string           `json:"do"`
	Purpose store.KeyPurpose `json:"purpose"`
	KeyID   string           `json:"kid"`
	Now     bool             `json:"now"`
}

func readKeyStep(payload json.RawMessage) (KeyStep, error) {
	var asked keyPayload
	if err := httpserver.UnmarshalJSON(payload, &asked); err != nil {
		return KeyStep{}, err
	}
	to := map[string]store.KeyState{
		"prepare": store.KeyPrepared, "activate": store.KeyActive, "retire": store.KeyRetired, "revoke": store.KeyRevoked,
	}[asked.Do]
	prepares := to == store.KeyPrepared
	switch {
	case to == "":
		return KeyStep{}, refuse(Invalid, "do is prepare, activate, retire or revoke, not %.64q. To taint a key takes no proposal.", asked.Do)
	case prepares && (asked.KeyID != "" || asked.Purpose == store.ForRoot || !slices.Contains(store.KeyPurposes(), asked.Purpose)):
		return KeyStep{}, refuse(Invalid, "A key is prepared for a purpose, which is badge, list or signal, and has no kid yet.")
	case !prepares && (asked.KeyID == "" || asked.Purpose != ""):
		return KeyStep{}, refuse(Invalid, "Give the kid of the key, and no purpose.")
	case asked.Now && to != store.KeyActive:
		return KeyStep{}, refuse(Invalid, "now goes with activate alone.")
	}
	return KeyStep{to, asked.Purpose, asked.KeyID, asked.Now}, nil
}

// Check implements [Action].
func (c keyChange) Check(ctx context.Context, payload json.RawMessage) (string, error) {
	step, err := readKeyStep(payload)
	if err != nil {
		return "", err
	}
	if step.To == store.KeyPrepared {
		return fmt.Sprintf("a key for the purpose %s is made and published", step.Purpose), nil
	}
	key, err := c.find(ctx, step.KeyID)
	if err != nil {
		return "", err
	}
	if key.Purpose == store.ForRoot || !key.State.LeadsTo(step.To) || key.State == store.KeyActive {
		return "", refuse(Invalid, "The %s key is %s and can't become %s.", key.Purpose, key.State, step.To)
	}
	summary := fmt.Sprintf("%s key %s: %s becomes %s", key.Purpose, key.ID, key.State, step.To)
	if step.Now {
		summary += ", also before verifiers can be relied on to know it"
	}
	return summary, nil
}

func (c keyChange) find(ctx context.Context, id string) (store.Key, error) {
	all, err := c.keys.Keys(ctx)
	if err != nil {
		return store.Key{}, err
	}
	at := slices.IndexFunc(all, func(k store.Key) bool { return k.ID == id })
	if at < 0 {
		return store.Key{}, refuse(Invalid, "There is no key with the kid %.64q.", id)
	}
	return all[at], nil
}

// Do implements [Action].
func (c keyChange) Do(ctx context.Context, p Proposal) error {
	step, err := readKeyStep(p.Payload)
	if err != nil {
		return err
	}
	done, err := c.isDone(ctx, step, p)
	if err != nil || done {
		return err
	}
	return c.keys.ChangeKey(ctx, step, p.Reason, p.DecidedBy)
}

// isDone reports whether the step was made before something went wrong.
func (c keyChange) isDone(ctx context.Context, step KeyStep, p Proposal) (bool, error) {
	all, err := c.keys.Keys(ctx)
	return slices.ContainsFunc(all, func(k store.Key) bool {
		if step.To == store.KeyPrepared {
			return k.Purpose == step.Purpose && k.By == p.DecidedBy && !k.PreparedAt.Before(p.DecidedAt)
		}
		return k.ID == step.KeyID && k.State == step.To
	}), err
}
