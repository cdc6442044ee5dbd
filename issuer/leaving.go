package issuer

import (
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// judgeLeaving decides whether somebody who is not active leaves for good: badges
// are revoked and phones have to be invited again. A source that broke could say so
// of everybody, one after the other. So when as many left within the hour as one
// import may cost their standing, the next are suspended, which a correction
// undoes, and looked at again after the hour: then as many go as may.
func (c *judging) judgeLeaving(before Progress) error {
	left := c.progress.Phase == ladder.Left
	loses := len(c.Badges) > 0 || c.Record.Eligible || before.Leaving
	c.progress.Leaving = left && loses && !c.confirmed && c.Departed > 0 && c.Departed >= c.massLimit.Of(c.Good+c.Departed)
	c.judgement.Leave = left && !c.progress.Leaving && (before.Phase != ladder.Left || loses)
	if !c.progress.Leaving {
		return nil
	}
	// Once in each hour.
	return c.tellOffice(notify.Leavers, c.Now.UTC().Truncate(store.MassWindow).Format(time.RFC3339))
}
