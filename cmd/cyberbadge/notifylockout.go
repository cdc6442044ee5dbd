package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/lockout"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// lockOut makes the carrier that locks and unlocks devices.
func (f *issuerFolder) lockOut(
	ctx context.Context, program *issuer.Program, messages store.MessageReader, client *outbound.Client,
) (notify.Carrier, error) {
	lockers, err := f.lockers(client)
	if err != nil {
		return nil, err
	}
	before, err := recentLocks(ctx, messages, f.now())
	if err != nil {
		return nil, fmt.Errorf("the lock-outs of the last hour: %w", err)
	}
	settings := f.whole.LockOut
	gate, err := lockout.NewGate(lockout.GateConfig{PerHour: int(settings.PerHour), Before: before, Now: f.now})
	if err != nil {
		return nil, err
	}
	var tell []lockout.Recipient
	for _, r := range f.whole.tell() {
		if r.Takes(notify.Locked) {
			tell = append(tell, lockout.Recipient{Channel: r.Channel, To: r.To})
		}
	}
	return lockout.New(lockout.Config{
		Program: program.LockOuts(), Lockers: lockers, Gate: gate, DryRun: settings.DryRun, Tell: tell, Now: f.now,
	})
}

// lockers makes one for each device manager that is configured, by the source that
// the devices' evidence comes from.
func (f *issuerFolder) lockers(client *outbound.Client) (map[string]lockout.Locker, error) {
	settings := f.whole.LockOut
	lockers := make(map[string]lockout.Locker)
	var problems []error
	add := func(what, source string, locker lockout.Locker, err error) {
		if err == nil && source == "" {
			err = fmt.Errorf("lockout.%s.source is missing: where the evidence about its devices comes from", what)
		}
		if _, twice := lockers[source]; err == nil && twice {
			err = fmt.Errorf("lockout: the devices of the source %q would be locked in two ways", source)
		}
		lockers[source] = locker
		problems = append(problems, err)
	}
	if s := settings.Graph; s.on() {
		locker, err := lockout.NewGraph(lockout.GraphConfig{
			Tenant: s.Tenant, ClientID: s.ClientID, ClientSecret: s.ClientSecret.Reveal(),
			GraphURL: s.GraphURL, LoginURL: s.LoginURL, Client: client, Now: f.now,
		})
		add("graph", s.Source, locker, err)
	}
	if s := settings.Fleet; s.on() {
		locker, err := lockout.NewFleet(lockout.FleetConfig{URL: s.URL, Token: s.Token.Reveal(), Client: client, Now: f.now})
		add("fleet", s.Source, locker, err)
	}
	if s := settings.Hook; s.on() {
		secrets, err := webhookSecrets(s.Secret, s.NextSecret)
		if err != nil {
			return nil, fmt.Errorf("lockout: hook: %w", err)
		}
		locker, err := lockout.NewHook(lockout.HookConfig{URL: s.URL, Secrets: secrets, Client: client, Now: f.now})
		add("hook", s.Source, locker, err)
	}
	return lockers, errors.Join(problems...)
}

// recentLocks are the lock-outs of the last hour by message, for a gate that must
// not open anew because of a restart. One that is being tried again has passed.
func recentLocks(ctx context.Context, messages store.MessageReader, now time.Time) (map[string]time.Time, error) {
	recent := make(map[string]time.Time)
	query := store.MessageQuery{States: []notify.State{notify.Delivered, notify.Waiting}, Limit: store.MaxPage}
	for {
		page, err := messages.Messages(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			switch {
			case m.Kind != notify.Lock:
			case m.State == notify.Waiting && m.Attempts > 0:
				recent[m.ID] = now
			case m.State == notify.Delivered && now.Sub(m.Settled) < time.Hour:
				recent[m.ID] = m.Settled
			}
		}
		if len(page) < query.Limit {
			return recent, nil
		}
		query.After = page[len(page)-1].Number
	}
}
