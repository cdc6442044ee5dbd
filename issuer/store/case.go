package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Bounds of a case, in bytes. The bound itself is allowed.
const (
	MaxCaseText = 4096 // what a customer or an officer writes about it
	MaxReporter = 320  // each of what a reporter says of themselves
)

// Public is who did what anybody may do, in events.
const Public = "public"

// CaseReader answers what customers are concerned about.
type CaseReader interface {
	// Case returns the case with this id, or ErrNotFound.
	Case(ctx context.Context, id string) (Case, error)

	// Cases returns a page of cases in the order in which they came. Fewer than the
	// limit means the end.
	Cases(ctx context.Context, q CaseQuery) ([]Case, error)
}

// CaseWriter opens cases and decides on them.
//
// A person is suspended by [ByConcern] as long as there is a case on which they
// were suspended: each suspension ends with its own case, and the badges come back
// with the last one.
type CaseWriter interface {
	// OpenCase adds a case, and queues messages about it as [MessageWriter.Queue]
	// does. An id that was used before is ErrAlreadyExists, an unknown badge or
	// person ErrNotFound, and another person's badge ErrConflict.
	OpenCase(ctx context.Context, c Case, messages ...notify.Message) error

	// SuspendOnCase suspends the person that an open case is about. Idempotent: the
	// first suspension stays. ErrConflict for a case that is closed.
	SuspendOnCase(ctx context.Context, d CaseDecision) (CaseResult, error)

	// ReinstateOnCase ends the suspension on a case, open or closed. Idempotent.
	ReinstateOnCase(ctx context.Context, d CaseDecision) (CaseResult, error)

	// CloseCase gives a case its outcome. One that is not upheld ends the suspension
	// on it; one that is a duplicate hands it to the oldest other open case about
	// the person, and ends it when there is none. One that is upheld leaves it.
	//
	// The same outcome again changes nothing; another one is ErrConflict.
	CloseCase(ctx context.Context, c CaseClosing) (CaseResult, error)

	// EraseReporter forgets who raised a concern, and leaves the case. Idempotent.
	EraseReporter(ctx context.Context, d CaseDecision) (Case, error)
}

// Case is a customer's concern about the person of a badge, and what became of it.
// It goes with the person.
type Case struct {
	Number   int64  // from 1, growing: the order in which they came; not read by OpenCase
	ID       string // chosen by the caller, never to be used again
	BadgeID  string // the badge that the reporter has seen
	PersonID string // whose badge it is
	Received time.Time
	Category Category
	Text     string // the reporter's words; may be empty but for OtherConcern
	Reporter Reporter

	// What follows is not read by OpenCase.
	SuspendedAt time.Time // since when the person is suspended on this case; zero when they are not
	SuspendedBy string
	Outcome     CaseOutcome // empty while it is open
	Note        string      // an officer's words at the end
	ClosedAt    time.Time
	ClosedBy    string
}

// Open reports whether nothing was decided yet.
func (c Case) Open() bool { return c.Outcome == "" }

// State is open or closed.
func (c Case) State() CaseState {
	if c.Open() {
		return StateOpen
	}
	return StateClosed
}

// Reporter is who raised a concern, by their own word. Any of it may be empty.
type Reporter struct {
	Name         string
	Organization string
	Contact      string // a mail address or telephone number; nothing checks it
}

// Category is what a concern is about. The set is closed and its texts are stable.
type Category string

// The categories.
const (
	NotThePerson Category = "not_the_person"       // somebody else showed the badge
	Behaviour    Category = "behaviour"            // what the person did
	LostBadge    Category = "lost_or_stolen_badge" // the phone with it was found, or is missing
	Tailgating   Category = "tailgating"           // somebody came in behind the person
	OtherConcern Category = "other"                // the text says what
)

// Categories returns every category.
func Categories() []Category {
	return []Category{NotThePerson, Behaviour, LostBadge, Tailgating, OtherConcern}
}

// CaseState is how far a case has come.
type CaseState string

// The states.
const (
	StateOpen   CaseState = "open"
	StateClosed CaseState = "closed"
)

