package office

import (
	"context"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Actor is who does something.
type Actor struct {
	By string // as in events
	// OfficerID is who answers for it: the officer who is signed in, or of whom an
	// API token comes. None for the operator and what the operator made.
	OfficerID string
	Role      Role
	SignedIn  bool // with a session; nobody approves anything without
	Operator  bool // on the issuer's own machine
	// AuthenticatedAt is when the officer last showed credentials.
	AuthenticatedAt time.Time
}

// answersFor is the name under which an actor's doings are counted together.
func (a Actor) answersFor() string {
	if a.OfficerID != "" {
		return "officer:" + a.OfficerID
	}
	return a.By
}

// maxTokenChain is how many tokens may have made one another.
const maxTokenChain = 64

// ResponsibleFor returns the officer who answers for what was done by an actor of
// that name: the officer, the one who made the token, or the one who made the
// token that made it. It is empty for the operator. Where it can't be told, because
// a token on the way is not kept any more, it is four_eyes: somebody might approve
// what is their own.
func ResponsibleFor(ctx context.Context, tokens store.TokenReader, by string) (string, error) {
	makers := map[string]string{}
	if strings.HasPrefix(by, "token:") {
		all, err := tokens.Tokens(ctx)
		if err != nil {
			return "", err
		}
		for _, t := range all {
			makers["token:"+t.ID] = t.By
		}
	}
	// A token is made by one that was there before, so this ends; the bound is for
	// a database that somebody wrote into.
	for range maxTokenChain {
		if id, isOfficer := strings.CutPrefix(by, "officer:"); isOfficer {
			return id, nil
		}
		if !strings.HasPrefix(by, "token:") {
			return "", nil
		}
		maker, found := makers[by]
		if !found {
			break
		}
		by = maker
	}
	return "", refuse(FourEyes, "It can't be told whose token this is. Sign in, or have a new one made.")
}
