package verifier

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// Defaults and fixed bounds of a [Verifier].
const (
	MaxProofAge      = 90 * time.Second // how long a proof is good for
	MaxProofAhead    = 30 * time.Second // how far a phone's clock may be ahead
	MaxBadgeAhead    = 30 * time.Second // how far an issuer's clock may be ahead
	MaxGate          = 64               // bytes of a gate's name in a request
	rememberedBadges = 1 << 12          // some ten megabytes
)

// Config configures a [Verifier]. Trust or Roots is required: the zero value of
// every other field is the strict one.
type Config struct {
	Trust *Trust
	// Roots are programs whose trust comes in bundles that their root key signed: see
	// [Verifier.UseBundle]. They may stand beside a trust list, for other issuers.
	Roots []Root
	// Fetcher gets status lists; package revocation/fetch has the one for HTTP.
	// When nil, only the lists given to [Verifier.LoadList] are known.
	Fetcher revocation.Fetcher
	// Aggregator finds out which lists there are, for [Verifier.KeepLists]. When
	// nil, it knows only those that badges have named.
	Aggregator revocation.Aggregator
	// Follower hears from issuers that a list has changed, for [Verifier.KeepLists].
	// When nil, lists are looked at as often as their ttl says.
	Follower revocation.Follower
	// Cache keeps status lists over a restart; package revocation/cache has one of
	// files. When nil, a new verifier knows none, and not how new those were that
	// the last one knew.
	Cache revocation.Cache
	// MaxStatusAge is the site's limit on the age of a status list. When zero, it is
	// revocation.DefaultMaxAge; or, with no Fetcher, the limit of the bundle that the
	// list came in. A bundle's limit that is stricter than the site's counts.
	MaxStatusAge time.Duration
	// Audience is what this verifier is called by issuers that limit badges to
	// some verifiers. A badge that names others only is denied; one that names
	// none is for everybody.
	Audience string
	// Policy is what the site asks for beyond a good badge.
	Policy Policy
	// AllowUnbound accepts badges without proof that their holder presents
	// them, unless the request names a nonce that was sent. A copy of such a
	// badge is as good as the badge: it MUST NOT be set where anything but the
	// badge itself is to be judged, for example when an issuer checks what it has
	// signed.
	AllowUnbound bool
	Now          func() time.Time // time.Now when nil
	// Elapsed is a clock that nobody can set; see revocation.CheckerConfig.
	Elapsed func() time.Duration
	// Observe is told what becomes of status lists and of the clock, when not nil. It
	// is called from several goroutines and must return soon.
	Observe func(revocation.Event)
	Logger  *slog.Logger // decisions without personal data; discards when nil
}

// Request is what is asked of a decision.
type Request struct {
	// Access is what the badge must grant. Required.
	Access credential.Access
	// Site is repeated in the decision; it decides nothing.
	Site string
	// Nonce and Audience are what this verifier sent to the holder, in wallet
	// protocols and remote logins. Both or neither: without them the holder's
	// proof must be one for a gate (credential.GateAudience).
	Nonce    string
	Audience string
	// Gate is which of the site's gates asks, by a name that nobody else can ask
	// under; at most MaxGate bytes. A proof that was accepted at a gate is
	// accepted there again for as long as it is good, and the decision says so: a
	// hand that is slow to leave the camera is no attack. Without a name no proof
	// is accepted twice.
	Gate string
	// Policy is what this request asks for on top of the site's.
	Policy Policy
}

