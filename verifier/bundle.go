package verifier

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// Root is a program whose bundles a verifier takes. The root key is pinned; the keys
// that sign badges and lists come in the bundles, and change with them.
type Root struct {
	Key bundle.Fingerprint
	// Issuer is whose badges the root vouches for. It can be left empty where there is
	// one root: then it is whom the first bundle is about.
	Issuer string
	// Customer is our name at the program. Bundles for others are refused; those for
	// anybody are always taken.
	Customer string
	// Held is the bundle to begin with, as it was taken before, or its first line; empty
	// for none. It may be past its time by now: then decisions say so and deny.
	Held string
	// Floor is the lowest number that is taken. A verifier remembers the newest that it
	// took for as long as it runs; who keeps the number over restarts hands it in here.
	Floor uint64
}

// HeldBundle is a bundle that decisions rest on.
type HeldBundle struct {
	Issuer       string
	Customer     string // empty: it is for anybody
	Root         bundle.Fingerprint
	Number       uint64
	IssuedAt     time.Time
	Expires      time.Time
	MaxStatusAge time.Duration // zero: it holds no lists
	Lists        int
	// Manifest is its first line, which somebody else can verify: see UseManifest.
	Manifest string

	trust string // the issuer's entry, as it stands there
}

// BundleAge says in a decision how old the bundle is that it rests on.
type BundleAge struct {
	Number     uint64    `json:"number"`
	IssuedAt   time.Time `json:"issued_at"`
	AgeSeconds int64     `json:"age_seconds"` // at the instant of the decision
	Expires    time.Time `json:"expires_at"`  // from then on every decision denies
}

func (h *HeldBundle) age(now time.Time) *BundleAge {
	if h == nil {
		return nil
	}
	return &BundleAge{h.Number, h.IssuedAt, int64(now.Sub(h.IssuedAt) / time.Second), h.Expires}
}

// checkClock says that a clock can't be right that is behind what the root signed.
func (h *HeldBundle) checkClock(now time.Time) error {
	if h != nil && h.IssuedAt.Sub(now) > revocation.MaxClockBehind {
		return code.Refuse(code.ClockUntrusted, "this clock is %v behind the time of bundle %d", h.IssuedAt.Sub(now), h.Number)
	}
	return nil
}

func (h *HeldBundle) checkTime(now time.Time) error {
	if h != nil && !now.Before(h.Expires) {
		return code.Refuse(code.BundleStale, "bundle %d expired at %s; import a newer one", h.Number, h.Expires.Format(time.RFC3339))
	}
	return nil
}

// Bundles returns the bundles that decisions rest on, by issuer.
func (v *Verifier) Bundles() []HeldBundle {
	held := make([]HeldBundle, 0)
	for _, b := range v.basis.Load().bundles {
		held = append(held, *b)
	}
	slices.SortFunc(held, func(a, b HeldBundle) int { return cmp.Compare(a.Issuer, b.Issuer) })
	return held
}

// UseBundle has decisions rest on a bundle from now on: on its trust list, and on its
// lists where no newer ones are held. Every decision has either all of the old bundle
// or all of the new one. It is verified against the root that it names; the error is
// an *code.Error, after which nothing has changed: bundle_invalid, bundle_not_for_us,
// bundle_stale for one past its time, bundle_rollback for an older one than was taken
// before. The same bundle again changes nothing and is no error.
func (v *Verifier) UseBundle(text string) (HeldBundle, error) {
	return v.use(text, bundle.Open)
}

// UseManifest is UseBundle for the first line of a bundle alone, for a verifier that
// gets the lists another way.
func (v *Verifier) UseManifest(line string) (HeldBundle, error) {
	return v.use(strings.TrimSuffix(line, "\n"), bundle.OpenManifest)
}

type opener func(text string, rules bundle.Rules) (*bundle.Bundle, error)

// use judges a bundle and then rests on it.
func (v *Verifier) use(text string, open opener) (HeldBundle, error) {
	v.taking.Lock()
	defer v.taking.Unlock()
	t, err := v.judge(text, open, false)
	if err != nil {
		return HeldBundle{}, err
	}
	before := v.basis.Load().bundles[t.held.Issuer]
	v.put(t)
	if before == nil || before.trust != t.held.trust {
		v.checker.Retrust()
	}
	v.loadLists(t.opened)
	return *t.held, nil
}

// taken is a bundle that was found good, and what comes of it.
type taken struct {
	opened *bundle.Bundle
	held   *HeldBundle
	trust  *Trust
}

