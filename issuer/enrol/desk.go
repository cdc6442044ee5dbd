package enrol

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// How long things live, and how often they may be tried.
const (
	InvitationLife   = 72 * time.Hour // a link that is sent on a Friday still opens on Monday
	TxCodeLength     = 6              // digits
	TxCodeAttempts   = 5
	AccessTokenLife  = 10 * time.Minute
	RefreshTokenLife = 90 * 24 * time.Hour // from its last exchange
	NonceLife        = 5 * time.Minute
	ProofBehind      = 5 * time.Minute // oldest iat of a proof
	ProofAhead       = time.Minute     // newest, for clocks that run fast
)

// Sizes of what phones send.
const (
	MaxBatch     = 10   // proofs in one request, and so badges in one answer
	MaxProof     = 4096 // bytes of a proof
	MaxParameter = 1024 // bytes of a code, a token or an id
)

// The names of credential configurations in the issuer's metadata. Both are the
// same badge; they differ in what the badges of one answer are to each other.
const (
	ConfigurationID      = "cyber_badge"       // all of them good from now on
	StockConfigurationID = "cyber_badge_stock" // good one after the other
)

// Paths under the issuer's URL.
const (
	OfferPath        = "/credential-offers/"
	TokenPath        = "/token"
	NoncePath        = "/nonce"
	CredentialPath   = "/credential"
	NotificationPath = "/notification"
	PhonePath        = "/badge/"
)

// Program is what issues: an *issuer.Program.
type Program interface {
	URL() string
	BadgeType() string
	Person(ctx context.Context, ref string) (evidence.Person, error)
	Issue(ctx context.Context, request issuer.IssueRequest) (issuer.Issued, error)
	SetStatus(ctx context.Context, badgeID string, to store.Status, reason, by string) (store.Badge, error)
	Stock() int                    // badges that a phone may hold, good one after the other
	Remedy(r policy.Reason) string // where a person puts a reason right; may be empty
}

// Config configures a [Desk]. Program and Store are required.
type Config struct {
	Program Program
	Store   store.Enrolments // the program's own: badges and enrolments end together
	Now     func() time.Time // time.Now when nil; the same as the program's
	Logger  *slog.Logger     // discards when nil
}

// Desk is where phones are enrolled. It is safe for concurrent use.
type Desk struct {
	config Config
	nonces nonces
}

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Desk, error) {
	var problems []error
	if config.Program == nil {
		problems = append(problems, errors.New("no Program: nobody could issue"))
	}
	if config.Store == nil {
		problems = append(problems, errors.New("no Store: nothing could be kept"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Desk{config: config}
	_, _ = rand.Read(d.nonces.key[:]) // never fails
	return d, nil
}

// Nonce is for key proofs (OpenID4VCI, section 7.2).
func (d *Desk) Nonce() string { return d.nonces.make(keyProofNonce, d.config.Now()) }

// DPoPNonce is for DPoP proofs (RFC 9449, section 8). It may be used more than
// once while it is fresh.
func (d *Desk) DPoPNonce() string { return d.nonces.make(dpopNonce, d.config.Now()) }

func (d *Desk) url(path string) string { return d.config.Program.URL() + path }
