package grant

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

const (
	// MaxGrants is how many grants a [Register] remembers at the most, and unless its
	// [Config] says otherwise: some 20 MB.
	MaxGrants = 1 << 16
	// MaxGrantsOfBadge is how many of them may rest on one badge: its holder, who can
	// ask as often as they like, must not have those of others forgotten.
	MaxGrantsOfBadge = 256
	// sweepEvery is how often a full register looks for what has expired.
	sweepEvery = time.Minute
)

// Config configures a [Register]. Status and Ended are required.
type Config struct {
	// Status tells what the newest list that is held, or a signal, says of a badge,
	// and fetches nothing. An error ends no grant.
	Status func(issuer string, badge credential.StatusRef) (revocation.Result, error)
	// Ended is told of each grant that ends, once, from several goroutines. Fetching
	// lists waits for it, so it MUST return soon; it may call the register.
	Ended  func(Ending)
	Max    int // MaxGrants when zero
	Now    func() time.Time
	Logger *slog.Logger // discards when nil
}

// Grant is a decision that allowed something.
type Grant struct {
	Decision string            `json:"decision"` // its id
	At       time.Time         `json:"at"`
	Access   credential.Access `json:"access"`
	Site     string            `json:"site,omitempty"`
	Gate     string            `json:"gate,omitempty"`
	Issuer   string            `json:"issuer"`
	Subject  string            `json:"subject"`
	List     string            `json:"status_list"`
	Index    uint64            `json:"index"`   // with Issuer and List the badge's identity
	Expires  time.Time         `json:"expires"` // of the badge
}

// Ending says that a grant must not last any longer.
type Ending struct {
	Grant
	Reason  verifier.Reason `json:"reason"` // Revoked or Suspended
	EndedAt time.Time       `json:"ended_at"`
}

// Register remembers grants. It is safe for concurrent use.
type Register struct {
	config Config

	mu     sync.Mutex
	grants *lru.Cache[string, Grant]    // by decision; never read, so the oldest goes first
	badges map[list]map[uint64][]string // decisions, the oldest first
	swept  time.Time                    // when what had expired was last looked for
}

type list struct{ issuer, uri string }

// New reports everything that is wrong with the configuration at once.
func New(config Config) (*Register, error) {
	var problems []error
	if config.Status == nil {
		problems = append(problems, errors.New("no Status: nothing could end"))
	}
	if config.Ended == nil {
		problems = append(problems, errors.New("no Ended: nobody would be told"))
	}
	if config.Max < 0 || config.Max > MaxGrants {
		problems = append(problems, fmt.Errorf("a Max of %d, not 1 to %d", config.Max, MaxGrants))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("verifier/grant: %w", err)
	}
	if config.Max == 0 {
		config.Max = MaxGrants
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Register{config: config, badges: make(map[list]map[uint64][]string)}
	var err error
	r.grants, err = lru.NewWithEvict(config.Max, func(_ string, g Grant) { r.unlink(g) })
	return r, err
}

// Note remembers a decision. One that denied, or that rests on no list, is passed
// over. If its badge is no longer good by now, it ends at once. When there are too
// many of a badge, the oldest of them is forgotten; when there are too many at all,
// what has expired, then the oldest.
func (r *Register) Note(d verifier.Decision) {
	if !d.Allow || d.Badge == nil || d.Badge.StatusList == "" {
		return
	}
	g := Grant{
		Decision: d.ID, At: d.At, Access: d.Access, Site: d.Site, Gate: d.Gate,
		Issuer: d.Badge.Issuer, Subject: d.Badge.Subject, List: d.Badge.StatusList, Index: d.Badge.Index, Expires: d.Badge.Expires,
	}
	at := list{g.Issuer, g.List}
	r.mu.Lock()
	r.makeRoom()
	if of := r.badges[at][g.Index]; len(of) >= MaxGrantsOfBadge {
		r.grants.Remove(of[0])
	}
	r.grants.Add(g.Decision, g)
	if r.badges[at] == nil {
		r.badges[at] = make(map[uint64][]string)
	}
	r.badges[at][g.Index] = append(r.badges[at][g.Index], g.Decision)
	r.mu.Unlock()
	// The list may have changed since the decision looked at it.
	r.look(at, g.Index)
}

// Forget ends a grant without telling anybody: what it allowed is over.
func (r *Register) Forget(decision string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grants.Remove(decision)
}

// Len returns how many grants are remembered.
func (r *Register) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.grants.Len()
}

// Changed looks at the grants of a list again: it is what [verifier.Verifier.OnList]
// calls.
func (r *Register) Changed(change revocation.ListChange) {
	at := list{change.Issuer, change.URI}
	switch {
	case change.Signalled:
		r.look(at, change.Index)
	case change.Entries:
		r.look(at, r.indices(at)...)
	}
}

func (r *Register) indices(at list) []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	indices := make([]uint64, 0, len(r.badges[at]))
	for index := range r.badges[at] {
		indices = append(indices, index)
	}
	return indices
}

// look ends the grants of those badges that are no longer good.
func (r *Register) look(at list, indices ...uint64) {
	for _, index := range indices {
		held, err := r.config.Status(at.issuer, credential.StatusRef{URI: at.uri, Index: index})
		switch {
		case err != nil:
			r.config.Logger.Warn("status of a granted badge not known", "issuer", at.issuer, "uri", at.uri, "index", index, "error", err)
		case held.Status == revocation.Invalid:
			r.end(at, index, verifier.Revoked)
		case held.Status == revocation.Suspended:
			r.end(at, index, verifier.Suspended)
		}
	}
}

func (r *Register) end(at list, index uint64, reason verifier.Reason) {
	now := r.config.Now()
	r.mu.Lock()
	var ended []Ending
	for _, decision := range append([]string(nil), r.badges[at][index]...) {
		if g, known := r.grants.Peek(decision); known && now.Before(g.Expires) {
			ended = append(ended, Ending{Grant: g, Reason: reason, EndedAt: now})
		}
		r.grants.Remove(decision)
	}
	r.mu.Unlock()
	for _, e := range ended {
		r.config.Ended(e)
	}
}

// makeRoom forgets what has expired once the register is full, but not for each new
// grant again: that takes milliseconds. The caller holds r.mu.
func (r *Register) makeRoom() {
	if r.grants.Len() < r.config.Max {
		return
	}
	now := r.config.Now()
	if since := now.Sub(r.swept); since >= 0 && since < sweepEvery {
		return
	}
	r.swept = now
	for _, g := range r.grants.Values() {
		if !now.Before(g.Expires) {
			r.grants.Remove(g.Decision)
		}
	}
	if r.grants.Len() >= r.config.Max {
		r.config.Logger.Error("grants forgotten that could still be ended: there are too many", "max", r.config.Max)
	}
}

// unlink takes a grant that is being forgotten off its badge. The caller holds
// r.mu.
func (r *Register) unlink(g Grant) {
	at := list{g.Issuer, g.List}
	var kept []string
	for _, decision := range r.badges[at][g.Index] {
		if decision != g.Decision {
			kept = append(kept, decision)
		}
	}
	if len(kept) > 0 {
		r.badges[at][g.Index] = kept
		return
	}
	delete(r.badges[at], g.Index)
	if len(r.badges[at]) == 0 {
		delete(r.badges, at)
	}
}
