package server

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cyberbadge/cyberbadge/revocation"
)

func TestListEvents_EveryKindIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	events := NewListEvents()
	registry := prometheus.NewRegistry()
	registry.MustRegister(events.total)
	events.Observe(revocation.Event{Kind: revocation.ListEquivocation, Issuer: "https://badge.vendor.example"})
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	counted := make(map[string]float64)
	for _, series := range families[0].GetMetric() {
		counted[series.GetLabel()[0].GetValue()] = series.GetCounter().GetValue()
	}
	for _, kind := range revocation.EventKinds() {
		want := 0.0
		if kind == revocation.ListEquivocation {
			want = 1
		}
		if got, there := counted[string(kind)]; !there || got != want {
			t.Errorf("%s: %v %v, want %v", kind, got, there, want)
		}
	}
	if len(counted) != len(revocation.EventKinds()) {
		t.Errorf("%d series, want one for each of %d kinds", len(counted), len(revocation.EventKinds()))
	}
}
