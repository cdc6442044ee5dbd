package visit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// maxIndex is the largest place in a status list that every JSON reader represents
// exactly.
const maxIndex = 1<<53 - 1

// reasons is the closed set.
var reasons = []string{
	string(verifier.OK),
	string(verifier.Malformed),
	string(verifier.Unsupported),
	string(verifier.UntrustedIssuer),
	string(verifier.UnknownKey),
	string(verifier.BadSignature),
	string(verifier.BadDisclosure),
	string(verifier.Expired),
	string(verifier.NotYetValid),
	string(verifier.HolderBindingMissing),
	string(verifier.HolderBindingInvalid),
	string(verifier.StalePresentation),
	string(verifier.Replayed),
	string(verifier.Revoked),
	string(verifier.Suspended),
	string(verifier.StatusUnavailable),
	string(verifier.StatusStale),
	string(verifier.AccessNotGranted),
	string(verifier.PolicyDenied),
	string(verifier.InternalError),
	PhotoMismatch,
}

func (o Origin) check() error {
	if o.Gate == "" {
		return errors.New("visit: the origin has no Gate: say where the records come from")
	}
	if err := checkTexts(o.Gate, o.GateName, o.Site); err != nil {
		return fmt.Errorf("visit: the origin: %w", err)
	}
	return nil
}

// check returns why a record is never kept. It quotes none of it.
func (r Record) check(now time.Time, retention time.Duration) error {
	switch {
	case !isID(r.ID):
		return fmt.Errorf("id is not 1 to %d letters, digits, \"-\" and \"_\"", MaxID)
	case r.At.After(now.Add(MaxAhead)):
		return fmt.Errorf("at is more than %v in the future: set the gate's clock", MaxAhead)
	case r.At.Before(now.Add(-retention)):
		return fmt.Errorf("at is longer ago than the %v for which records are kept", retention)
	case r.Decision != "" && !isID(r.Decision):
		return errors.New("decision is not the id of a decision")
	case r.Visit != "" && !isID(r.Visit):
		return errors.New("visit is not the id of a visit")
	case r.Reason != "" && !slices.Contains(reasons, r.Reason):
		return errors.New("reason is not one that a verifier gives, nor " + PhotoMismatch)
	case r.Code != "" && !isCode(r.Code):
		return errors.New("code is not one that a verifier gives")
	}
	return r.checkEvent()
}

func (r Record) checkEvent() error {
	switch r.Event {
	case Admitted:
		if r.Reason != "" && r.Reason != string(verifier.OK) {
			return errors.New("an admission has the reason ok or none")
		}
		if r.Badge == nil || r.Badge.Expires.IsZero() {
			return errors.New("an admission has a badge, and the badge says when it expires")
		}
		return r.Badge.check()
	case Refused:
		if r.Reason == "" || r.Reason == string(verifier.OK) {
			return errors.New("a refusal has a reason other than ok")
		}
		return nil
	case Left:
		if r.Visit != "" {
			return nil
		}
		if r.Badge == nil {
			return errors.New("a check-out names the visit or has the badge")
		}
		return r.Badge.check()
	}
	return fmt.Errorf("event is not %s, %s or %s", Admitted, Refused, Left)
}

func (b *Badge) check() error {
	if b.Issuer == "" || b.Subject == "" {
		return errors.New("the badge has no issuer or no subject")
	}
	if b.Index > maxIndex {
		return fmt.Errorf("the badge's index is larger than %d", maxIndex)
	}
	if err := checkTexts(b.Issuer, b.Subject, b.StatusList, b.GivenName, b.FamilyName, b.Organization, b.Role); err != nil {
		return fmt.Errorf("the badge: %w", err)
	}
	return nil
}

func checkTexts(texts ...string) error {
	for _, text := range texts {
		if len(text) > MaxText {
			return fmt.Errorf("a text of %d bytes, at most %d are taken", len(text), MaxText)
		}
		// SQL's text functions end at NUL.
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return errors.New("a text that is not UTF-8 or has NUL in it")
		}
	}
	return nil
}

func isID(text string) bool {
	return text != "" && len(text) <= MaxID && !strings.ContainsFunc(text, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '-' || r == '_')
	})
}

func isCode(text string) bool {
	c := code.Code(text)
	return c == code.Internal || text == PhotoMismatch || verifier.ReasonFor(c) != verifier.InternalError
}

// written is a record without what the register does not keep of it.
func (r Record) written() Record {
	kept := Record{ID: r.ID, At: r.At, Event: r.Event, Reason: r.Reason, Code: r.Code, Offline: r.Offline}
	if r.Event == Refused {
		return kept
	}
	kept.Again, kept.Decision = r.Again, r.Decision
	kept.StatusIssuedAt = toMillisecond(r.StatusIssuedAt)
	switch {
	case r.Event == Left && r.Visit != "":
		kept.Visit = r.Visit
	case r.Event == Left:
		kept.Badge = &Badge{Issuer: r.Badge.Issuer, Subject: r.Badge.Subject}
	default:
		badge := *r.Badge
		badge.Expires = toMillisecond(badge.Expires)
		kept.Badge = &badge
	}
	return kept
}

// toMillisecond is the precision at which times are kept.
func toMillisecond(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
