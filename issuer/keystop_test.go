package issuer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestKeys_TaintStopsAtOnceAndEndsBadges(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, func(c *issuer.Config) {
		c.Tell = []issuer.Recipient{{Channel: notify.Mail, To: notify.ToPerson}}
	})
	person := p.eligible(t)[0].Person.ID
	first := credentialtest.IssuerKey.KeyID()
	badge := p.mustIssue(t, person)
	if _, err := p.TaintKey(t.Context(), issuer.KeyRequest{ID: first, By: "a test", Reason: "stolen"}); !errors.Is(err, issuer.ErrNoSuccessor) {
		t.Fatalf("without a successor: %v", err)
	}
	second := p.mustPrepare(t, store.ForBadges)
	at := p.Now().Unix()
	done := p.mustChange(t, taint, first)
	if done.Revoked != 1 || len(done.Keys) != 2 || done.Keys[0].State != store.KeyTainted || done.Keys[1].ID != second {
		t.Errorf("%+v", done)
	}
	ended, err := p.Badge(t.Context(), badge.ID)
	if err != nil || ended.Status != store.Invalid || ended.StatusReason != issuer.KeyEnded {
		t.Errorf("%+v, %v", ended, err)
	}
	if got := keyOf(t, p.mustIssue(t, person).Text); got != second {
		t.Errorf("signed with %s, want %s", got, second)
	}
	list := credentialtest.ListKey.KeyID()
	p.wantPublished(t, published{[]string{first, second}, []string{first, second}, []string{list}, []string{fmt.Sprintf("%s %d", first, at)}, nil})
	told, err := p.Messages(t.Context(), store.MessageQuery{Limit: store.MaxPage})
	if err != nil || !slices.ContainsFunc(told, func(m store.QueuedMessage) bool {
		return m.Kind == notify.KeyStopped && m.To == notify.ToOffice && m.Channel == notify.Mail
	}) {
		t.Errorf("the office was not told: %v, %v", told, err)
	}

	p.mustChange(t, revoke, first)
	p.wantPublished(t, published{[]string{second}, []string{second}, []string{list}, nil, []string{first}})
}

