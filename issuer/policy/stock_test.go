package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func TestReasons_TellTheirInstant(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.training[0].At = noon.Add(-400 * day)
	s.devices[0].LastSeen = noon.Add(-8 * day)
	s.devices[0].Encrypted = false
	s.person.Active = false
	want := []policy.Reason{
		{Kind: policy.DeviceStale, Subject: s.devices[0].Origin.ID, At: noon.Add(-day)},
		{Kind: policy.DeviceUnencrypted, Subject: s.devices[0].Origin.ID, At: noon.Add(-8 * day)},
		{Kind: policy.NotEmployed},
		{Kind: policy.TrainingExpired, Subject: s.training[0].Course, At: noon.Add(-35 * day)},
	}
	if got := s.standing().Reasons; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// A report from the future is not believed: nobody knows since when.
	s.devices[0].LastSeen = noon.Add(day)
	if got := s.standing().Reasons[0]; got.Kind != policy.DeviceStale || !got.At.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestReasons_OfTwoSourcesThatNameADeviceAlikeAreOne(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.devices[0].Encrypted = false
	other := s.devices[0]
	other.Origin.Source, other.LastSeen = "another", noon.Add(-2*time.Hour)
	s.devices = append(s.devices, other)
	want := []policy.Reason{{Kind: policy.DeviceUnencrypted, Subject: other.Origin.ID, At: noon.Add(-2 * time.Hour)}}
	if got := s.standing().Reasons; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRemedy_IsWhereTheReasonIsPutRight(t *testing.T) {
	t.Parallel()
	p, err := policy.Parse([]byte(edit(t, "    title: Det", "    link: https://learn.example/102\n    title: Det",
		"  encrypted:", "  link: https://it.example/sync\n  encrypted:", "name: Ref", "help: mailto:badges@vendor.example\nname: Ref")))
	if err != nil {
		t.Fatal(err)
	}
	for reason, want := range map[policy.Reason]string{
		{Kind: policy.TrainingExpired, Subject: "CB-102"}: "https://learn.example/102",
		{Kind: policy.TrainingMissing, Subject: "CB-101"}: "mailto:badges@vendor.example",
		{Kind: policy.DeviceOutdated, Subject: "x"}:       "https://it.example/sync",
		{Kind: policy.DeviceMissing}:                      "mailto:badges@vendor.example",
		{Kind: policy.NotEmployed}:                        "mailto:badges@vendor.example",
	} {
		if got := p.Remedy(reason); got != want {
			t.Errorf("%s: %q", reason, got)
		}
	}
	if got := policy.Default().Remedy(policy.Reason{Kind: policy.DeviceStale}); got != "" {
		t.Errorf("without links: %q", got)
	}
}

func TestStock_OfAPolicyThatDoesNotSay(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"badges:\n", "badges: {}\n", ""} {
		before, _, _ := strings.Cut(policy.DefaultYAML(), "badges:\n")
		p, err := policy.Parse([]byte(before + text))
		if text == "badges:\n" {
			if err == nil {
				t.Error("an empty mapping was taken")
			}
			continue
		}
		if err != nil || p.Stock != policy.DefaultStock {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
}
