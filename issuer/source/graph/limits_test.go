package graph_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/graph"
)

func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.PageSize = 1
	for n := range graph.MaxPages {
		b.Set(laptop(n))
	}
	if got := b.changes(t, ""); len(got.Devices.Records) != graph.MaxPages {
		t.Errorf("at the bound: %d devices", len(got.Devices.Records))
	}
	b.Set(laptop(graph.MaxPages))
	if got, err := b.intune.Changes(t.Context(), ""); !errors.Is(err, source.ErrTooLong) || len(got.Devices.Records) != 0 {
		t.Errorf("past the bound: %v", err)
	}
}

// A link that could not be called is not kept: everything is listed again.
func TestADeltasLinkIsBounded(t *testing.T) {
	t.Parallel()
	b := open(t, nil, delta)
	b.Set(laptop(1))
	length := len(b.changes(t, "").Next)
	b.Wordy = outbound.MaxURLLength - length
	next := b.changes(t, "").Next
	if len(next) != outbound.MaxURLLength || b.changes(t, next).Full {
		t.Errorf("at the bound: a link of %d bytes", len(next))
	}
	b.Wordy++
	if got := b.changes(t, ""); got.Next != "" || !got.Full {
		t.Errorf("past the bound: a link of %d bytes", len(got.Next))
	}
	if got := b.changes(t, next); got.Next != "" || got.Full {
		t.Errorf("past the bound, in a delta: %+v", got)
	}
}

type directory map[string]string

func (d directory) PersonID(_ context.Context, name string) (string, error) {
	if name == "broken@vendor.example" {
		return "", errors.New("the database is away")
	}
	return d[name], nil
}

func TestADirectorySaysWhoseADeviceIs(t *testing.T) {
	t.Parallel()
	b := open(t, nil, func(cfg *graph.Config) {
		cfg.Directory = directory{"p1": "ours-1", "u2@vendor.example": "ours-2"}
	})
	for n := range 4 {
		b.Set(laptop(n))
	}
	var owners []string
	for _, d := range b.changes(t, "").Devices.Records {
		owners = append(owners, d.PersonID)
	}
	if want := []string{"p0", "ours-1", "ours-2", "p3"}; !slices.Equal(owners, want) {
		t.Errorf("got %v, want %v", owners, want)
	}
	broken := laptop(5)
	broken["userPrincipalName"] = "broken@vendor.example"
	b.Set(broken)
	if _, err := b.intune.Changes(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "the database is away") {
		t.Errorf("got %v", err)
	}
}
