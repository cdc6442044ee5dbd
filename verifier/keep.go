package verifier

import (
	"context"
	"math/rand/v2"
	"time"
)

// How [Verifier.KeepLists] works.
const (
	LookEvery      = 10 * time.Second // between two looks at what is due
	RenewAhead     = 15 * time.Second // how long before its ttl is over a list is fetched
	AggregateEvery = time.Minute      // between two looks at which lists there are
	FollowAgain    = time.Second      // after the stream of changes ended; then ever longer
	MaxFollowAgain = 30 * time.Second // what that grows to while it can't be had
)

// KeepLists keeps the lists of all trusted issuers current until ctx is done, so
// that decisions wait for none and go on when the network is gone. It is for
// services; without it a list is fetched when a badge names it. Where the issuer
// tells of changes, and there is a Follower, it listens, and has the list at once.
func (v *Verifier) KeepLists(ctx context.Context) {
	streams := streams{verifier: v, ctx: ctx, under: make(map[string]stream)}
	defer streams.end()
	var aggregated time.Time
	for {
		streams.follow()
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
	trust := v.Trust()
	for _, issuer := range trust.Issuers() {
		uri := trust.issuers[issuer].lists.aggregation
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
