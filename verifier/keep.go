package verifier

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// List is a status list that a verifier holds.
type List = revocation.Held

// Lists returns the good lists that are held, by issuer and URI.
func (v *Verifier) Lists() []List { return v.checker.Held() }

// How [Verifier.KeepLists] works.
const (
	LookEvery      = 10 * time.Second // between two looks at what is due
	RenewAhead     = 15 * time.Second // how long before its ttl is over a list is fetched
	AggregateEvery = time.Minute      // between two looks at which lists there are
)

// KeepLists keeps the lists of all trusted issuers current until ctx is done, so
// that decisions wait for none and go on when the network is gone. It is for
// services; without it a list is fetched when a badge names it.
func (v *Verifier) KeepLists(ctx context.Context) {
	var aggregated time.Time
	for {
		if now := v.config.Now(); now.Sub(aggregated) >= AggregateEvery || now.Before(aggregated) {
			v.aggregate(ctx)
			aggregated = now
		}
		v.checker.Renew(RenewAhead)
		// Not all verifiers of a customer that lost power at once ask at once.
		select {
		case <-ctx.Done():
			return
		case <-time.After(LookEvery/2 + rand.N(LookEvery)):
		}
	}
}

// aggregate has lists fetched that are not known yet.
func (v *Verifier) aggregate(ctx context.Context) {
	if v.config.Aggregator == nil {
		return
	}
	for _, issuer := range v.config.Trust.Issuers() {
		uri := v.config.Trust.issuers[issuer].lists.aggregation
		if uri == "" {
			continue
		}
		uris, err := v.config.Aggregator.Aggregate(ctx, uri)
		if err != nil {
			v.config.Logger.WarnContext(ctx, "status lists not found out", "issuer", issuer, "error", err)
			continue
		}
		for _, list := range uris {
			if err := v.checker.Know(issuer, list); err != nil {
				v.config.Logger.WarnContext(ctx, "status list not taken", "issuer", issuer, "uri", list, "error", err)
			}
		}
	}
}
