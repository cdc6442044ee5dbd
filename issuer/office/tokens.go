package office

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// MaxLivingTokens is how many tokens of one name may be good at once: the one in
// use and the one that is to take its place.
const MaxLivingTokens = 2

// CheckName refuses a third living token of a name.
func CheckName(all []store.Token, name string, now time.Time) error {
	living := 0
	for _, t := range all {
		if t.Name == name && t.Usable(now) {
			living++
		}
	}
	if living >= MaxLivingTokens {
		return refuse(TokensOfName, "There are %d good tokens of that name: the one in use and the one to take its place. Revoke the one that is not used any more first.", living)
	}
	return nil
}

// maxTouched is of how many tokens it is remembered when their use was noted.
const maxTouched = 4096

// TokenUse notes when tokens are used, each at most once in [TouchEvery]. It is
// safe for concurrent use.
type TokenUse struct {
	uses   TokenUses
	logger *slog.Logger

	mu    sync.Mutex
	noted *lru.Cache[string, time.Time]
}

// NewTokenUse returns one that notes in uses; nil notes nothing.
func NewTokenUse(uses TokenUses, logger *slog.Logger) (*TokenUse, error) {
	noted, err := lru.New[string, time.Time](maxTouched)
	return &TokenUse{uses: uses, logger: logger, noted: noted}, err
}

// Touch notes a use. A failure is logged and no more: the call that the token is
// used for is what matters.
func (u *TokenUse) Touch(ctx context.Context, tokenID string, now time.Time) {
	if u.uses == nil || !u.due(tokenID, now) {
		return
	}
	err := u.uses.TouchToken(ctx, tokenID, now.UTC().Truncate(time.Microsecond))
	if err != nil && !errors.Is(err, context.Canceled) {
		u.logger.WarnContext(ctx, "the use of a token could not be noted", "token", tokenID, "error", err)
	}
}

// due claims the note for one of many callers.
func (u *TokenUse) due(tokenID string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at, found := u.noted.Get(tokenID); found && now.Sub(at).Abs() < TouchEvery {
		return false
	}
	u.noted.Add(tokenID, now)
	return true
}

// Last returns when each token was last used, by its id.
func (u *TokenUse) Last(ctx context.Context) (map[string]time.Time, error) {
	if u.uses == nil {
		return nil, nil
	}
	return u.uses.TokenUses(ctx)
}