func TestKeys_TaintWithoutASuccessorStopsIssuing(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	person := p.eligible(t)[0].Person.ID
	first := credentialtest.IssuerKey.KeyID()
	if _, err := p.TaintKey(t.Context(), issuer.KeyRequest{ID: first, By: "a test", Reason: "stolen", WithoutSuccessor: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.issue(t.Context(), person); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("issued: %v", err)
	}
	// Lists go on, and with nothing that signs there is nothing to wait for.
	if _, err := p.ListToken(t.Context(), 1); err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	second := p.mustPrepare(t, store.ForBadges)
	p.mustChange(t, activate, second)
	if got := keyOf(t, p.mustIssue(t, person).Text); got != second {
		t.Errorf("signed with %s", got)
	}
}

func TestKeys_NoKeySignsListsUntilOneIsActivated(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	p.mustIssue(t, p.eligible(t)[0].Person.ID)
	first := credentialtest.ListKey.KeyID()
	if _, err := p.TaintKey(t.Context(), issuer.KeyRequest{ID: first, By: "a test", Reason: "stolen", WithoutSuccessor: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ListToken(t.Context(), 1); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("a list was signed: %v", err)
	}
	p.mustChange(t, activate, p.mustPrepare(t, store.ForLists))
	if _, err := p.ListToken(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestKeys_ABadgeUnderWayIsNotHandedOutWhenItsKeyIsTainted(t *testing.T) {
	t.Parallel()
	var p program
	var once sync.Once
	keys := issuertest.NewKeys()
	p = start(t, func(c *issuer.Config) {
		c.Keys = keys
		c.BadgeKey = signer{credentialtest.IssuerKey, func() (err error) {
			once.Do(func() {
				_, err = p.TaintKey(background, issuer.KeyRequest{ID: credentialtest.IssuerKey.KeyID(), By: "a test", Reason: "stolen"})
			})
			return err
		}}
	})
	second := p.mustPrepare(t, store.ForBadges)
	person := p.eligible(t)[0].Person.ID
	if _, err := p.issue(t.Context(), person); !errors.Is(err, store.ErrFinal) {
		t.Errorf("got %v", err)
	}
	if got := keyOf(t, p.mustIssue(t, person).Text); got != second {
		t.Errorf("signed with %s", got)
	}
}

func TestKeys_WhatWasInterruptedIsEnded(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	p.mustPrepare(t, store.ForBadges)
	// The process died right after the key was tainted.
	_, err := p.store.ChangeKey(t.Context(), store.KeyChange{ID: credentialtest.IssuerKey.KeyID(), To: store.KeyTainted, By: "a test", At: p.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended, err := p.Badge(t.Context(), badge.ID); err != nil || ended.Status != store.Invalid {
		t.Errorf("%s, %v", ended.Status, err)
	}
}

func TestKeys_EmergenciesTakeAReason(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	id := p.mustPrepare(t, store.ForBadges)
	request := func(reason string) issuer.KeyRequest {
		return issuer.KeyRequest{ID: id, By: "a test", Reason: reason, Now: true}
	}
	for _, reason := range []string{"", " ", strings.Repeat("x", issuer.MaxKeyReason+1)} {
		for name, step := range map[string]func(*issuer.Program, issuer.KeyRequest) (issuer.KeyChanged, error){
			"activate --now": activate, "taint": taint, "revoke": revoke,
		} {
			if _, err := step(p.Program, request(reason)); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%s for the reason %.10q: %v", name, reason, err)
			}
		}
	}
	if _, err := p.PrepareKey(t.Context(), store.ForBadges, strings.Repeat("x", issuer.MaxKeyReason+1), "a test"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("prepare: %v", err)
	}
	if _, err := p.RevokeKey(t.Context(), request(strings.Repeat("x", issuer.MaxKeyReason))); err != nil {
		t.Errorf("at the bound: %v", err)
	}
}

func TestKeys_WhatCantBeDone(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	root := credentialtest.NewKey("root").KeyID()
	prepare := func(purpose store.KeyPurpose) error {
		_, err := p.PrepareKey(t.Context(), purpose, "", "a test")
		return err
	}
	if err := prepare(store.ForRoot); !errors.Is(err, issuer.ErrRootKey) {
		t.Errorf("a root key: %v", err)
	}
	if err := prepare("badges"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("no purpose: %v", err)
	}
	for _, step := range []func(*issuer.Program, issuer.KeyRequest) (issuer.KeyChanged, error){activate, taint, revoke} {
		if _, err := step(p.Program, issuer.KeyRequest{ID: root, By: "a test", Reason: "x"}); !errors.Is(err, issuer.ErrRootKey) {
			t.Errorf("a step of the root key: %v", err)
		}
	}
	if _, err := revoke(p.Program, issuer.KeyRequest{ID: credentialtest.IssuerKey.KeyID(), By: "a test", Reason: "x"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the key that signs was revoked: %v", err)
	}
	for range issuer.MaxPreparedKeys {
		if err := prepare(store.ForBadges); err != nil {
			t.Fatal(err)
		}
	}
	if err := prepare(store.ForBadges); !errors.Is(err, issuer.ErrTooManyKeys) {
		t.Errorf("one over the bound: %v", err)
	}
	if err := prepare(store.ForSignals); err != nil {
		t.Errorf("the bound is for each purpose: %v", err)
	}
	without := start(t, nil)
	if _, err := without.PrepareKey(t.Context(), store.ForBadges, "", "a test"); !errors.Is(err, issuer.ErrNoPrivateKeys) {
		t.Errorf("no place for keys: %v", err)
	}
}

func TestKeys_NoMoreArePublishedThanVerifiersTake(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	for n := 1; n < issuer.MaxPublishedKeys; n++ {
		id := p.mustPrepare(t, store.ForSignals)
		if _, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: id, By: "a test", Reason: "in haste", Now: true}); err != nil {
			t.Fatal(err)
		}
	}
	p.mustPrepare(t, store.ForSignals)
	if got := len(p.PublicKeys(store.ForSignals)); got != issuer.MaxPublishedKeys {
		t.Errorf("%d keys", got)
	}
	if _, err := p.PrepareKey(t.Context(), store.ForSignals, "", "a test"); !errors.Is(err, issuer.ErrTooManyKeys) {
		t.Errorf("one over the bound: %v", err)
	}
}
