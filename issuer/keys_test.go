package issuer_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// background is for steps that are no test's own.
var background = context.Background()

// startWithKeys is a program that can make keys.
func startWithKeys(t *testing.T, change func(*issuer.Config)) (program, *issuertest.Keys) {
	t.Helper()
	keys := issuertest.NewKeys()
	return start(t, func(c *issuer.Config) {
		c.Keys = keys
		c.RootKey = credentialtest.NewKey("root").PublicKey()
		if change != nil {
			change(c)
		}
	}), keys
}

// again is another program over the same database.
func (p program) again(change func(*issuer.Config)) (*issuer.Program, error) {
	config := issuertest.Config(p.store, p.Now)
	change(&config)
	return issuer.New(config)
}

func (p program) mustPrepare(t *testing.T, purpose store.KeyPurpose) string {
	t.Helper()
	key, err := p.PrepareKey(t.Context(), purpose, "a test", "a test")
	if err != nil {
		t.Fatal(err)
	}
	if want := p.Now().Add(issuer.DefaultKeyWait); !key.UsableAt.Equal(want) || key.State != store.KeyPrepared {
		t.Fatalf("%+v, want one that may sign from %s", key, want)
	}
	return key.ID
}

// mustChange takes a key a step on.
func (p program) mustChange(t *testing.T, step func(*issuer.Program, issuer.KeyRequest) (issuer.KeyChanged, error), id string) issuer.KeyChanged {
	t.Helper()
	done, err := step(p.Program, issuer.KeyRequest{ID: id, Reason: "a test", By: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func activate(p *issuer.Program, r issuer.KeyRequest) (issuer.KeyChanged, error) {
	return p.ActivateKey(background, r)
}

func taint(p *issuer.Program, r issuer.KeyRequest) (issuer.KeyChanged, error) {
	return p.TaintKey(background, r)
}

func revoke(p *issuer.Program, r issuer.KeyRequest) (issuer.KeyChanged, error) {
	return p.RevokeKey(background, r)
}

// published is what verifiers are told of the keys.
type published struct{ metadata, badges, lists, retired, revoked []string }

func (p program) published(t *testing.T) published {
	t.Helper()
	metadata, err := p.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.TrustList()
	if err != nil {
		t.Fatal(err)
	}
	ids := func(keys []json.RawMessage) (all []string) {
		for _, jwk := range keys {
			var key struct{ Kid string }
			if err := json.Unmarshal(jwk, &key); err != nil {
				t.Fatal(err)
			}
			all = append(all, key.Kid)
		}
		return all
	}
	entry := list.Issuers[0]
	told := published{metadata: ids(metadata.Keys.Keys), badges: ids(entry.Keys), lists: ids(entry.Lists.Keys), revoked: entry.Revoked}
	for _, k := range entry.Retired {
		told.retired = append(told.retired, fmt.Sprintf("%s %d", k.ID, k.At))
	}
	return told
}

func (p program) wantPublished(t *testing.T, want published) {
	t.Helper()
	got := p.published(t)
	for name, is := range map[string][2][]string{
		"metadata": {got.metadata, want.metadata}, "badge keys": {got.badges, want.badges}, "list keys": {got.lists, want.lists},
		"retired": {got.retired, want.retired}, "revoked": {got.revoked, want.revoked},
	} {
		if !slices.Equal(is[0], is[1]) {
			t.Errorf("%s: got %q, want %q", name, is[0], is[1])
		}
	}
}

// live returns how many live badges a key has, as Keys says.
func (p program) live(t *testing.T, id string) int {
	t.Helper()
	all, err := p.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[slices.IndexFunc(all, func(k issuer.KeyStatus) bool { return k.ID == id })].Live
}

// keyOf is the kid in a badge.
func keyOf(t *testing.T, text string) string {
	t.Helper()
	badge, err := credential.Opener{Keys: anyKey{}}.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	return badge.KeyID
}

// anyKey trusts every key that the tests make.
type anyKey struct{}

func (anyKey) BadgeKey(hint credential.KeyHint) (*ecdsa.PublicKey, error) {
	for _, name := range []string{"issuer", "badge 0", "badge 1", "badge 2"} {
		if key := credentialtest.NewKey(name); key.KeyID() == hint.KeyID {
			return key.PublicKey(), nil
		}
	}
	return nil, fmt.Errorf("unknown key %q", hint.KeyID)
}

func TestKeys_ALife(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	person := p.eligible(t)[0].Person.ID
	first, list := credentialtest.IssuerKey.KeyID(), credentialtest.ListKey.KeyID()
	before := p.mustIssue(t, person)

	second := p.mustPrepare(t, store.ForBadges)
	p.wantPublished(t, published{[]string{first, second}, []string{first, second}, []string{list}, nil, nil})
	if got := keyOf(t, p.mustIssue(t, person).Text); got != first {
		t.Errorf("a prepared key signs: %s", got)
	}

	p.Move(issuer.DefaultKeyWait)
	at := p.Now().Unix()
	done := p.mustChange(t, activate, second)
	if len(done.Keys) != 2 || done.Keys[0].State != store.KeyRetired || done.Keys[1].State != store.KeyActive || done.Revoked != 0 {
		t.Errorf("%+v", done)
	}
	p.wantPublished(t, published{[]string{first, second}, []string{first, second}, []string{list}, []string{fmt.Sprintf("%s %d", first, at)}, nil})
	after := p.mustIssue(t, person)
	if got := keyOf(t, after.Text); got != second || after.KeyID != second || before.KeyID != first {
		t.Errorf("signed with %s, on record as %s and before as %s", got, after.KeyID, before.KeyID)
	}
}

func TestKeys_ARetiredKeyStaysUntilTheLastBadgeHasExpired(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	person := p.eligible(t)[0].Person.ID
	first, list := credentialtest.IssuerKey.KeyID(), credentialtest.ListKey.KeyID()
	second := p.mustPrepare(t, store.ForBadges)
	p.Move(issuer.DefaultKeyWait)
	badge := p.mustIssue(t, person)
	p.mustChange(t, activate, second)
	retired := fmt.Sprintf("%s %d", first, p.Now().Unix())
	if p.live(t, first) != 1 {
		t.Errorf("%d live badges", p.live(t, first))
	}
	keep := func() {
		t.Helper()
		if err := p.KeepKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.Set(badge.ExpiresAt.Add(issuer.KeySkew - time.Microsecond))
	keep()
	p.wantPublished(t, published{[]string{first, second}, []string{first, second}, []string{list}, []string{retired}, nil})
	p.Set(badge.ExpiresAt.Add(issuer.KeySkew))
	keep()
	p.wantPublished(t, published{[]string{second}, []string{second}, []string{list}, nil, nil})

	// A key that signed nothing goes once what was on its way has come to its end.
	third := p.mustPrepare(t, store.ForBadges)
	if _, err := p.RetireKey(t.Context(), issuer.KeyRequest{ID: third, By: "a test"}); err != nil {
		t.Fatal(err)
	}
	p.Move(issuer.KeySkew)
	keep()
	if got := p.published(t).badges; !slices.Contains(got, third) {
		t.Errorf("gone at once: %q", got)
	}
	p.Move(time.Microsecond)
	keep()
	if got := p.published(t).badges; slices.Contains(got, third) {
		t.Errorf("still there: %q", got)
	}
}

func TestKeys_ListKeysRotateWithoutARestart(t *testing.T) {
	t.Parallel()
	p, _ := startWithKeys(t, nil)
	p.mustIssue(t, p.eligible(t)[0].Person.ID)
	first := credentialtest.ListKey.KeyID()
	signedWith := func() (kid string) {
		t.Helper()
		token, err := p.ListToken(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = revocation.Open(token.Text, token.URI, func(keyID string) (*ecdsa.PublicKey, error) {
			kid = keyID
			for _, name := range []string{"lists", "list 0"} {
				if key := credentialtest.NewKey(name); key.KeyID() == keyID {
					return key.PublicKey(), nil
				}
			}
			return nil, fmt.Errorf("unknown key %q", keyID)
		})
		if err != nil {
			t.Fatal(err)
		}
		return kid
	}
	second := p.mustPrepare(t, store.ForLists)
	if got := signedWith(); got != first {
		t.Errorf("signed with %s, want %s", got, first)
	}
	p.Move(issuer.DefaultKeyWait)
	p.mustChange(t, activate, second)
	if got := signedWith(); got != second {
		t.Errorf("signed with %s, want %s", got, second)
	}
	retiredAt := p.Now()
	p.Set(retiredAt.Add(issuer.DefaultListLife + issuer.KeySkew))
	if err := p.KeepKeys(t.Context()); err != nil || len(p.published(t).lists) != 2 {
		t.Errorf("gone before its last list is: %v", err)
	}
	p.Move(time.Microsecond)
	if err := p.KeepKeys(t.Context()); err != nil || !slices.Equal(p.published(t).lists, []string{second}) {
		t.Errorf("still there: %v", err)
	}
}

func TestKeys_ActivationWaitsUntilVerifiersKnowTheKey(t *testing.T) {
	t.Parallel()
	p, keys := startWithKeys(t, nil)
	id := p.mustPrepare(t, store.ForBadges)
	published := p.Now()
	p.Move(issuer.DefaultKeyWait - time.Microsecond)
	_, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: id, By: "a test"})
	var tooNew *issuer.KeyTooNewError
	if !errors.As(err, &tooNew) || *tooNew != (issuer.KeyTooNewError{ID: id, Since: published, From: published.Add(issuer.DefaultKeyWait)}) {
		t.Fatalf("got %v", err)
	}
	done, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: id, By: "a test", Reason: "in haste", Now: true})
	if err != nil || done.Keys[1].ID != id {
		t.Fatalf("%+v, %v", done, err)
	}
	if early := p.lastDetail(t, store.KeyWasActivated); early != `{"purpose":"badge","from":"prepared","to":"active","reason":"in haste","early":true}` {
		t.Errorf("on record: %s", early)
	}

	// One that can't be opened must not become the one that signs.
	lost := p.mustPrepare(t, store.ForBadges)
	p.Move(issuer.DefaultKeyWait)
	keys.Lose(lost)
	if _, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: lost, By: "a test"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key that is lost: %v", err)
	}
	if got := keyOf(t, p.mustIssue(t, p.eligible(t)[0].Person.ID).Text); got != id {
		t.Errorf("signed with %s", got)
	}
	if _, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: credentialtest.IssuerKey.KeyID(), By: "a test"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a retired key: %v", err)
	}
	if _, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: "nobody's", By: "a test"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown key: %v", err)
	}
}

