package verifier_test

import (
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// TestBundle_KeysChangeUnderTheRoot: the customer does nothing but take bundles.
func TestBundle_KeysChangeUnderTheRoot(t *testing.T) {
	t.Parallel()
	next := credentialtest.NewKey("next")
	g := airGapped(t, nil)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	old := credentialtest.MustIssue(t, credentialtest.Claims())
	config := credentialtest.IssuerConfig(t.Name())
	config.Key, config.KeyID = next, next.ID()
	fresh := credentialtest.MustIssueBy(t, config, credentialtest.Claims())
	show := func(badge string) string { return shown(t, badge, credentialtest.Now) }
	g.want(t, show(old), "")
	g.want(t, show(fresh), code.KeyUnknown)

	prepared := map[string]any{"keys": []any{verifiertest.JWK(t, credentialtest.IssuerKey), verifiertest.JWK(t, next)}}
	use(t, g, verifiertest.Bundle(t, revocation.Valid, renumbered(42, func(b *bundle.Bundle) { b.Trust = verifiertest.Entry(t, prepared) })))
	g.want(t, show(fresh), "")
	g.want(t, show(old), "")

	revoked := map[string]any{"keys": []any{verifiertest.JWK(t, next)}, "revoked": []any{credentialtest.IssuerKey.ID()}}
	use(t, g, verifiertest.Bundle(t, revocation.Valid, renumbered(43, func(b *bundle.Bundle) { b.Trust = verifiertest.Entry(t, revoked) })))
	g.want(t, show(fresh), "")
	if d := g.want(t, show(old), code.KeyRevoked); d.Reason != verifier.UnknownKey {
		t.Errorf("reason %s", d.Reason)
	}
}

func TestBundle_SwitchesTypesAndOldBadgesOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		members map[string]any
		want    code.Code
	}{
		"type stopped":    {map[string]any{"stopped": []any{credentialtest.BadgeType}}, code.TypeStopped},
		"minimum version": {map[string]any{"not_before": credentialtest.Now.Add(time.Hour).Unix()}, code.BadgeSuperseded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := airGapped(t, nil)
			use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
			g.want(t, present(t), "")
			use(t, g, verifiertest.Bundle(t, revocation.Valid, renumbered(42, func(b *bundle.Bundle) { b.Trust = verifiertest.Entry(t, c.members) })))
			if d := g.want(t, present(t), c.want); d.Reason != verifier.Revoked {
				t.Errorf("reason %s", d.Reason)
			}
		})
	}
}

// TestBundle_LetsGoOfListsOfAKeyThatIsRevoked: whoever has the key could have signed
// a list that says that nobody is revoked.
func TestBundle_LetsGoOfListsOfAKeyThatIsRevoked(t *testing.T) {
	t.Parallel()
	g := airGapped(t, nil)
	use(t, g, verifiertest.Bundle(t, revocation.Valid, nil))
	g.want(t, presentAt(t, credentialtest.Now), "")
	next := credentialtest.NewKey("next lists")
	trust := verifiertest.Entry(t, map[string]any{
		"lists":   map[string]any{"under": credentialtest.IssuerURL + "/status-lists/", "keys": []any{verifiertest.JWK(t, next)}},
		"revoked": []any{credentialtest.ListKey.ID()},
	})
	use(t, g, verifiertest.Bundle(t, revocation.Valid, renumbered(42, func(b *bundle.Bundle) {
		b.Trust, b.Lists, b.MaxStatusAge = trust, nil, 0
	})))
	g.want(t, presentAt(t, credentialtest.Now), code.StatusUnavailable)
	// Under the new key the list is as old as the forged one was, and counts.
	use(t, g, verifiertest.Bundle(t, revocation.Valid, renumbered(43, func(b *bundle.Bundle) {
		b.Trust = trust
		b.Lists[0].Token = verifiertest.SignListFor(t, next, credentialtest.ListURI, b.IssuedAt, verifiertest.BundleMaxAge, verifiertest.List(t, revocation.Invalid))
	})))
	g.want(t, presentAt(t, credentialtest.Now), code.StatusRevoked)
}