// CaseOutcome is what the office found. The set is closed and its texts are stable.
type CaseOutcome string

// The outcomes.
const (
	Upheld    CaseOutcome = "upheld"
	NotUpheld CaseOutcome = "not_upheld"
	Duplicate CaseOutcome = "duplicate" // of another case about the same
)

// CaseOutcomes returns every outcome.
func CaseOutcomes() []CaseOutcome { return []CaseOutcome{Upheld, NotUpheld, Duplicate} }

// CaseQuery asks for cases.
type CaseQuery struct {
	State  CaseState // in this state; empty for all
	Person string    // about this person; empty for all
	After  int64     // behind this number; 0 begins at the start
	Limit  int       // 1 to MaxPage, else ErrInvalid
}

// CaseDecision names a case and who decides on it.
type CaseDecision struct {
	ID string
	By string
	At time.Time
}

// CaseClosing is the end of a case.
type CaseClosing struct {
	ID      string
	Outcome CaseOutcome
	Note    string // for the office alone; goes with the case
	By      string
	At      time.Time
}

// CaseResult is a case after a decision, with the badges that changed by it.
type CaseResult struct {
	Case   Case
	Badges []Badge
}

// Reason is what suspending or reinstating on a case leaves in public: no names,
// and nothing that a customer wrote.
func (c Case) Reason() string { return "case " + c.ID }

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (c Case) Validate() error {
	k := checker{of: fmt.Sprintf("case %.64q", c.ID)}
	k.required("id", c.ID)
	k.required("badge", c.BadgeID)
	k.required("person", c.PersonID)
	k.requiredTime("time it was received", c.Received)
	k.concern(c.Category, c.Text, c.Reporter)
	return k.err
}

// CheckConcern returns nil, or [ErrInvalid] with the first rule that a customer's
// part of a case breaks.
func CheckConcern(category Category, text string, r Reporter) error {
	c := checker{of: "concern"}
	c.concern(category, text, r)
	return c.err
}

func (c *checker) concern(category Category, text string, r Reporter) {
	if !slices.Contains(Categories(), category) {
		c.fail("%.64q is no category: use one of %v", category, Categories())
	}
	c.longText("text", text)
	if category == OtherConcern && strings.TrimSpace(text) == "" {
		c.fail("the text is missing: say what the concern is")
	}
	c.line("name", r.Name)
	c.line("organization", r.Organization)
	c.line("contact", r.Contact)
}

// longText checks what people write, with line breaks.
func (c *checker) longText(name, value string) { c.bounded(name, value, MaxCaseText) }

// line checks a short text of one line: another could pass for the next record
// wherever it is listed.
func (c *checker) line(name, value string) {
	c.text(name, value)
	switch {
	case len(value) > MaxReporter:
		c.fail("%s has %d bytes, at most %d are kept", name, len(value), MaxReporter)
	case strings.ContainsFunc(value, unicode.IsControl):
		c.fail("%s has a line break or another control character", name)
	}
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (q CaseQuery) Validate() error {
	if err := CheckPage(q.Limit); err != nil {
		return err
	}
	c := checker{of: "cases"}
	c.text("person", q.Person)
	if q.State != "" && q.State != StateOpen && q.State != StateClosed {
		c.fail("%.64q is no state: use %s or %s", q.State, StateOpen, StateClosed)
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (d CaseDecision) Validate() error {
	c := checker{of: fmt.Sprintf("decision on case %.64q", d.ID)}
	c.required("id", d.ID)
	c.required("by", d.By)
	c.requiredTime("at", d.At)
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (d CaseClosing) Validate() error {
	c := checker{of: fmt.Sprintf("end of case %.64q", d.ID)}
	c.required("id", d.ID)
	c.required("by", d.By)
	c.requiredTime("at", d.At)
	c.longText("note", d.Note)
	if !slices.Contains(CaseOutcomes(), d.Outcome) {
		c.fail("%.64q is no outcome: use one of %v", d.Outcome, CaseOutcomes())
	}
	return c.err
}
