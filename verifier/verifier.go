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

// Config configures a [Verifier]. Only Trust is required: the zero value of
// every other field is the strict one.
type Config struct {
	Trust *Trust
	// Fetcher gets status lists; package revocation/fetch has the one for HTTP.
	// When nil, only the lists given to [Verifier.LoadList] are known.
	Fetcher revocation.Fetcher
	// Aggregator finds out which lists there are, for [Verifier.KeepLists]. When
	// nil, it knows only those that badges have named.
	Aggregator revocation.Aggregator
	// MaxStatusAge is the site's limit on the age of a status list.
	// revocation.DefaultMaxAge when zero.
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
	Logger       *slog.Logger     // decisions without personal data; discards when nil
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
	checker, err := revocation.NewChecker(revocation.CheckerConfig{
		Trust:   config.Trust,
		Fetcher: config.Fetcher,
		MaxAge:  config.MaxStatusAge,
		Now:     config.Now,
		Logger:  config.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	memory, err := lru.New[[sha256.Size]byte, *credential.Opened](rememberedBadges)
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	replay, err := newReplayGuard(MaxProofAge+MaxProofAhead, MaxProofs)
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	return &Verifier{config: config, memory: badgeMemory{memory}, checker: checker, replay: replay}, nil
}

func (c Config) check() error {
	var problems []error
	if c.Trust == nil || len(c.Trust.issuers) == 0 {
		problems = append(problems, errors.New("no trusted issuer: every badge would be denied; load a trust list"))
	}
	if c.MaxStatusAge < 0 {
		problems = append(problems, fmt.Errorf("MaxStatusAge is negative (%v)", c.MaxStatusAge))
	}
	return errors.Join(append(problems, c.Policy.validate())...)
}

// Close ends the fetches under way and waits for them.
func (v *Verifier) Close() error { return v.checker.Close() }

// LoadList takes a status list that came another way than through the Fetcher.
// It is verified like any other.
func (v *Verifier) LoadList(issuer, uri, token string) error {
	return v.checker.Load(issuer, uri, token)
}

// RefreshList has a status list fetched now rather than when its ttl is over:
// what to do when the issuer tells that it has changed. It does not wait; the
// decisions that follow do. A forged call can bring nothing but a newer list.
func (v *Verifier) RefreshList(issuer, uri string) error {
	return v.checker.Refresh(issuer, uri)
}

// Verify decides whether the presentation, an SD-JWT or a gate code, gives the
// access that the request asks for. It never fails: whatever goes wrong is a
// denial with its reason. Surrounding white space, as scanners add it, is
// ignored. The context bounds the wait for a status list.
func (v *Verifier) Verify(ctx context.Context, presentation string, request Request) Decision {
	r := run{
		v:       v,
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
