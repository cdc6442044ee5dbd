package main

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// demoMoments is more than either stream tells while the demonstration listens: one
// that it does not take waits for the end of it.
const demoMoments = 4

// moment is when a stream told something, or why it ended.
type moment struct {
	at     time.Time
	reason verifier.Reason
	err    error
}

// live lets somebody in at a gate, revokes the badge, and shows when who hears of it.
func (d *demo) live(ctx context.Context, office *api, side *verifierFolder, verifierURL string, badge issuedBadge) error {
	north, in, err := d.letIn(ctx, side, verifierURL, badge)
	if err != nil {
		return err
	}
	var listening sync.WaitGroup
	defer listening.Wait()
	ctx, stop := context.WithTimeout(ctx, demoPatience)
	defer stop()
	published := d.listen(ctx, &listening, func(heard func(verifier.Reason)) error {
		return hearList(ctx, side, in.Badge, heard)
	})
	ended := d.listen(ctx, &listening, func(heard func(verifier.Reason)) error {
		return north.hear(ctx, in.ID, heard)
	})
	for _, stream := range []<-chan moment{published, ended} {
		if _, err := told(ctx, stream, ""); err != nil {
			return err
		}
	}

	began := d.streams.now()
	if _, err := setBadgeStatus(ctx, office, badge.ID, "revoke", "demonstration"); err != nil {
		return err
	}
	answered := d.streams.now()
	gate := &verifying{server: verifierURL, access: string(in.Access)}
	decision, err := d.await(ctx, gate, badge, verifier.Revoked)
	if err != nil {
		return err
	}
	denied := d.streams.now()
	listed, err := told(ctx, published, verifier.Revoked)
	if err != nil {
		return fmt.Errorf("the list: %w", err)
	}
	red, err := told(ctx, ended, verifier.Revoked)
	if err != nil {
		return fmt.Errorf("the gate: %w", err)
	}
	d.printLegs(began, []leg{
		{"the office's call is answered", answered},
		{"the new list is published", listed.at},
		{"the verifier denies the badge", denied},
		{"the gate's page is told: red, without a new scan", red.at},
	})
	d.say("Verifying a fresh proof of it:")
	return printDecision(d.streams.out, decision, false)
}

// letIn pairs a gate and shows it the badge.
func (d *demo) letIn(ctx context.Context, side *verifierFolder, verifierURL string, badge issuedBadge) (*demoGate, verifier.Decision, error) {
	var in verifier.Decision
	paired, err := d.inviteGate(ctx, side, "North gate")
	if err != nil {
		return nil, in, err
	}
	north, err := pairGate(ctx, verifierURL, paired.Code, d.streams.now)
	if err != nil {
		return nil, in, err
	}
	presentation, _, err := d.present(badge)
	if err != nil {
		return nil, in, err
	}
	if err := north.post(ctx, "decisions", map[string]string{"presentation": presentation}, &in); err != nil {
		return nil, in, err
	}
	if !in.Allow || in.Badge == nil {
		return nil, in, fmt.Errorf("the demonstration expected the gate to allow; it says %s (%s)", in.Reason, in.Detail)
	}
	who := plain(in.Badge.GivenName + " " + in.Badge.FamilyName)
	d.say("\n%s is let in at a gate. Then the office revokes the badge, and from its call it takes", who)
	return north, in, nil
}

// listen has a stream followed until ctx is done.
func (d *demo) listen(ctx context.Context, listening *sync.WaitGroup, follow func(heard func(verifier.Reason)) error) <-chan moment {
	moments := make(chan moment, demoMoments)
	tell := func(m moment) {
		select {
		case moments <- m:
		case <-ctx.Done():
		}
	}
	listening.Go(func() {
		err := follow(func(reason verifier.Reason) { tell(moment{at: d.streams.now(), reason: reason}) })
		tell(moment{err: err})
	})
	return moments
}

// told waits for what a stream is to tell next.
func told(ctx context.Context, stream <-chan moment, want verifier.Reason) (moment, error) {
	m, err := waitFor(ctx, stream)
	if err = errors.Join(err, m.err); err == nil && m.reason != want {
		err = fmt.Errorf("the demonstration expected %q, not %q", want, m.reason)
	}
	return m, err
}

// hearList follows the issuer's events as a verifier does. It calls heard once it is
// connected, with no reason, and then with each list in which the badge is revoked; a
// list as small as the demonstration's comes along with the event.
func hearList(ctx context.Context, side *verifierFolder, badge *verifier.Badge, heard func(verifier.Reason)) error {
	client, err := side.config.Fetch.client()
	if err != nil {
		return err
	}
	defer client.Close()
	trust, err := side.trustList()
	if err != nil {
		return err
	}
	return client.Follow(ctx, trust.Events(badge.Issuer), func(n revocation.Notice) {
		if n == (revocation.Notice{}) {
			heard("")
			return
		}
		token, err := revocation.Open(n.Token, badge.StatusList, func(keyID string) (*ecdsa.PublicKey, error) {
			return trust.ListKey(badge.Issuer, keyID)
		})
		if err != nil {
			return // named without it, or another list
		}
		if status, err := token.List.Status(badge.Index); err == nil && status == revocation.Invalid {
			heard(verifier.Revoked)
		}
	})
}

// leg is a part of the way of a revocation, and when it was done.
type leg struct {
	what string
	at   time.Time
}

// printLegs prints them as they came, in milliseconds since began.
func (d *demo) printLegs(began time.Time, legs []leg) {
	slices.SortStableFunc(legs, func(a, b leg) int { return a.at.Compare(b.at) })
	for _, l := range legs {
		d.say("%7.1f ms  until %s", float64(l.at.Sub(began).Microseconds())/1000, l.what)
	}
}