// lastDetail is what the newest event of a kind says.
func (p program) lastDetail(t *testing.T, kind store.EventKind) string {
	t.Helper()
	detail := ""
	for after := int64(0); ; {
		page, err := p.Events(t.Context(), after, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			after = e.Number
			if e.Kind == kind {
				detail = string(e.Detail)
			}
		}
		if len(page) < store.MaxPage {
			return detail
		}
	}
}

func TestKeys_AnotherProcessChangesThem(t *testing.T) {
	t.Parallel()
	p, keys := startWithKeys(t, nil)
	other, err := p.again(func(c *issuer.Config) { c.Keys = keys })
	if err != nil {
		t.Fatal(err)
	}
	second := p.mustPrepare(t, store.ForBadges)
	p.Move(issuer.DefaultKeyWait)
	p.mustChange(t, activate, second)
	issued, err := program{other, p.Clock, p.store}.issue(t.Context(), p.eligible(t)[0].Person.ID)
	if err != nil || issued.KeyID != second || keyOf(t, issued.Text) != second {
		t.Errorf("%s, %v", issued.KeyID, err)
	}
}

func TestKeys_AfterARestartTheStoreSaysWhichKeySigns(t *testing.T) {
	t.Parallel()
	p, keys := startWithKeys(t, nil)
	second := p.mustPrepare(t, store.ForBadges)
	p.Move(issuer.DefaultKeyWait)
	p.mustChange(t, activate, second)
	restarted, err := p.again(func(c *issuer.Config) { c.BadgeKey, c.Keys = nil, keys })
	if err != nil {
		t.Fatal(err)
	}
	if id, _, err := restarted.SigningKey(store.ForBadges); err != nil || id != second {
		t.Errorf("%s, %v", id, err)
	}
	if _, err := p.again(func(*issuer.Config) {}); err == nil || err.Error() != "issuer: the badge key "+second+" is active, and this program was given another" {
		t.Errorf("without the key: %v", err)
	}
	keys.Lose(second)
	if _, err := p.again(func(c *issuer.Config) { c.Keys = keys }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key is lost: %v", err)
	}
}
