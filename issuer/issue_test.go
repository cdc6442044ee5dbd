package issuer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestIssue_ABadgeNeverOutlivesTheStanding(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *issuer.Config) { c.BadgeLife = credential.MaxLifetime })
	cut := 0
	for _, s := range p.eligible(t) {
		issued, err := p.issue(t.Context(), s.Person.ID)
		if errors.Is(err, issuer.ErrEndsTooSoon) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		badge := opened(t, issued.Text)
		if !s.ChangesAt.IsZero() && badge.Expires.After(s.ChangesAt) {
			t.Errorf("%s: the standing changes at %s, the badge expires at %s", s.Person.ExternalID, s.ChangesAt, badge.Expires)
		}
		if badge.Expires.Sub(badge.IssuedAt) > credential.MaxLifetime {
			t.Errorf("%s: a life of %s", s.Person.ExternalID, badge.Expires.Sub(badge.IssuedAt))
		}
		if badge.Expires.Sub(badge.IssuedAt) < credential.MaxLifetime {
			cut++
		}
		// The last instant at which it is good is one at which the person is.
		last, err := p.Standing(t.Context(), s.Person.ID, badge.Expires.Add(-1))
		if err != nil || !last.Eligible || !slices.Equal(last.Access, s.Access) {
			t.Errorf("%s: at the badge's end %+v, %v", s.Person.ExternalID, last, err)
		}
	}
	if cut == 0 {
		t.Error("no standing changed within a badge's life: nothing was tried")
	}
}

func TestIssue_LivesAsLongAsConfigured(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *issuer.Config) { c.BadgeLife = time.Hour })
	badge := opened(t, p.mustIssue(t, p.eligible(t)[0].Person.ID).Text)
	if got := badge.Expires.Sub(badge.IssuedAt); got != time.Hour || !badge.IssuedAt.Equal(p.Now()) {
		t.Errorf("from %s for %s", badge.IssuedAt, got)
	}
}

func TestIssue_StandingThatEndsTooSoon(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	people := p.eligible(t)
	within := slices.IndexFunc(people, func(s issuer.Standing) bool {
		return !s.ChangesAt.Equal(s.ChangesAt.Truncate(credential.TimeGranularity))
	})
	s := people[within]
	// Times are rounded down, so a badge would end where it begins.
	p.Set(s.ChangesAt.Truncate(credential.TimeGranularity))
	if _, err := p.issue(t.Context(), s.Person.ID); !errors.Is(err, issuer.ErrEndsTooSoon) {
		t.Errorf("got %v", err)
	}
	if badges, err := p.BadgesOf(t.Context(), s.Person.ID); err != nil || len(badges) != 0 {
		t.Errorf("an index was spent: %v, %v", badges, err)
	}
}

func TestIssue_WhoIsNotEligibleIsToldEveryReason(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	several := 0
	for _, s := range p.standings(t) {
		if s.Eligible {
			continue
		}
		_, err := p.issue(t.Context(), s.Person.ExternalID)
		refused, ok := issuer.IsNotEligible(err)
		if !ok || !slices.Equal(refused.Reasons, s.Reasons) || refused.ExternalID != s.Person.ExternalID {
			t.Errorf("%s: got %v, want the reasons %v", s.Person.ExternalID, err, s.Reasons)
		}
		if badges, err := p.BadgesOf(t.Context(), s.Person.ID); err != nil || len(badges) != 0 {
			t.Errorf("%s: on record: %v, %v", s.Person.ExternalID, badges, err)
		}
		if len(s.Reasons) > 1 {
			several++
		}
	}
	if several == 0 {
		t.Error("nobody lacks two things: nothing was tried")
	}
}

