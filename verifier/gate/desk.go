package gate

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Config configures a [Desk]. Store is required.
type Config struct {
	Store    Store
	Policies []string         // the names of policies that gates may have besides ""
	Now      func() time.Time // time.Now when nil
	Logger   *slog.Logger     // discards when nil; it gets ids and names of gates, never codes, sessions or proofs
}

// Desk is where gates are paired and recognised. It is safe for concurrent use.
type Desk struct {
	config   Config
	nonces   nonces
	attempts attempts
}

// NewDesk reports everything that is wrong with the configuration at once.
func NewDesk(config Config) (*Desk, error) {
	var problems []error
	if config.Store == nil {
		problems = append(problems, errors.New("no Store: nothing could be kept"))
	}
	for _, name := range config.Policies {
		if err := checkText("the name of a policy", name, 1); err != nil {
			problems = append(problems, err)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.Policies = slices.Clone(config.Policies)
	d := &Desk{config: config}
	_, _ = rand.Read(d.nonces.key[:]) // never fails
	return d, nil
}

// Invite makes a code that pairs one gate until it expires, and returns it with
// that instant. The code is kept as a hash, so this is the only time it is known.
// The error names everything that is wrong with the invitation.
func (d *Desk) Invite(ctx context.Context, invitation Invitation) (code string, expires time.Time, err error) {
	if err := d.check(invitation); err != nil {
		return "", time.Time{}, fmt.Errorf("gate: invitation: %w", err)
	}
	code = newCode()
	now := d.now()
	expires = now.Add(InvitationLife)
	err = d.config.Store.AddInvitation(ctx, StoredInvitation{invitation, codeHash(code), now, expires})
	if err != nil {
		return "", time.Time{}, err
	}
	d.config.Logger.InfoContext(ctx, "gate invited", "name", invitation.Name, "site", invitation.Site, "by", invitation.By)
	return code, expires, nil
}

// Pair redeems a code for a gate with that key. Case, hyphens and spaces of the
// code don't count, and I, L and O are read as the digits they look like. The
// error is [ErrPairingRefused], [ErrKeyRefused], which is one, too,
// [ErrTooManyAttempts], or the store's.
func (d *Desk) Pair(ctx context.Context, code string, key *ecdsa.PublicKey) (Gate, error) {
	now := d.now()
	// Counted before it is known to be wrong: else many sent at once would all
	// pass before the first of them counts.
	attempt, ok := d.attempts.begin(now)
	if !ok {
		return Gate{}, ErrTooManyAttempts
	}
	g, err := d.redeem(ctx, code, key, now)
	if !errors.Is(err, ErrPairingRefused) || errors.Is(err, ErrKeyRefused) {
		d.attempts.takeBack(attempt)
	}
	if err != nil {
		d.config.Logger.WarnContext(ctx, "pairing refused", "error", err)
		return Gate{}, err
	}
	d.config.Logger.InfoContext(ctx, "gate paired", "gate", g.ID, "name", g.Name, "site", g.Site)
	return g, nil
}

func (d *Desk) redeem(ctx context.Context, code string, key *ecdsa.PublicKey, now time.Time) (Gate, error) {
	canonical, ok := readCode(code)
	if !ok {
		return Gate{}, ErrPairingRefused
	}
	if !onP256(key) {
		return Gate{}, ErrKeyRefused
	}
	return d.config.Store.RedeemInvitation(ctx, codeHash(canonical), Gate{ID: newID(), Key: key, PairedAt: now})
}

// Gates returns all gates in the order of their pairing, ended ones too.
func (d *Desk) Gates(ctx context.Context) ([]Gate, error) { return d.config.Store.Gates(ctx) }

// End ends a gate for good: from then on it has no session and opens none. To end
// an ended gate changes nothing. [ErrUnknownGate] means that there never was one.
func (d *Desk) End(ctx context.Context, id string) error {
	if err := d.config.Store.EndGate(ctx, id, d.now()); err != nil {
		return err
	}
	d.config.Logger.InfoContext(ctx, "gate ended", "gate", id)
	return nil
}

// now has the precision at which times are kept.
func (d *Desk) now() time.Time { return d.config.Now().UTC().Truncate(time.Millisecond) }

func (d *Desk) check(i Invitation) error {
	problems := []error{
		checkText("the name", i.Name, 1),
		checkText("the site", i.Site, 0),
		checkText("who invites", i.By, 0),
	}
	if !i.Access.Known() {
		problems = append(problems, fmt.Errorf("access %q is not known: say onsite or remote", i.Access))
	}
	if !d.configured(i.Policy) {
		problems = append(problems, fmt.Errorf("policy %q is not in the configuration, which has %q", i.Policy, d.config.Policies))
	}
	return errors.Join(problems...)
}

// configured reports whether a policy can be applied.
func (d *Desk) configured(policy string) bool {
	return policy == "" || slices.Contains(d.config.Policies, policy)
}

// checkText takes what fits on a guard's screen and shows all of itself there.
func checkText(what, text string, shortest int) error {
	if len(text) < shortest || len(text) > MaxText {
		return fmt.Errorf("%s has %d bytes, %d to %d are taken", what, len(text), shortest, MaxText)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s has characters that cannot be shown", what)
	}
	if strings.TrimSpace(text) != text {
		return fmt.Errorf("%s begins or ends with a space", what)
	}
	return nil
}