// judge finds out whether a bundle is to be taken, and changes nothing.
func (v *Verifier) judge(text string, open opener, allowStale bool) (taken, error) {
	root, err := v.rootOf(text)
	if err != nil {
		return taken{}, err
	}
	before := v.heldUnder(root)
	rules := bundle.Rules{
		Root: root.Key, Issuer: root.Issuer, Customer: root.Customer, Floor: root.Floor,
		Now: v.config.Now(), AllowStale: allowStale,
	}
	if before != nil {
		rules.Issuer, rules.Floor = before.Issuer, max(root.Floor, before.Number)
	}
	opened, err := open(text, rules)
	if err != nil {
		return taken{}, err
	}
	held := newHeldBundle(opened, text)
	if before != nil && before.Number == held.Number && before.Manifest != held.Manifest {
		return taken{}, code.Refuse(code.BundleRollback, "another bundle %d is held; its issuer or the root key is not to be trusted", held.Number)
	}
	trust, err := v.trustWith(opened)
	if err != nil {
		return taken{}, err
	}
	if err := tryLists(trust, opened); err != nil {
		return taken{}, err
	}
	return taken{opened, held, trust}, nil
}

func newHeldBundle(opened *bundle.Bundle, text string) *HeldBundle {
	manifest, _, _ := strings.Cut(text, "\n")
	return &HeldBundle{
		Issuer: opened.Issuer, Customer: opened.Customer, Root: opened.Root, Number: opened.Number,
		IssuedAt: opened.IssuedAt, Expires: opened.Expires, MaxStatusAge: opened.MaxStatusAge,
		Lists: len(opened.Lists), Manifest: manifest, trust: string(opened.Trust),
	}
}

// put has decisions that begin from now on rest on a bundle.
func (v *Verifier) put(t taken) {
	bundles := maps.Clone(v.basis.Load().bundles)
	bundles[t.held.Issuer] = t.held
	v.basis.Store(&basis{t.trust, bundles})
}

// rootOf chooses among the pinned roots by the key that a bundle names.
func (v *Verifier) rootOf(text string) (Root, error) {
	if len(v.config.Roots) == 0 {
		return Root{}, code.Refuse(code.BundleInvalid, "no root key is pinned")
	}
	key, err := bundle.SignedBy(text)
	if err != nil {
		return Root{}, err
	}
	for _, root := range v.config.Roots {
		if root.Key == key {
			return root, nil
		}
	}
	return Root{}, code.Refuse(code.BundleInvalid, "the root key %s signed it, which is not pinned", key)
}

func (v *Verifier) heldUnder(root Root) *HeldBundle {
	for _, held := range v.basis.Load().bundles {
		if held.Root == root.Key {
			return held
		}
	}
	return nil
}

// tryLists finds out whether all lists would be taken, before anything is changed.
func tryLists(trust *Trust, opened *bundle.Bundle) error {
	trial, err := revocation.NewChecker(revocation.CheckerConfig{Trust: trust})
	if err != nil {
		return err
	}
	for _, list := range opened.Lists {
		if err := trial.Load(opened.Issuer, list.URI, list.Token); err != nil {
			return code.Refuse(code.BundleInvalid, "its list %q: %v", list.URI, err)
		}
	}
	return trial.Close()
}

// loadLists keeps newer lists that are held: who is connected may be ahead of what is
// carried by hand.
func (v *Verifier) loadLists(opened *bundle.Bundle) {
	for _, list := range opened.Lists {
		err := v.checker.Load(opened.Issuer, list.URI, list.Token)
		if err != nil && code.Of(err) != code.StatusRollback {
			v.config.Logger.Error("a bundle's status list not taken", "uri", list.URI, "code", code.Of(err), "error", err)
		}
	}
}

// begin makes the first basis, of the configured trust list and the bundles that were
// held before, and returns those: their lists are loaded once there is a checker.
func (v *Verifier) begin() ([]*bundle.Bundle, error) {
	trust := v.config.Trust
	if trust == nil {
		trust = &Trust{}
	}
	v.basis.Store(&basis{trust, map[string]*HeldBundle{}})
	var opened []*bundle.Bundle
	var problems []error
	for _, root := range v.config.Roots {
		if root.Held == "" {
			continue
		}
		open := bundle.Open
		if !strings.Contains(root.Held, "\n") {
			open = bundle.OpenManifest
		}
		t, err := v.judge(root.Held, open, true)
		if err != nil {
			problems = append(problems, fmt.Errorf("the bundle that was held: %w", err))
			continue
		}
		v.put(t)
		opened = append(opened, t.opened)
	}
	return opened, errors.Join(problems...)
}
