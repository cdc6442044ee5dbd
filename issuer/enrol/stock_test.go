package enrol_test

import (
	"crypto/ecdsa"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// issuerKeys knows the test issuer.
type issuerKeys struct{}

func (issuerKeys) BadgeKey(credential.KeyHint) (*ecdsa.PublicKey, error) {
	return credentialtest.IssuerKey.PublicKey(), nil
}

func opened(t *testing.T, got enrol.Credentials) []*credential.Badge {
	t.Helper()
	var badges []*credential.Badge
	for _, c := range got.Credentials {
		badge, err := credential.Opener{Keys: issuerKeys{}}.Open(c.Text)
		if err != nil {
			t.Fatal(err)
		}
		badges = append(badges, badge)
	}
	return badges
}

var manyKeys = strings.Fields("a b c d e f g h i j")

func TestStock_IsAsLargeAsThePolicyAllows(t *testing.T) {
	t.Parallel()
	for stock := policy.MinStock; stock <= policy.MaxStock; stock++ {
		d := openWith(t, func(c *issuer.Config) {
			c.Policy.Stock, c.BadgeLife = stock, time.Hour
		})
		got, err := d.stock(t, manyKeys...)
		if err != nil {
			t.Fatal(err)
		}
		badges := opened(t, got)
		if len(badges) != stock || len(d.live(t)) != stock {
			t.Errorf("%d of %d badges, %d on record", len(badges), stock, len(d.live(t)))
		}
		for i, b := range badges {
			if !b.HolderKey.Equal(credentialtest.NewKey(manyKeys[i]).PublicKey()) {
				t.Errorf("badge %d is bound to the key of another proof", i)
			}
			if i > 0 && (!b.NotBefore.Equal(badges[i-1].Expires.Add(-issuer.StockOverlap)) || b.Status.Index == badges[i-1].Status.Index) {
				t.Errorf("badge %d begins at %s, the one before ends at %s", i, b.NotBefore, badges[i-1].Expires)
			}
		}
		// Fewer proofs than the stock has places get fewer badges.
		if got, err := d.stock(t, "z"); err != nil || len(got.Credentials) != 1 {
			t.Errorf("one proof: %d badges, %v", len(got.Credentials), err)
		}
		// A batch that is no stock is as large as ever, and good at once.
		got, err = d.ask(t, manyKeys...)
		if err != nil || len(got.Credentials) != enrol.MaxBatch {
			t.Fatalf("%d badges, %v", len(got.Credentials), err)
		}
		for _, b := range opened(t, got) {
			if !b.NotBefore.Equal(badges[0].NotBefore) {
				t.Errorf("a badge of a batch begins at %s", b.NotBefore)
			}
		}
	}
}

func TestStock_IsShorterWhereTheStandingEnds(t *testing.T) {
	t.Parallel()
	d := open(t)
	standing, err := d.program.Standing(t.Context(), d.person, d.Now())
	if err != nil || standing.ChangesAt.IsZero() {
		t.Fatalf("the standing is %+v, %v", standing, err)
	}
	d.set(t, standing.ChangesAt.Add(-12*time.Hour))
	got, err := d.stock(t, manyKeys...)
	if err != nil || len(got.Credentials) != 1 || opened(t, got)[0].Expires.After(standing.ChangesAt) {
		t.Errorf("got %+v, %v", got, err)
	}
	d.set(t, standing.ChangesAt.Truncate(credential.TimeGranularity))
	got, err = d.stock(t, manyKeys...)
	denied(t, got, err)
}

func TestStock_OtherFailuresAheadFailAll(t *testing.T) {
	t.Parallel()
	d := open(t)
	broken := errors.New("the key store is gone")
	d.program.after = func(b issuer.Issued) error {
		if b.HolderKeyThumbprint == credentialtest.NewKey("b").ID() {
			return broken
		}
		return nil
	}
	got, err := d.stock(t, "a", "b")
	if !errors.Is(err, broken) || got.Credentials != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestStock_EndsAsAWhole(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*desk) error{
		"with the person's other badges": func(d *desk) error {
			_, err := d.store.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: d.person, To: store.Suspended, Reason: "lapsed", By: "a test", At: d.Now()})
			return err
		},
		"when the phone is lost": func(d *desk) error {
			_, err := d.Invite(t.Context(), d.person, "a test")
			return err
		},
	} {
		d := open(t)
		got, err := d.stock(t, "a", "b")
		if err != nil || len(got.Credentials) != 2 {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		if err := end(d); err != nil {
			t.Fatal(err)
		}
		all, err := d.store.BadgesOf(t.Context(), d.person, time.Time{})
		if err != nil || len(all) != 2 || slices.ContainsFunc(all, func(b store.Badge) bool { return b.Status == store.Valid }) {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}

func TestStock_AskedForAgainReplacesWhatWasNeverAccepted(t *testing.T) {
	t.Parallel()
	d := open(t)
	for range 3 {
		if _, err := d.stock(t, "a", "b"); err != nil {
			t.Fatal(err)
		}
	}
	if live := d.live(t); len(live) != 2 {
		t.Errorf("live: %+v", live)
	}
}

func TestDenial_NamesReasonsWithTheirInstantsAndWhereToBegin(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	d := openWith(t, func(c *issuer.Config) {
		c.Policy.Courses[0].Link, c.Policy.Devices.Link, c.Policy.Help = "https://learn.example/101", "https://it.example", "mailto:badges@vendor.example"
	})
	for _, c := range []struct {
		reasons   []policy.Reason
		text, uri string
	}{
		{[]policy.Reason{{Kind: policy.DeviceStale, Subject: "LT-1", At: at}, {Kind: policy.TrainingExpired, Subject: "CB-101", At: at.Add(time.Hour)}},
			"training-expired:CB-101 at 2026-11-01T09:00:00Z, device-stale:LT-1 at 2026-11-01T08:00:00Z", "https://learn.example/101"},
		{[]policy.Reason{{Kind: policy.DeviceOutdated, Subject: "LT-1", At: at}}, "device-os-outdated:LT-1 at 2026-11-01T08:00:00Z", "https://it.example"},
		{[]policy.Reason{{Kind: policy.DeviceMissing}, {Kind: policy.NotEmployed}, {Kind: policy.TrainingMissing, Subject: "CB-101"}},
			"not-employed, training-missing:CB-101, device-missing", "mailto:badges@vendor.example"},
		{[]policy.Reason{{Kind: policy.RoleExcluded, Subject: "guest"}}, "role-excluded:guest", "mailto:badges@vendor.example"},
	} {
		d.program.before = func() error { return &issuer.NotEligibleError{Reasons: c.reasons} }
		got, err := d.stock(t, "a")
		denied(t, got, err)
		var refused *enrol.Error
		if errors.As(err, &refused) && (refused.Description != "not in good standing: "+c.text || refused.URI != c.uri) {
			t.Errorf("got %q, %q", refused.Description, refused.URI)
		}
	}
}
