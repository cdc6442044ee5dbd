package verifier

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// streams are those on which issuers tell of changed lists. They belong to one
// KeepLists.
type streams struct {
	verifier *Verifier
	ctx      context.Context
	under    map[string]stream // way, by issuer
	ending   sync.WaitGroup
}

type stream struct {
	uri  string
	stop context.CancelFunc
}

// follow listens to the streams that the trust list names by now, and to no others.
func (s *streams) follow() {
	v := s.verifier
	if v.config.Follower == nil {
		return
	}
	trust := v.Trust()
	for issuer, known := range s.under {
		if trust.Events(issuer) != known.uri {
			known.stop()
			delete(s.under, issuer)
		}
	}
	for _, issuer := range trust.Issuers() {
		uri := trust.Events(issuer)
		if _, known := s.under[issuer]; known || uri == "" {
			continue
		}
		ctx, stop := context.WithCancel(s.ctx)
		s.under[issuer] = stream{uri, stop}
		s.ending.Go(func() { v.follow(ctx, issuer, uri) })
	}
}

func (s *streams) end() {
	for _, known := range s.under {
		known.stop()
	}
	s.ending.Wait()
}

// follow listens to one issuer. After an end it waits longer each time that nothing
// came, and never all of it: the verifiers that lost a server must not come back to
// it in one moment.
func (v *Verifier) follow(ctx context.Context, issuer, uri string) {
	wait := FollowAgain
	for {
		err := v.config.Follower.Follow(ctx, uri, func(notice revocation.Notice) {
			wait = FollowAgain
			v.heard(issuer, notice)
		})
		if ctx.Err() != nil {
			return
		}
		v.config.Logger.InfoContext(ctx, "status list events ended", "issuer", issuer, "again_within", wait, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
		wait = min(2*wait, MaxFollowAgain)
	}
}

// heard does what a notice can bring about: a list is looked at. One that came along
// is verified like any other; if it is no good, whoever has the lists is asked.
func (v *Verifier) heard(issuer string, notice revocation.Notice) {
	if notice.URI == "" {
		v.checker.RefreshAll(issuer)
		return
	}
	if notice.Token != "" && v.checker.Load(issuer, notice.URI, notice.Token) == nil {
		return
	}
	if err := v.checker.Refresh(issuer, notice.URI); err != nil {
		v.config.Logger.Warn("status list not taken", "issuer", issuer, "uri", notice.URI, "error", err)
	}
}
