package issuer

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Where customers raise concerns, under the issuer's URL.
const (
	ConcernPath  = "/concern"  // the page
	ConcernsPath = "/concerns" // the call that it makes
)

// ErrOtherIssuer is returned for a concern about a badge that names another
// issuer's status list. It says nothing about people: which lists an issuer has is
// public.
var ErrOtherIssuer = errors.New("issuer: the badge is another issuer's: its status list is not one of this issuer")

// Concern is what a customer says about the person of a badge.
//
// It names a badge and no person, in the words of a verifier's decision. Whoever
// verified the badge has all three, and nobody else has the subject: that is the
// proof that the reporter has seen it.
type Concern struct {
	StatusList string // URI of the list that the badge names
	Index      uint32 // in that list
	Subject    string // the badge's sub

	Category store.Category
	Text     string
	Reporter store.Reporter
}

// OpenCase takes a customer's concern and tells the office. It returns a receipt:
// the case's id, if there is a badge with that list, index and subject. If there is
// none, nothing is kept and the receipt looks the same, so that nobody learns here
// which indices are in use, or whose they are. The error is store.ErrInvalid for
// what breaks a rule, whether or not there is such a badge, and [ErrOtherIssuer].
func (p *Program) OpenCase(ctx context.Context, c Concern) (receipt string, err error) {
	if err := store.CheckConcern(c.Category, c.Text, c.Reporter); err != nil {
		return "", err
	}
	listID, ours := p.listID(c.StatusList)
	if !ours {
		return "", ErrOtherIssuer
	}
	opened := store.Case{
		ID: rand.Text(), Received: p.config.Now(), Category: c.Category, Text: c.Text, Reporter: c.Reporter,
	}
	b, err := p.seen(ctx, listID, c)
	if err == nil {
		opened.BadgeID, opened.PersonID = b.ID, b.PersonID
		err = p.openCase(ctx, opened)
	}
	if errors.Is(err, store.ErrNotFound) { // of the badge, or of a person who was erased
		p.config.Logger.InfoContext(ctx, "concern about no badge of anybody", "list", listID)
		return opened.ID, nil
	}
	return opened.ID, err
}

// listID returns which of this issuer's lists has a URI, of which each has one
// spelling. Whether there is such a list is another question.
func (p *Program) listID(uri string) (int64, bool) {
	digits, ours := strings.CutPrefix(uri, p.config.URL+StatusListPath)
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, ours && err == nil && p.ListURI(id) == uri
}

// seen returns the badge that a reporter has really seen, or store.ErrNotFound.
func (p *Program) seen(ctx context.Context, listID int64, c Concern) (store.Badge, error) {
	b, err := p.config.Store.BadgeByIndex(ctx, listID, c.Index)
	if err != nil {
		return store.Badge{}, err
	}
	if subtle.ConstantTimeCompare([]byte(p.subject(b.PersonID)), []byte(c.Subject)) != 1 {
		return store.Badge{}, fmt.Errorf("issuer: the badge has another subject: %w", store.ErrNotFound)
	}
	return b, nil
}

func (p *Program) openCase(ctx context.Context, c store.Case) error {
	told, err := p.tellOffice(c)
	if err != nil {
		return err
	}
	if err := p.config.Store.OpenCase(ctx, c, told...); err != nil {
		return err
	}
	p.config.Logger.InfoContext(ctx, "case opened", "case", c.ID, "badge", c.BadgeID, "category", c.Category)
	p.config.Queued()
	return nil
}

// tellOffice makes a message for the office on each channel that anybody is told
// by. It holds the case's id and nothing that the customer wrote.
func (p *Program) tellOffice(c store.Case) ([]notify.Message, error) {
	body, err := notify.Body{At: c.Received, Case: c.ID}.JSON()
	if err != nil {
		return nil, err
	}
	var messages []notify.Message
	for _, channel := range channelsOf(p.config.Tell, notify.Concern) {
		messages = append(messages, notify.Message{
			Key: fmt.Sprintf("%s/%s/%s", notify.Concern, c.ID, channel), Person: c.PersonID, Kind: notify.Concern,
			Channel: channel, To: notify.ToOffice, Created: c.Received, Due: c.Received, Body: body,
		})
	}
	return messages, nil
}

// Cases returns a page of cases in the order in which they came.
func (p *Program) Cases(ctx context.Context, q store.CaseQuery) ([]store.Case, error) {
	return p.config.Store.Cases(ctx, q)
}

// Case returns one case, or store.ErrNotFound.
func (p *Program) Case(ctx context.Context, id string) (store.Case, error) {
	return p.config.Store.Case(ctx, id)
}

// SuspendOn suspends the person that an open case is about, for store.ByConcern:
// every live badge at once, and no new one is issued. It can be repeated, and is
// undone by [Program.ReinstateOn] and by an outcome that is not upheld.
func (p *Program) SuspendOn(ctx context.Context, id, by string) (store.CaseResult, error) {
	result, err := p.config.Store.SuspendOnCase(ctx, p.decision(id, by))
	p.decided(ctx, "suspended on a case", result, err)
	return result, err
}

// ReinstateOn ends the suspension on a case, open or closed. Badges that are
// suspended for another reason, or on another case, stay so.
func (p *Program) ReinstateOn(ctx context.Context, id, by string) (store.CaseResult, error) {
	result, err := p.config.Store.ReinstateOnCase(ctx, p.decision(id, by))
	p.decided(ctx, "reinstated on a case", result, err)
	return result, err
}

// CloseCase gives a case its outcome, with a note for the office alone. What is not
// upheld ends the suspension on it; see store.CaseWriter.
func (p *Program) CloseCase(ctx context.Context, id string, outcome store.CaseOutcome, note, by string) (store.CaseResult, error) {
	closing := store.CaseClosing{ID: id, Outcome: outcome, Note: note, By: by, At: p.config.Now()}
	result, err := p.config.Store.CloseCase(ctx, closing)
	p.decided(ctx, "case closed", result, err)
	return result, err
}

// EraseReporter forgets who raised a concern, and leaves the case.
func (p *Program) EraseReporter(ctx context.Context, id, by string) (store.Case, error) {
	c, err := p.config.Store.EraseReporter(ctx, p.decision(id, by))
	p.decided(ctx, "reporter erased", store.CaseResult{Case: c}, err)
	return c, err
}

func (p *Program) decision(id, by string) store.CaseDecision {
	return store.CaseDecision{ID: id, By: by, At: p.config.Now()}
}

// decided logs what became of a case.
func (p *Program) decided(ctx context.Context, what string, r store.CaseResult, err error) {
	if err == nil {
		p.config.Logger.InfoContext(ctx, what, "case", r.Case.ID, "person", r.Case.PersonID, "outcome", r.Case.Outcome, "badges", len(r.Badges))
	}
}