// Verifier makes decisions. It is safe for concurrent use.
type Verifier struct {
	config  Config
	memory  badgeMemory
	checker *revocation.Checker
	replay  *replayGuard
	basis   atomic.Pointer[basis]
	taking  sync.Mutex // held while a bundle is taken
}

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Verifier, error) {
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{config: config}
	held, err := v.begin()
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	v.checker, err = revocation.NewChecker(revocation.CheckerConfig{
		Trust:   basisTrust{v},
		Fetcher: config.Fetcher,
		Cache:   config.Cache,
		MaxAge:  config.checkerLimit(),
		Now:     config.Now,
		Elapsed: config.Elapsed,
		Observe: config.Observe,
		Logger:  config.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	memory, err := lru.New[[sha256.Size]byte, *credential.Opened](rememberedBadges)
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	v.memory = badgeMemory{memory}
	if v.replay, err = newReplayGuard(MaxProofAge+MaxProofAhead, MaxProofs); err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	for _, opened := range held {
		v.loadLists(opened)
	}
	return v, nil
}

func (c Config) check() error {
	var problems []error
	if (c.Trust == nil || len(c.Trust.issuers) == 0) && len(c.Roots) == 0 {
		problems = append(problems, errors.New("no trusted issuer: every badge would be denied; load a trust list, or pin a root key"))
	}
	problems = append(problems, c.checkRoots())
	if c.MaxStatusAge < 0 {
		problems = append(problems, fmt.Errorf("MaxStatusAge is negative (%v)", c.MaxStatusAge))
	}
	return errors.Join(append(problems, c.Policy.validate())...)
}

// Close ends the fetches under way and waits for them.
func (v *Verifier) Close() error { return v.checker.Close() }

// Verify decides whether the presentation, an SD-JWT or a gate code, gives the
// access that the request asks for. It never fails: whatever goes wrong is a
// denial with its reason. Surrounding white space, as scanners add it, is
// ignored. The context bounds the wait for a status list.
func (v *Verifier) Verify(ctx context.Context, presentation string, request Request) Decision {
	r := run{
		v:       v,
		basis:   v.basis.Load(),
		ctx:     ctx,
		request: request,
		now:     v.config.Now(),
	}
	r.decision = Decision{
		ID:     rand.Text(),
		At:     r.now.UTC(),
		Access: request.Access,
		Site:   request.Site,
		Gate:   request.Gate,
		Checks: make([]Check, 0, len(stages)),
	}
	r.decision.Bundle = r.basis.only().age(r.now)
	r.make(presentation)
	v.log(ctx, &r)
	return r.decision
}

func (v *Verifier) log(ctx context.Context, r *run) {
	d := &r.decision
	v.config.Logger.LogAttrs(ctx, slog.LevelInfo, "decision",
		slog.String("decision", d.ID),
		slog.Bool("allow", d.Allow),
		slog.String("reason", string(d.Reason)),
		slog.String("code", string(d.Code)),
		slog.String("access", string(d.Access)),
		slog.String("site", d.Site),
	)
}

// maxInput bounds what is looked at, with room for the white space of scanners.
const maxInput = credential.MaxSize + 64

// unpack returns the SD-JWT in what was scanned.
func unpack(text string) (string, error) {
	if len(text) > maxInput {
		return "", code.Refuse(code.TokenTooLarge, "%d bytes, at most %d are taken", len(text), credential.MaxSize)
	}
	text = strings.Trim(text, " \t\r\n")
	if looksLikeSDJWT(text) {
		return text, nil
	}
	return qr.Unpack(text)
}

// looksLikeSDJWT decides only which of two errors a text gets that is neither an
// SD-JWT nor a gate code. "ey" is how every JWT begins and '{' how its JSON form
// does; a gate code holds no '~'.
func looksLikeSDJWT(text string) bool {
	return strings.Contains(text, "~") || strings.HasPrefix(text, "ey") || strings.HasPrefix(text, "{")
}

// keysAt is the trust list at the instant of a decision, as certificates need it.
type keysAt struct {
	trust *Trust
	now   time.Time
}

func (k keysAt) BadgeKey(hint credential.KeyHint) (*ecdsa.PublicKey, error) {
	return k.trust.badgeKey(hint, k.now)
}

type badgeMemory struct {
	badges *lru.Cache[[sha256.Size]byte, *credential.Opened]
}

func (m badgeMemory) Recall(text [sha256.Size]byte) (*credential.Opened, bool) {
	return m.badges.Get(text)
}

func (m badgeMemory) Remember(text [sha256.Size]byte, opened *credential.Opened) {
	m.badges.Add(text, opened)
}
