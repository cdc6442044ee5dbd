package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// SignalSecret encrypts what receivers of signals entrust to the issuer. It lives as
// long as the subject key.
func (p *Program) SignalSecret() []byte { return p.derive("signal authorization") }

func (p *Program) derive(text string) []byte {
	mac := hmac.New(sha256.New, p.config.SubjectKey)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// EnsureSignalKey makes the first key for signals and has it sign, where there is none.
// Nobody relies on another one then, so that it needs no time to become known.
func (p *Program) EnsureSignalKey(ctx context.Context, by string) error {
	if _, err := p.keys.signer(store.ForSignals); !errors.Is(err, ErrNoKey) {
		return err
	}
	if prepared := p.keys.of(store.ForSignals, store.KeyPrepared); len(prepared) > 0 {
		_, err := p.ActivateKey(ctx, KeyRequest{ID: prepared[0].ID, By: by})
		return err
	}
	made, err := p.PrepareKey(ctx, store.ForSignals, "", by)
	if err != nil {
		return err
	}
	_, err = p.ActivateKey(ctx, KeyRequest{ID: made.ID, By: by})
	return err
}

// signals says what other systems are told of a change. It is a [store.Signaller].
func (p *Program) signals(c store.SignalChange) []store.Signal {
	about := store.Signal{
		Subject: p.subject(c.PersonID),
		// One for all badges of a person that change together, and of no use to tell when
		// or who to somebody who does not know.
		Cause: base64.RawURLEncoding.EncodeToString(p.derive("txn:" + stamp(c.At) + ":" + c.PersonID)[:16]),
	}
	if c.Badge == nil {
		return signalsOfDevices(about, c)
	}
	about.Badge = signal.Badge(p.ListURI(c.Badge.ListID), c.Badge.Index, c.Badge.Status)
	return signalsOfBadge(about, c)
}

// signalsOfBadge: what was suspended comes back, so that only what is revoked is told
// as revoked. A badge that no phone has is gone without anybody having lost anything.
func signalsOfBadge(about store.Signal, c store.SignalChange) []store.Signal {
	origin := signal.Origin{At: c.At, Entity: entityOf(c)}
	change := signal.Update
	switch {
	case c.Badge.Status == store.Invalid && replaced(c.Reason):
		change, origin.Reason = signal.Delete, "The badge is on no phone."
	case c.Badge.Status == store.Invalid:
		change, origin.Reason = signal.Revoke, "The badge was revoked for good."
	case c.Badge.Status == store.Suspended:
		origin.Reason = "The badge is suspended and may come back."
	default:
		origin.Reason = "The badge is valid again."
	}
	changed := about
	changed.Type, changed.Event = signal.CredentialChange, signal.NewCredentialChange(origin, change)
	if change == signal.Delete || c.From != store.Valid {
		return []store.Signal{changed}
	}
	ended := about
	ended.Type, ended.Event = signal.SessionRevoked, signal.NewSessionRevoked(origin)
	return []store.Signal{changed, ended}
}

// replaced reports whether a badge was revoked because the phone does not have it.
func replaced(reason string) bool {
	return slices.Contains([]string{store.EndSuperseded, store.EndDeleted, store.EndFailed}, reason)
}

// signalsOfDevices tells whether a person's devices are as the policy wants them, when
// that changes.
func signalsOfDevices(about store.Signal, c store.SignalChange) []store.Signal {
	before, after := compliant(c.Before.Reasons), compliant(c.After.Reasons)
	if before == after {
		return nil
	}
	origin := signal.Origin{At: c.At, Entity: signal.Policy, Reason: "What the person's devices report is not good enough."}
	if after {
		origin.Reason = "What the person's devices report is good enough again."
	}
	about.Type, about.Event = signal.DeviceComplianceChange, signal.NewDeviceComplianceChange(origin, before, after)
	return []store.Signal{about}
}

// deviceKinds is how the kinds of reasons begin that are about devices.
const deviceKinds = "device-"

func compliant(reasons []notify.Reason) bool {
	return !slices.ContainsFunc(reasons, func(r notify.Reason) bool { return strings.HasPrefix(r.Kind, deviceKinds) })
}

// entityOf says who or what began a change of a badge.
func entityOf(c store.SignalChange) signal.Entity {
	kind, _, _ := strings.Cut(c.By, ":")
	switch {
	case c.Cause == store.ByStanding:
		return signal.Policy
	case kind == "enrolment":
		return signal.User
	case slices.Contains([]string{"officer", "token", "local"}, kind):
		return signal.Admin
	}
	return signal.System
}