func TestIssue_NobodyAndNoKey(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	if _, err := p.issue(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	person := p.eligible(t)[0].Person.ID
	if _, err := p.Issue(t.Context(), issuer.IssueRequest{Person: person, By: "a test"}); code.Of(err) != code.KeyTypeMismatch {
		t.Errorf("no key: %v", err)
	}
	if _, err := p.Issue(t.Context(), issuer.IssueRequest{Person: person, HolderKey: credentialtest.HolderKey.PublicKey()}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("nobody asks: %v", err)
	}
	if badges, err := p.BadgesOf(t.Context(), person); err != nil || len(badges) != 0 {
		t.Errorf("on record: %v, %v", badges, err)
	}
}

func TestIssue_TheIntentIsOnRecordBeforeTheSignature(t *testing.T) {
	t.Parallel()
	var p program
	seen := 0
	p = start(t, func(c *issuer.Config) {
		c.BadgeKey = signer{credentialtest.IssuerKey, func() error {
			prepared, err := p.store.UnfinishedBadges(context.Background())
			if err != nil || len(prepared) != 1 || prepared[0].State != store.Prepared {
				t.Errorf("when it is signed: %v, %v", prepared, err)
			}
			seen++
			return nil
		}}
	})
	issued := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	if seen != 1 || issued.State != store.Issued || issued.SignedSHA256 != sha256.Sum256([]byte(issued.Text)) {
		t.Errorf("signed %d times, on record %+v", seen, issued.Badge)
	}
	if left, err := p.store.UnfinishedBadges(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestIssue_ASignerThatFailsLeavesARecordThatCanBeRevoked(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *issuer.Config) {
		c.BadgeKey = signer{credentialtest.IssuerKey, func() error { return errKeyStore }}
	})
	person := p.eligible(t)[0].Person.ID
	issued, err := p.issue(t.Context(), person)
	if !errors.Is(err, errKeyStore) || issued.Text != "" {
		t.Errorf("got %q, %v", issued.Text, err)
	}
	badges, err := p.BadgesOf(t.Context(), person)
	if err != nil || len(badges) != 1 || badges[0].State != store.Prepared || badges[0].SignedSHA256 != [32]byte{} {
		t.Fatalf("on record: %v, %v", badges, err)
	}
	revoked, err := p.SetStatus(t.Context(), badges[0].ID, store.Invalid, "never completed", "a test")
	if err != nil || revoked.Status != store.Invalid {
		t.Errorf("revoking it: %+v, %v", revoked, err)
	}
	if got := p.listed(t, revoked); got != 1 {
		t.Errorf("the list says %d", got)
	}
}

func TestIssue_RevokedWhileItIsSignedIsNotHandedOut(t *testing.T) {
	t.Parallel()
	for to, want := range map[store.Status]error{store.Invalid: store.ErrFinal, store.Suspended: store.ErrConflict} {
		var p program
		p = start(t, func(c *issuer.Config) {
			c.BadgeKey = signer{credentialtest.IssuerKey, func() error {
				prepared, err := p.store.UnfinishedBadges(context.Background())
				if err != nil || len(prepared) != 1 {
					t.Errorf("when it is signed: %v, %v", prepared, err)
					return err
				}
				_, err = p.SetStatus(context.Background(), prepared[0].ID, to, "left the program", "a test")
				return err
			}}
		})
		person := p.eligible(t)[0].Person.ID
		issued, err := p.issue(t.Context(), person)
		if !errors.Is(err, want) || issued.Text != "" {
			t.Errorf("%s: got %q, %v", to, issued.Text, err)
		}
		badges, err := p.BadgesOf(t.Context(), person)
		if err != nil || len(badges) != 1 || badges[0].State != store.Prepared || badges[0].Status != to {
			t.Errorf("%s: on record %v, %v", to, badges, err)
		}
	}
}

func TestIssue_OnePersonHasOneSubjectAndAlwaysOtherSalts(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	people := p.eligible(t)
	first, second := p.mustIssue(t, people[0].Person.ID), p.mustIssue(t, people[0].Person.ExternalID)
	other := p.mustIssue(t, people[1].Person.ID)
	subject := opened(t, first.Text).Subject
	if got := opened(t, second.Text).Subject; got != subject {
		t.Errorf("one person has the subjects %s and %s", subject, got)
	}
	if got := opened(t, other.Text).Subject; got == subject {
		t.Errorf("two people have the subject %s", got)
	}
	for _, private := range []string{people[0].Person.ID, people[0].Person.ExternalID} {
		if strings.Contains(subject, private) {
			t.Errorf("the subject %s gives away %s", subject, private)
		}
	}
	seen := map[string]bool{}
	for _, text := range []string{first.Text, second.Text} {
		parts := strings.Split(text, "~")
		for _, disclosure := range parts[1 : len(parts)-1] {
			if seen[disclosure] {
				t.Errorf("two badges have one disclosure: %s", disclosure)
			}
			seen[disclosure] = true
		}
	}
	if len(seen) == 0 {
		t.Error("nothing was disclosed")
	}

	elsewhere := start(t, func(c *issuer.Config) { c.SubjectKey = []byte(strings.Repeat("x", issuer.MinSubjectKey)) })
	if got := opened(t, elsewhere.mustIssue(t, people[0].Person.ID).Text).Subject; got == subject {
		t.Error("another key makes the same subject")
	}
}

func TestIssue_SaysWhatIsOnRecord(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s := p.eligible(t)[0]
	issued := p.mustIssue(t, s.Person.ID)
	badge := opened(t, issued.Text)
	if badge.Status.URI != p.ListURI(issued.ListID) || badge.Status.Index != uint64(issued.Index) ||
		badge.Type != p.BadgeType() || !badge.IssuedAt.Equal(issued.IssuedAt) || !badge.Expires.Equal(issued.ExpiresAt) {
		t.Errorf("signed %+v, on record %+v", badge.Claims, issued.Badge)
	}
	if badge.GivenName != s.Person.GivenName || badge.FamilyName != s.Person.FamilyName || badge.EmployeeNumber != s.Person.EmployeeNumber ||
		badge.Organization != s.Person.Organization || badge.Role != s.Person.Role || len(badge.Training) != len(s.Training) ||
		!badge.Equipment.Compliant || !badge.Equipment.CheckedAt.Equal(s.EquipmentCheckedAt.Truncate(time.Second)) {
		t.Errorf("signed %+v of %+v", badge.Claims, s)
	}
	if kept, err := p.Badge(t.Context(), issued.ID); err != nil || kept.SignedSHA256 != issued.SignedSHA256 {
		t.Errorf("read back %+v, %v", kept, err)
	}
}
