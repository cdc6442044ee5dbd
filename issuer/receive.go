package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Receive takes in what another system sent: people, training and devices, new,
// changed or withdrawn. Everybody whom it touches is judged in the same
// transaction, so that what follows from it has happened when Receive returns. By
// says where it came from. At, Judge, Mark and MassLimit are filled in.
//
// The error is a *store.MassChangeError when more people would lose their good
// standing than the configuration allows, and the import is not confirmed; nothing
// was taken in then. Other errors are the store's. Receiving the same again changes
// nothing.
func (p *Program) Receive(ctx context.Context, im store.Import) (store.ImportResult, error) {
	now := p.config.Now()
	rules := p.judgeOf(now)
	rules.confirmed = im.Confirmed
	im.At, im.Judge, im.Mark, im.MassLimit = now, rules.judge, p.mark, p.config.MassLimit
	result, err := p.config.Store.ApplyImport(ctx, im)
	if mass := (*store.MassChangeError)(nil); errors.As(err, &mass) {
		p.config.Logger.WarnContext(ctx, "import refused: it would change too much", "by", im.By, "losing", mass.Losing, "limit", mass.Limit)
	}
	if err != nil {
		return store.ImportResult{}, err
	}
	if !im.DryRun && result.Changed() {
		p.changed(result.Messages)
	}
	return result, nil
}

// judgeAt is the judge of an instant.
func (p *Program) judgeAt(at time.Time) store.Judge { return p.judgeOf(at).judge }

func (p *Program) judgeOf(at time.Time) judge {
	return judge{
		policy: p.PolicyAt(at), tell: p.config.Tell, lockOut: p.config.LockOut, dryRun: p.config.LockOutDryRun,
		massLimit: p.config.MassLimit, catchingUp: p.catchingUp.Load(),
	}
}

// changed is called after a change: something may be due sooner than before, and
// messages may wait.
func (p *Program) changed(messages int) {
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
	if messages > 0 {
		p.config.Queued()
	}
}
